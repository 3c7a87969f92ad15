"""Whether a connection was closed by the server before it could know of the request that was sent last."""

import asyncio
import os
import socket
import sys

TCP_INFO_BYTES = 208
ACKNOWLEDGED_AT, RECEIVED_AT, SENT_AT = 120, 128, 200  # tcpi_bytes_acked, _received and _sent in Linux's tcp_info


def was_stale(transport: asyncio.BaseTransport) -> bool:
    """Whether a connection that carried an answer and was then closed left bytes of ours without acknowledgement.

    The farewell of a server that has got a request acknowledges it. False where the system does not tell, as on Unix
    sockets and beside Linux.
    """
    info = _tcp_info(transport)
    if len(info) < TCP_INFO_BYTES:
        return False
    acknowledged_bytes, received_bytes, sent_bytes = (
        int.from_bytes(info[place : place + 8], sys.byteorder) for place in (ACKNOWLEDGED_AT, RECEIVED_AT, SENT_AT)
    )
    return received_bytes > 1 and acknowledged_bytes < sent_bytes  # the farewell itself counts as one byte


def _tcp_info(transport: asyncio.BaseTransport) -> bytes:
    connected = transport.get_extra_info("socket")
    if connected is None or not hasattr(socket, "TCP_INFO"):
        return b""
    try:  # the event loop's socket cannot be asked, but a copy can
        with socket.socket(fileno=os.dup(connected.fileno())) as copy:
            return copy.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, TCP_INFO_BYTES)
    except OSError:
        return b""

"""Bodies of multipart/form-data (RFC 7578), built once: one file each, beside the same text fields."""

from collections.abc import Mapping, Sequence
from hashlib import sha256

BOUNDARY_LETTERS = 32


def boundary_for(contents: Sequence[bytes]) -> str:
    """A boundary that occurs in none of the contents, the same for the same contents."""
    digest = sha256()
    for content in contents:
        digest.update(content)
    while True:
        boundary = f"aiops-{digest.hexdigest()[:BOUNDARY_LETTERS]}"
        if not any(boundary.encode() in content for content in contents):
            return boundary
        digest.update(b"another")


def multipart_body(
    boundary: str, *, field: str, filename: str, content_type: str, content: bytes, fields: Mapping[str, str]
) -> bytes:
    """The text fields, then the file as the field of its name."""
    parts = [_part(boundary, f'name="{_quoted(name)}"', "", text.encode()) for name, text in fields.items()]
    file = f'name="{_quoted(field)}"; filename="{_quoted(filename)}"'
    parts.append(_part(boundary, file, f"Content-Type: {content_type}\r\n", content))
    return b"".join((*parts, f"--{boundary}--\r\n".encode()))


def _part(boundary: str, disposition: str, headers: str, content: bytes) -> bytes:
    head = f"--{boundary}\r\nContent-Disposition: form-data; {disposition}\r\n{headers}\r\n"
    return head.encode(errors="surrogateescape") + content + b"\r\n"  # names of files may be any bytes


def _quoted(text: str) -> str:
    """As browsers write names: in UTF-8, with what would end the name or the line as percent signs."""
    return text.replace('"', "%22").replace("\r", "%0D").replace("\n", "%0A")

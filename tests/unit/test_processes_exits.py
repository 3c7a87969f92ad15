"""An exit code is told in words, with its probable cause."""

import pytest

from aiops_toolkit.processes import describe_exit, signal_of


@pytest.mark.parametrize(
    ("exit_code", "words"),
    [
        (0, "ended with exit code 0"),
        (3, "ended with exit code 3"),
        (126, "ended with exit code 126 (not executable)"),
        (127, "ended with exit code 127 (command not found)"),
        (128, "ended with exit code 128"),
        (255, "ended with exit code 255"),
        (-9, "was killed by SIGKILL (out of memory?)"),
        (137, "was killed by SIGKILL (out of memory?)"),
        (-11, "was killed by SIGSEGV"),
        (139, "was killed by SIGSEGV"),
    ],
)
def test_exit_codes_in_words(exit_code, words):
    assert describe_exit(exit_code) == words
    assert (signal_of(exit_code) is not None) == ("killed" in words)

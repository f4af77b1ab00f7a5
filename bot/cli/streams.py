"""Standard input, output and error: always there, always UTF-8, and output that is lost is said to be."""

from __future__ import annotations

import io
import os
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer


class OutputLost(Exception):
    """Standard output cannot be written. The message says why, and what to do."""


def open_streams() -> None:
    """Open the three again: what was closed is as /dev/null, and each character is written, whatever the locale."""
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # gets the lowest number that is free, which is this one
    if sys.stdin is None:
        sys.stdin = os.fdopen(0, encoding="utf-8", errors="surrogateescape", closefd=False)
    sys.stdout = _text(_Output(1, "w", closefd=False))
    sys.stderr = _text(io.FileIO(2, "w", closefd=False), line_buffering=True)


def throw_output_away() -> None:
    """Let nothing more be written to standard output: the interpreter would try, and complain, at its end."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _text(raw: io.FileIO, *, line_buffering: bool = False) -> io.TextIOWrapper:
    # An operator's file name may hold bytes that are no UTF-8, which backslashes show.
    return io.TextIOWrapper(
        io.BufferedWriter(raw),
        encoding="utf-8",
        errors="backslashreplace",
        line_buffering=line_buffering or raw.isatty(),
    )


class _Output(io.FileIO):
    def write(self, written: ReadableBuffer, /) -> int:
        try:
            return super().write(written)
        except BrokenPipeError:  # whoever reads has read enough
            raise
        except OSError as problem:
            raise OutputLost(
                f"Standard output cannot be written ({problem.strerror}), so some of what the command says is lost. "
                "Send it to another file, or make room, and see what was done before you run it again."
            ) from problem

"""Rows that wait for their transaction: small files in memory, large ones in a nameless file that goes by itself."""

import weakref
from collections.abc import Iterator
from tempfile import SpooledTemporaryFile
from typing import Final

from msgspec import msgpack

from storage.imports import SLICE, Incoming

IN_MEMORY: Final = 16_000_000


class Spool:
    """Holds rows in order. Iterating gives them in slices, as often as one likes."""

    def __init__(self) -> None:
        self._file = SpooledTemporaryFile(max_size=IN_MEMORY)  # noqa: SIM115 - it lives as long as this object
        weakref.finalize(self, self._file.close)
        self._encoder = msgpack.Encoder()
        self._decoder = msgpack.Decoder(Incoming)

    def add(self, row: Incoming) -> None:
        """Put a row at the end."""
        packed = self._encoder.encode(row)
        self._file.write(len(packed).to_bytes(4, "big") + packed)

    def __iter__(self) -> Iterator[list[Incoming]]:
        """Give the rows in slices."""
        self._file.seek(0)
        slice_: list[Incoming] = []
        while head := self._file.read(4):
            slice_.append(self._decoder.decode(self._file.read(int.from_bytes(head, "big"))))
            if len(slice_) == SLICE:
                yield slice_
                slice_ = []
        if slice_:
            yield slice_

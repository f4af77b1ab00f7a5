"""Files that a form sends (multipart/form-data, RFC 7578), written to a private folder as they come.

The rule: nothing of a file is kept before the form's token was seen, and no more than a piece of it is held in memory.
No package is asked for this: the form is our own, and has a handful of plain parts.
"""

import asyncio
import re
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from dataclasses import dataclass, field
from email.message import Message
from email.parser import BytesParser
from pathlib import Path
from typing import BinaryIO, Final

from fastapi import Request
from starlette.requests import ClientDisconnect

from bot.web.private_folder import PrivateFolder
from bot.web.security import NUL, TurnedAway

MOST_NAME: Final = 120
_MOST_HEADERS: Final = 8_000
_MOST_FIELD: Final = 10_000
_MOST_PARTS: Final = 40
_HEARD_OUT: Final = 10
_NOT_IN_NAMES: Final = re.compile(r"[^A-Za-z0-9._ ()-]+")

MaySend = Callable[[Mapping[str, str]], None]
"""Raises TurnedAway where the fields of a form do not allow what follows."""


@dataclass(frozen=True, slots=True)
class Begun:
    """A part of a form begins: a field, or a file where it has a name of its own (empty where none was chosen)."""

    field: str
    file_name: str | None


@dataclass(slots=True)
class Upload:
    """What a form sent: its fields, and its files by the field that they were chosen for, in order."""

    fields: dict[str, str] = field(default_factory=dict)
    files: dict[str, list[Path]] = field(default_factory=dict)


def is_upload(request: Request) -> bool:
    """Whether the request is a form that sends files."""
    return _content_type(request).get_content_type() == "multipart/form-data"


async def receive(request: Request, folder: PrivateFolder, limit: int, may_send: MaySend) -> Upload:
    """Write the files of a form to a folder. `may_send` is asked before the first file and at the end.

    Raises TurnedAway where the form cannot be read or has more than `limit` bytes. It is heard out then, but not kept:
    a browser that is interrupted shows no answer.
    """
    reader, kept = FormReader(_boundary(request)), _Keeping(folder, may_send)
    stream, total = request.stream(), 0
    try:
        async for chunk in stream:
            total += len(chunk)
            if total > limit:
                raise TurnedAway(
                    413,
                    "That is too large",
                    f"This page takes up to {limit // 1_000_000} MB. Export fewer days at a time, or let whoever runs "
                    "the server import it there: web-import.",
                )
            for piece in reader.feed(chunk):
                await kept.take(piece)
        if not reader.is_over:
            raise TurnedAway(400, "The file did not arrive whole", "The connection broke off. Send it again.")
        kept.close()
        may_send(kept.upload.fields)
    except TurnedAway:
        await _hear_out(stream, _HEARD_OUT * limit - total)
        raise
    except ClientDisconnect:
        raise TurnedAway(400, "The file did not arrive whole", "The connection broke off. Send it again.") from None
    finally:
        kept.close()
    return kept.upload


class FormReader:
    """Takes a body apart as it comes. `is_over` says that its end was seen."""

    def __init__(self, boundary: bytes) -> None:
        self._mark = b"\r\n--" + boundary
        self._held = b"\r\n"  # the first mark has no line break before it
        self._is_inside = False
        self._count = 0
        self.is_over = False

    def feed(self, chunk: bytes) -> Iterator[Begun | bytes]:
        """Take a piece, and give what is certain now: that a part begins, and what it holds. Raises TurnedAway."""
        self._held += chunk
        while not self.is_over:
            place = self._held.find(self._mark)
            if place < 0:
                # What could be the beginning of a mark waits for the next piece.
                yield from self._content(max(len(self._held) - len(self._mark), 0))
                return
            yield from self._content(place)
            after = self._held[len(self._mark) :]
            if after.startswith(b"--"):
                self.is_over = True
                return
            end = after.find(b"\r\n\r\n")
            if end < 0 and len(after) <= _MOST_HEADERS:
                self._is_inside = False
                return
            self._count += 1
            if end < 0 or not after.startswith(b"\r\n") or self._count > _MOST_PARTS:
                raise _unreadable()
            self._held, self._is_inside = after[end + 4 :], True
            yield _begun(after[:end])

    def _content(self, end: int) -> Iterator[bytes]:
        content, self._held = self._held[:end], self._held[end:]
        if content and self._is_inside:
            yield content


class _Keeping:
    """Keeps what comes: fields in memory, files in the folder."""

    def __init__(self, folder: PrivateFolder, may_send: MaySend) -> None:
        self.upload = Upload()
        self._folder = folder
        self._may_send = may_send
        self._file: BinaryIO | None = None
        self._field = ""
        self._text = b""

    async def take(self, piece: Begun | bytes) -> None:
        """Take what comes next."""
        if isinstance(piece, Begun):
            self.close()
            self._begin(piece)
        elif self._file is not None:
            await asyncio.to_thread(self._file.write, piece)
        elif self._field:
            self._text += piece
            if len(self._text) > _MOST_FIELD:
                raise _unreadable()

    def close(self) -> None:
        """End the part that is being kept."""
        if self._file is not None:
            self._file.close()
        elif self._field:
            try:
                text = self._text.decode()
            except UnicodeError:
                raise _unreadable() from None
            if NUL in text:
                raise _unreadable()
            self.upload.fields[self._field] = text
        self._file, self._field, self._text = None, "", b""

    def _begin(self, part: Begun) -> None:
        if part.file_name is None:
            self._field = part.field
            return
        self._may_send(self.upload.fields)
        if not part.file_name:  # no file was chosen: an empty part comes all the same
            return
        name = plain_name(part.file_name)
        try:
            self._file = self._folder.new_file(name)
        except FileExistsError:
            raise TurnedAway(
                400, "Two files have one name", f"Each file needs a name of its own; {name} came twice."
            ) from None
        self.upload.files.setdefault(part.field, []).append(self._folder.path / name)


def plain_name(name: str) -> str:
    """Make a file's name safe: no folder, no leading dot, plain letters, at most MOST_NAME of them with its ending."""
    last = re.split(r"[\\/]", name)[-1]
    plain = _NOT_IN_NAMES.sub("_", last).strip(" .") or "file"
    stem, dot, ending = plain.rpartition(".")
    return f"{stem[: MOST_NAME - 10]}{dot}{ending[:9]}" if dot else plain[:MOST_NAME]


def _begun(headers: bytes) -> Begun:
    """Read what a part is. Browsers send names in UTF-8, with quotation marks as %22 (HTML, "multipart/form-data")."""
    told = re.search(rb"(?i)\r\ncontent-disposition:[ \t]*form-data;([^\r\n]*)", headers)
    if told is None:
        raise _unreadable()
    found = dict(re.findall(r'(\w+)="([^"]*)"', told[1].decode("utf-8", "replace")))
    if not found.get("name"):
        raise _unreadable()
    return Begun(found["name"], found.get("filename"))


def _content_type(request: Request) -> Message:
    written = request.headers.get("content-type", "").encode("latin-1", "replace")
    return BytesParser().parsebytes(b"Content-Type: " + written + b"\r\n\r\n", headersonly=True)


def _boundary(request: Request) -> bytes:
    boundary = _content_type(request).get_boundary("")
    if not 0 < len(boundary) <= 70:
        raise _unreadable()
    return boundary.encode("latin-1", "replace")


async def _hear_out(stream: AsyncIterator[bytes], most: int) -> None:
    try:
        async for chunk in stream:
            most -= len(chunk)
            if most < 0:
                return
    except ClientDisconnect:
        return


def _unreadable() -> TurnedAway:
    return TurnedAway(400, "That form could not be read", "Go back to the page and try again.")

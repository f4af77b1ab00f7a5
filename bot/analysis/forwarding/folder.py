"""Dropping events into a folder: a file of JSON Lines, and then its manifest.

The rule: what has a manifest is whole and on disk, and is never touched again. A folder belongs to one destination,
which leaves its mark there: so nothing of anybody else's is ever overwritten.
"""

import hashlib
import json
import os
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from msgspec import Struct

from bot.analysis.forwarding.outcome import Failing, Taken
from storage.destinations import Destination, Text

MARK: Final = ".earshot-destination"
"""The file by which a folder says whose it is."""
SCHEMA: Final = "earshot/manifest/1"
_FILE: Final = re.compile(r"(events-(\d+)-[-\w]+)\.jsonl")
_PART: Final = re.compile(r"\.events-\d+-.*\.part")
_EVENTS: Final = ".jsonl"
_MANIFEST: Final = ".manifest.json"
_UNFINISHED: Final = ".part"
_MODE: Final = 0o640
"""The file's group may read it: whoever fetches the files is another user."""


class Line(Struct, frozen=True):
    """One event as it stands in a file."""

    seq: int
    body: bytes


class NotOurs(Exception):
    """The folder belongs to another destination. The message says what to do."""


def drop(destination: Destination, lines: Sequence[Line]) -> Taken | Failing:
    """Write one file of events and its manifest. When it is taken, both are on disk. Blocks: for a worker thread."""
    folder = Path(destination.target)
    if not lines:
        return Taken()
    try:
        _make_ours(folder, destination.id)
        _tidy(folder, destination.seq)
        _write(folder, destination, lines)
    except NotOurs as refusal:
        return Failing(str(refusal))
    except OSError as problem:
        return Failing(f"the folder cannot be written to ({problem.strerror or type(problem).__name__})")
    return Taken()


def _make_ours(folder: Path, destination_id: str) -> None:
    """Leave our mark, or find it. Raises NotOurs."""
    file = os.open(folder / MARK, os.O_CREAT | os.O_RDWR, _MODE)
    try:
        owner = os.read(file, 200).decode()
        if not owner:
            _fill(file, destination_id.encode())
    finally:
        os.close(file)
    if owner not in ("", destination_id):
        raise NotOurs(f"another destination writes into this folder: choose another, or remove {MARK} from it")


def _tidy(folder: Path, settled: int) -> None:
    """Remove what a dead process has left without a manifest: nobody was told of it, and it is written again.

    What is settled is left alone: whoever fetches the files may have taken its manifest first.
    """
    names = {entry.name for entry in os.scandir(folder)}
    for name in names:
        file, part = _FILE.fullmatch(name), _PART.fullmatch(name)
        is_left = file is not None and int(file[2]) > settled and f"{file[1]}{_MANIFEST}" not in names
        if is_left or part is not None:
            (folder / name).unlink()


def _write(folder: Path, destination: Destination, lines: Sequence[Line]) -> None:
    content = b"".join(line.body + b"\n" for line in lines)
    first, last = lines[0].seq, lines[-1].seq
    digest = hashlib.sha256(content).hexdigest()
    mark = "-RAW" if destination.text is Text.RAW else ""
    name = _free_name(folder, f"events-{first:012}-{last:012}{mark}", digest)
    if name is None:
        return  # the very same file is there, and has been announced: we died before we could write that down
    manifest = {
        "schema": SCHEMA,
        "file": f"{name}{_EVENTS}",
        "sha256": digest,
        "bytes": len(content),
        "events": len(lines),
        "first_seq": first,
        "last_seq": last,
        "survey": destination.survey,
        "text": destination.text.value,
    }
    _place(folder, f"{name}{_EVENTS}", content)
    _place(folder, f"{name}{_MANIFEST}", (json.dumps(manifest, indent=2) + "\n").encode())


def _free_name(folder: Path, wanted: str, digest: str) -> str | None:
    """Find a name that no finished file has; None where the one that has it is the same."""
    name, number = wanted, 1
    while (manifest := folder / f"{name}{_MANIFEST}").exists():
        if json.loads(manifest.read_bytes()).get("sha256") == digest and (folder / f"{name}{_EVENTS}").exists():
            return None
        number += 1
        name = f"{wanted}-{number}"
    return name


def _place(folder: Path, name: str, content: bytes) -> None:
    """Write a file that is whole as soon as it has its name, also after a power cut."""
    unfinished = folder / f".{name}{_UNFINISHED}"
    file = os.open(unfinished, os.O_CREAT | os.O_TRUNC | os.O_WRONLY, _MODE)
    try:
        _fill(file, content)
    finally:
        os.close(file)
    unfinished.rename(folder / name)
    opened = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)


def _fill(file: int, content: bytes) -> None:
    rest = memoryview(content)
    while rest:
        rest = rest[os.write(file, rest) :]
    os.fsync(file)

"""What a workbook unpacks to, looked at before it is unpacked: a small file can swell up to fill a machine.

A workbook (.xlsx) is a zip of XML.
"""

import lzma
import re
import zipfile
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import Final

DAMAGED: Final = "is cut off, locked or damaged: it cannot be unpacked"
MOST_TEXTS: Final = 60_000_000
"""Bytes of a workbook's own list of texts, which is held in memory."""
MOST_RATIO: Final = 200
"""How many times as large as it is packed a part may be, once it is over a megabyte. Real sheets are at most at 50."""
MOST_PARTS: Final = 2_000

_ENTITY: Final = re.compile(rb"<!\s*(?:DOCTYPE|ENTITY)", re.IGNORECASE)
_SMALL: Final = 5_000
"""Bytes that every part is taken to have when packed, so that a short one of blanks is not refused."""


def why_not_unpacked(path: Path, most_unpacked: int) -> str:
    """Say why a workbook is not to be unpacked, as what follows its name in a sentence; empty where it may be.

    `most_unpacked` is in bytes, of all its parts together. Raises OSError where the file cannot be read at all.
    """
    with path.open("rb") as file:
        try:
            with zipfile.ZipFile(file) as archive:
                return _trouble(archive, most_unpacked)
        except (zipfile.BadZipFile, zlib.error, lzma.LZMAError, ValueError, EOFError, RuntimeError, OSError):
            return DAMAGED


def _trouble(archive: zipfile.ZipFile, most_unpacked: int) -> str:
    parts = archive.infolist()
    if _swells(parts, most_unpacked):
        return "unpacks to far more than a workbook has"
    for part in parts:
        if part.filename.endswith((".xml", ".rels")):
            with archive.open(part) as content:
                if _ENTITY.search(content.read(2_000)):
                    return "holds XML that no workbook holds"
    return ""


def _swells(parts: Sequence[zipfile.ZipInfo], most_unpacked: int) -> bool:
    texts = max((part.file_size for part in parts if part.filename.endswith("sharedStrings.xml")), default=0)
    return (
        len(parts) > MOST_PARTS
        or sum(part.file_size for part in parts) > most_unpacked
        or texts > MOST_TEXTS
        or any(part.file_size > MOST_RATIO * max(part.compress_size, _SMALL) for part in parts)
    )

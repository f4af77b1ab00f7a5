"""A shareable export: what is changed in it so that no row can be laid beside another list and be recognised.

Times become days. Every response gets a new id, and the rows stand in the order of the new ids, which says nothing of
the order in which they came. Both come from a key in the database, so that the same export is the same bytes again.
"""

import hashlib
import hmac
import json
import tempfile
from collections.abc import Iterator
from typing import TypeVar

Item = TypeVar("Item")

NOTES = (
    "Shareable: times are cut to days, response ids are new, rows stand in a new order, duplicate_group is empty, and "
    "contact details in residents' words are masked.",
    "Before you share it: read the open answers, for a rule cannot know every name; and look for rows that one rare "
    "answer, or a few together, could tie to a person.",
)
"""What whoever asks for a shareable export is told."""


class Disguise:
    """Gives responses new ids. Without the key nobody can tell which old id a new one stands for."""

    def __init__(self, key: bytes) -> None:
        self._key = hmac.new(key, digestmod=hashlib.sha256)

    def new_id(self, response: str) -> str:
        """Give the new id of a response: 32 hexadecimal digits."""
        keyed = self._key.copy()
        keyed.update(response.encode())
        return keyed.hexdigest()[:32]


def in_order(rows: Iterator[tuple[str, list[Item]]]) -> Iterator[list[Item]]:
    """Give rows in the order of their keys. They wait in a file without a name, so that memory holds the keys alone."""
    with tempfile.TemporaryFile() as waiting:
        places = []
        for key, row in rows:
            places.append((key, waiting.tell()))
            waiting.write(json.dumps(row).encode() + b"\n")
        places.sort()
        for _, place in places:
            waiting.seek(place)
            yield json.loads(waiting.readline())

"""A piece of a text that is to be masked: where it stands and what stands there instead."""

from typing import NamedTuple


class Span(NamedTuple):
    """From `start` up to `end`, in characters of the text, replaced by `mark`."""

    start: int
    end: int
    mark: str

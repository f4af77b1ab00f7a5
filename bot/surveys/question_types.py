"""The type column of the survey sheet: what a row may ask, and what to write for what cannot be asked by text."""

import re
from typing import Final

from bot.core.survey import QuestionType

TYPES: Final = {
    "text": QuestionType.TEXT,
    "string": QuestionType.TEXT,
    "integer": QuestionType.INTEGER,
    "int": QuestionType.INTEGER,
    "decimal": QuestionType.DECIMAL,
    "date": QuestionType.DATE,
    "note": QuestionType.NOTE,
    "calculate": QuestionType.CALCULATE,
}
"""Types that stand alone, by every name that ODK knows them by."""

SELECT: Final = re.compile(
    r"(?:add )?(?:(?P<one>select[_ ]one|select1)|select[_ ]multiple|select all that apply)(?: prompt using| from)?"
    r"(?: (?P<list>\S+)(?P<rest>.*))?"
)
"""A question with choices: `one` or several, the `list` where one is named, and what stands behind it."""

_BOOKKEEPING_WORDS: Final = """
    start end today deviceid phonenumber username email audit simserial subscriberid hidden xml-external
    csv-external start-geopoint background-audio background-geopoint
"""
BOOKKEEPING: Final = frozenset(_BOOKKEEPING_WORDS.split())
"""Rows that record something about a device."""

_INSTEAD: Final = {
    "begin_repeat": "ask once, or once for each with a question of its own; a text conversation does not loop",
    "geopoint": "ask for a postcode area with select_one",
    "geotrace": "ask for a postcode area with select_one",
    "geoshape": "ask for a postcode area with select_one",
    "image": "ask in words with type text; the answer goes into a table",
    "audio": "ask in words with type text; the answer goes into a table",
    "video": "ask in words with type text; the answer goes into a table",
    "file": "ask in words with type text; the answer goes into a table",
    "range": "use integer with a constraint such as . >= 1 and . <= 10",
    "rank": "use select_multiple with a constraint such as count-selected(.) <= 3",
    "acknowledge": "use a note, or select_one with one choice",
    "trigger": "use a note, or select_one with one choice",
    "time": "use text, and say in the label how to write it",
    "datetime": "use date, or text",
    "barcode": "use text",
    "select_one_from_file": "put the choices on the choices sheet and use select_one",
    "select_multiple_from_file": "put the choices on the choices sheet and use select_multiple",
    "select_one_external": "put the choices on the choices sheet and use select_one with a choice_filter",
}
_INSTEAD_OF: Final = {"photo": "image", "begin_loop": "begin_repeat", "dateTime": "datetime", "gps": "geopoint"}


def instead_of(kind: str) -> str:
    """Say what to write instead of a type that cannot be asked by text."""
    first = kind.split()[0]
    plain = first if first in _INSTEAD else "_".join(kind.lower().split()[:2])
    plain = _INSTEAD_OF.get(first, plain if plain in _INSTEAD else first.lower())
    return _INSTEAD.get(plain, f"use one of {', '.join(QuestionType)}")

"""Reading what a resident wrote as an answer: exactly, or with good will, or not at all; never by guessing."""

from bot.core.reading.postcodes import read_postcode_area
from bot.core.reading.readings import (
    Asked,
    Chosen,
    Dated,
    Declined,
    Number,
    Option,
    Reading,
    Rule,
    Unclear,
    Why,
    Words,
)
from bot.core.reading.reply import read_exactly, read_reply
from bot.core.reading.signature import unsigned

__all__ = [
    "Asked",
    "Chosen",
    "Dated",
    "Declined",
    "Number",
    "Option",
    "Reading",
    "Rule",
    "Unclear",
    "Why",
    "Words",
    "read_exactly",
    "read_postcode_area",
    "read_reply",
    "unsigned",
]

"""Decides how WhatsApp shows a question: as buttons, as a list to pick from, or as numbered lines. Pure.

The rule: no two options ever look alike. A title is an option's whole label or its bare number, never part of a label;
where titles are numbers, the full labels stand beside them. Limits: twilio.com/docs/content/twilio-quick-reply,
twilio.com/docs/content/twiliolist-picker, and Meta's of 20 characters for the label of a button.
"""

from collections.abc import Sequence
from typing import Final, TypeAlias

from msgspec import Struct
from msgspec.structs import replace

from channels.base import Option
from channels.graphemes import graphemes
from channels.layout import with_numbered_options
from channels.segments import utf_16_units

MAX_BUTTONS: Final = 3
MAX_ROWS: Final = 10
MAX_BUTTON_TITLE: Final = 20
MAX_ROW_TITLE: Final = 24
MAX_DESCRIPTION: Final = 72
MAX_BODY: Final = 1024
"""The longest text above buttons or a list, in UTF-16 units like every length here."""

OPENER: Final = "Choose"
"""On the button that opens a list, where the message brings no word of its own that fits."""

# Twilio fills in what stands between them, and refuses a message in which it finds nothing to fill in (21656).
_PLACEHOLDER_MARKS: Final = ("{{", "}}")
_CUT: Final = "\u2026"


class Written(Struct, frozen=True, gc=False):
    """A text alone; its options, if any, are numbered lines in it. It may be longer than one message can be."""

    text: str


class Button(Struct, frozen=True, gc=False):
    """One quick-reply button. `id` comes back when it is tapped."""

    id: str
    title: str


class Buttons(Struct, frozen=True, gc=False):
    """A text with one to three buttons below."""

    body: str
    buttons: tuple[Button, ...]


class Row(Struct, frozen=True, gc=False):
    """One row of a list. `description` is smaller print below the title and may be empty."""

    id: str
    title: str
    description: str = ""


class Picker(Struct, frozen=True, gc=False):
    """A text with a button that opens a list of one to ten rows. `opener` stands on that button."""

    body: str
    rows: tuple[Row, ...]
    opener: str = OPENER


Layout: TypeAlias = Written | Buttons | Picker


def arrange(text: str, options: Sequence[Option], opener: str = "") -> Layout:
    """Lay a message out: up to three options as buttons, up to ten as a list, more or longer ones as numbered lines.

    `text` may be bare or already have its options below as numbered lines; both are laid out alike.
    """
    written = Written(in_words(text, options))
    text = _bare(text, options)
    if not 0 < len(options) <= MAX_ROWS or any(mark in written.text for mark in _PLACEHOLDER_MARKS):
        return written
    labels = [" ".join(option.label.split()) for option in options]
    if not all(labels):
        return written
    if len(options) <= MAX_BUTTONS:
        return _buttons(text, written, options, labels) or written
    picker = _picker(text, written, options, labels)
    if picker is not None and 0 < utf_16_units(opener) <= MAX_BUTTON_TITLE:
        return replace(picker, opener=opener)
    return picker or written


def in_words(text: str, options: Sequence[Option]) -> str:
    """Write the options as numbered lines below the text, unless they are there already."""
    return with_numbered_options(_bare(text, options), options)


def seen(layout: Layout) -> str:
    """Give the text of a message as it stands above any buttons."""
    return layout.text if isinstance(layout, Written) else layout.body


def _buttons(text: str, written: Written, options: Sequence[Option], labels: Sequence[str]) -> Buttons | None:
    """Put labels on the buttons, or numbers where a label does not fit; None if the text above is too long."""
    fits = _can_be_titles(labels, MAX_BUTTON_TITLE) and text != ""
    titles = labels if fits else _numbers(labels)
    body = text if fits else written.text
    buttons = tuple([Button(option.id, title) for option, title in zip(options, titles, strict=True)])
    return Buttons(body, buttons) if utf_16_units(body) <= MAX_BODY else None


def _picker(text: str, written: Written, options: Sequence[Option], labels: Sequence[str]) -> Picker | None:
    """Put labels in the rows, or numbers with the labels below them; None if the text above is too long."""
    if _can_be_titles(labels, MAX_ROW_TITLE) and 0 < utf_16_units(text) <= MAX_BODY:
        return Picker(text, tuple([Row(option.id, label) for option, label in zip(options, labels, strict=True)]))
    rows = tuple(
        [
            Row(option.id, number, _shortened(label))
            for option, number, label in zip(options, _numbers(labels), labels, strict=True)
        ]
    )
    if utf_16_units(written.text) <= MAX_BODY:
        return Picker(written.text, rows)
    every_label_is_in_a_row = all(utf_16_units(label) <= MAX_DESCRIPTION for label in labels)
    return Picker(text, rows) if every_label_is_in_a_row and 0 < utf_16_units(text) <= MAX_BODY else None


def _can_be_titles(labels: Sequence[str], longest: int) -> bool:
    """Whether each label fits whole and a reader can tell any two apart."""
    are_different = len({label.casefold() for label in labels}) == len(labels)
    return are_different and all(utf_16_units(label) <= longest for label in labels)


def _numbers(labels: Sequence[str]) -> list[str]:
    return [str(number) for number in range(1, len(labels) + 1)]


def _shortened(label: str) -> str:
    """Cut what goes below a row's number; the whole label then stands in the text above the list."""
    if utf_16_units(label) <= MAX_DESCRIPTION:
        return label
    kept = ""
    for character in graphemes(label):
        if utf_16_units(kept + character) >= MAX_DESCRIPTION:
            break
        kept += character
    return kept.rstrip() + _CUT


def _bare(text: str, options: Sequence[Option]) -> str:
    """Take the numbered lines off again, where they are there already."""
    lines = with_numbered_options("", options)
    if not options or not text.endswith(lines):
        return text
    before = text.removesuffix(lines)
    return before.removesuffix("\n") if before.endswith("\n") or not before else text

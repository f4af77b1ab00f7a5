"""Decides how Telegram shows a question: buttons below its text, or numbered lines in it where buttons can't. Pure.

The rule: no two options ever look alike. A label that is too long for a button stands whole in the text, and the button
bears its number.
"""

from collections.abc import Sequence
from typing import Final

from channels.base import Capabilities, Option
from channels.graphemes import graphemes
from channels.layout import with_numbered_options

MAX_TEXT: Final = 4096
MAX_BUTTONS: Final = 10
MAX_LABEL: Final = 40
"""What a narrow phone shows of a button in one row; Telegram itself cuts a longer one without a word."""

CAPABILITIES: Final = Capabilities(
    max_text=MAX_TEXT,
    max_buttons=MAX_BUTTONS,
    max_label=MAX_LABEL,
    pace=30.0,
    pace_per_address=1.0,
    source="telegram",
    carrier="Telegram",
    voice_notes=True,
)

_CUT: Final = "\u2026"


def in_words(text: str, options: Sequence[Option]) -> str:
    """Write the text as it stands above its buttons: options as numbered lines unless buttons can show them whole.

    A text that is laid out already stays as it is.
    """
    if _fit(options) or text.endswith(with_numbered_options("", options)):
        return text
    return with_numbered_options(text, options)


def buttons(options: Sequence[Option]) -> tuple[Option, ...]:
    """Make the buttons; a label that is too long for one is cut, and all bear the numbers of the lines in the text."""
    if len(options) > MAX_BUTTONS:
        return ()
    if _fit(options):
        return tuple(options)
    return tuple([Option(option.id, _cut(f"{number} {option.label}")) for number, option in enumerate(options, 1)])


def _fit(options: Sequence[Option]) -> bool:
    """Whether buttons alone can show these options, each whole."""
    return len(options) <= MAX_BUTTONS and all([len(option.label) <= MAX_LABEL for option in options])


def _cut(label: str) -> str:
    if len(label) <= MAX_LABEL:
        return label
    kept = ""
    for character in graphemes(label):
        if len(kept) + len(character) >= MAX_LABEL:
            break
        kept += character
    return f"{kept.rstrip()}{_CUT}"

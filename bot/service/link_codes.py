"""Codes for LINK: made at random, because the core knows no chance, and read for storage, which knows no words.

`bot.core.link_code` says what they look like.
"""

import hmac
import re
import secrets
from collections.abc import Callable
from itertools import count

from bot.core.commands import CommandKind, find_command
from bot.core.link_code import DIGITS, LENGTH, LETTERS, is_code
from bot.core.words import Words
from channels.base import Kind
from storage.turns import Arrived

_HOLDS_DIGIT = re.compile(r"\d").search


class LinkCodes:
    """Has one code ready for whoever asks next: to make one for every text would cost them all."""

    def __init__(self, words: Callable[[], Words]) -> None:
        self._words = words
        self.next = new_code()

    def take(self) -> str:
        """Give out the code that is ready, and make another."""
        code, self.next = self.next, new_code()
        return code

    def read(self, arrived: Arrived) -> str:
        """Read the code that a LINK brings; empty for anything else. Most texts are passed over at a glance."""
        text = arrived.text
        if len(text) < LENGTH or arrived.kind != Kind.TEXT or not _HOLDS_DIGIT(text):
            return ""
        command = find_command(text, self._words())
        return command.argument if command is not None and command.kind is CommandKind.LINK else ""


def new_code() -> str:
    """Make a random code, with a letter and a digit in it at least."""
    while True:
        code = "".join(secrets.choice(LETTERS + DIGITS) for _ in range(LENGTH))
        if is_code(code):
            return code


def code_from(secret: str) -> str:
    """Make the one code of a browser's random secret: it can be shown again, though only its HMAC is kept."""
    signs = LETTERS + DIGITS
    for place in count():
        number = int.from_bytes(hmac.digest(secret.encode(), f"resume code {place}".encode(), "sha256"))
        code = "".join(signs[number // len(signs) ** each % len(signs)] for each in range(LENGTH))
        if is_code(code):
            break
    return code

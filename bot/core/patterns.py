"""Patterns that people write, read by RE2, whose time grows no faster than the text: those of regex() and of maps."""

import re
from collections.abc import Mapping
from typing import Protocol

from bot.core.expression_parser import Unsupported

MOST_STEPS = 10_000
"""How many steps a pattern may take for each letter: a hundred times what a real one needs."""


class Found(Protocol):
    """Where a pattern was found."""

    def groupdict(self) -> Mapping[bytes, bytes | None]:
        """Give what each named group found, in UTF-8; None for one that had no part in it."""
        ...


class Pattern(Protocol):
    """What `linear_pattern` gives."""

    def search(self, text: bytes, /) -> Found | None:
        """Look for the pattern anywhere in UTF-8."""
        ...


def compiled_pattern(pattern: str) -> Pattern:
    r"""Compile the pattern of a regex().

    As in JavaScript `$` is the very end of the text, `\d` only 0 to 9, `\u00e9` a letter, and a match anywhere in the
    text is one. Raises `Unsupported` for what RE2 does not read, such as a look ahead or a reference back: either can
    keep one text busy for hours.
    """
    try:
        return linear_pattern(_ESCAPE.sub(_letter, pattern))
    except ValueError as problem:
        raise Unsupported(f"regex() cannot read the pattern '{pattern}': {problem}") from problem


def linear_pattern(pattern: str) -> Pattern:
    """Compile a pattern. Raises ValueError, in words for its writer, for what RE2 does not read or repeats too much."""
    import re2  # 4 MB that few surveys need

    options = re2.Options()
    options.log_errors = False
    try:
        compiled = re2.compile(pattern.encode(), options)
    except re2.error as problem:
        raise ValueError(
            f"{problem.args[0].decode(errors='replace')}. "
            "It reads what github.com/google/re2/wiki/Syntax lists: no look ahead or behind, no reference back"
        ) from problem
    if compiled.programsize > MOST_STEPS:
        raise ValueError("it repeats too much: write * in place of high numbers")
    found: Pattern = compiled
    return found


_ESCAPE = re.compile(r"\\(?:u([0-9A-Fa-f]{4})|.)", re.DOTALL)


def _letter(escape: re.Match[str]) -> str:
    return rf"\x{{{escape[1]}}}" if escape[1] else escape[0]

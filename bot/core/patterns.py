"""The patterns of regex() in a survey: JavaScript's in ODK, read by RE2, whose time grows no faster than the text."""

import re
from typing import Protocol

from bot.core.expression_parser import Unsupported


class Pattern(Protocol):
    """What `compiled_pattern` gives."""

    def search(self, text: bytes, /) -> object | None:
        """Look for the pattern anywhere in UTF-8."""
        ...


def compiled_pattern(pattern: str) -> Pattern:
    r"""Compile the pattern of a regex().

    As in JavaScript `$` is the very end of the text, `\d` only 0 to 9, `\u00e9` a letter, and a match anywhere in the
    text is one. Raises `Unsupported` for what RE2 does not read, such as a look ahead or a reference back: either can
    keep one text busy for hours.
    """
    import re2  # 4 MB that few surveys need

    options = re2.Options()
    options.log_errors = False
    try:
        compiled: Pattern = re2.compile(_ESCAPE.sub(_letter, pattern).encode(), options)
    except re2.error as problem:
        raise Unsupported(
            f"regex() cannot read the pattern '{pattern}': {problem.args[0].decode()}. "
            "It reads what github.com/google/re2/wiki/Syntax lists: no look ahead or behind, no reference back"
        ) from problem
    return compiled


_ESCAPE = re.compile(r"\\(?:u([0-9A-Fa-f]{4})|.)", re.DOTALL)


def _letter(escape: re.Match[str]) -> str:
    return rf"\x{{{escape[1]}}}" if escape[1] else escape[0]

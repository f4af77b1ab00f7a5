"""The patterns of regex() in a survey: JavaScript's in ODK, read by Python's `re`."""

import re
import warnings

from bot.core.expression_parser import Unsupported


def compiled_pattern(pattern: str) -> re.Pattern[str]:
    r"""Compile the pattern of a regex().

    As in JavaScript `$` is the very end of the text, `\d` only 0 to 9, and a match anywhere in the text is one.
    Raises `Unsupported` for what Python cannot read, and for a pattern that one long text could keep busy for hours.
    """
    if stubborn := _repeated_repeat(pattern):
        raise Unsupported(
            f"regex() repeats '({stubborn})', which itself repeats; one long text could keep it busy for hours. "
            "Write it with one repetition, such as [a-z ]+"
        )
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Python warns of set syntax it may one day have
            return re.compile(_DOLLAR.sub(lambda found: found[1] or r"\Z", pattern), re.ASCII)
    except (re.error, OverflowError, RecursionError) as problem:
        raise Unsupported(f"regex() cannot read the pattern '{pattern}': {problem}") from problem


_DOLLAR = re.compile(r"(\\.|\[(?:\\.|[^\]\\])*\])|\$", re.DOTALL)
_INNERMOST_GROUP = re.compile(r"\((?:\?:)?([^()]*)\)([+*]|\{\d+,\})?")
_SEPARATORS = " ,;:/'-@"


def _repeated_repeat(pattern: str) -> str:
    """Find a repeated group with a repetition inside, unless each turn must begin or end with its own separator."""
    while group := _INNERMOST_GROUP.search(pattern):
        body, repeat = group[1], group[2]
        ends = {end for end in (body[:1], body[-1:]) if end and end in _SEPARATORS and body.count(end) == 1}
        if repeat and not ends and re.search(r"[+*]|\{\d+,\}", body):
            return body
        pattern = f"{pattern[: group.start()]}{body}{'+' if repeat else ''}{pattern[group.end() :]}"
    return ""

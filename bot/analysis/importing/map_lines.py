"""Lines of a proposed map, as TOML: a question with its column, and what the labels in it seem to mean."""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Final

from bot.analysis.importing.labels import has_lost_letters
from bot.analysis.importing.likeness import Match, near_label
from bot.analysis.importing.postcodes import STAR, district_of
from bot.analysis.importing.problems import shortened
from bot.analysis.masking import mask
from bot.core.survey import Question

_BARE: Final = re.compile(r"[A-Za-z0-9_-]+")


def text(value: str) -> str:
    """Write a text as TOML: JSON's escapes are TOML's too, but for the last of the control characters."""
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


def key(value: str) -> str:
    """Write a key of TOML, in quotation marks where it needs them."""
    return value if _BARE.fullmatch(value) else text(value)


def comment(line: str) -> str:
    """Write a comment of TOML, which may hold no control characters."""
    return f"# {''.join(letter if letter.isprintable() else ' ' for letter in line)}"


def question_lines(question: Question, match: Match, file: str = "") -> Iterator[str]:
    """Write a question and its column, or columns; `file` is the number of a file beside the main one."""
    check = "" if match.is_sure else "  # check"
    yield from ("", f"[questions.{key(question.name)}]")
    if file:
        yield f"file = {text(file)}"
    if match.codes:
        pairs = zip(match.columns, match.codes, strict=True)
        spread = ", ".join(f"{text(column.heading)} = {text(code)}" for column, code in pairs)
        yield f"columns = {{ {spread} }}{check}"
    else:
        yield f"column = {text(match.columns[0].heading)}{check}"
    if match.other is not None:
        yield f"other = {text(match.other.heading)}  # check"
    if match.separator:
        yield f"separator = {text(match.separator)}"
    if not match.codes:
        yield from _labels(question, match)


def _labels(question: Question, match: Match) -> Iterator[str]:
    """Write a code for each label that the survey does not have; one that is like none is left out."""
    found = meanings(question, match)
    if not found:
        return
    yield f"[questions.{key(question.name)}.labels]"
    for label, code in found.items():
        if code:
            yield f"{text(label)} = {text(code)}  # check"
        else:
            codes = ", ".join(choice.name for choice in question.choices)
            yield f'# {text(label)} = ""  # like none: give it one of {codes}'


def meanings(question: Question, match: Match) -> Mapping[str, str]:
    """Give the code that each unknown label seems to mean, empty for none; full postcodes by a rule for each district.

    A label that names a person is masked, and means none.
    """
    found: dict[str, str] = {}
    districts = sorted({district_of(label) for label in match.unknown} - {""})
    for district in districts if match.labels is not None else ():
        found[f"{district}{STAR}"] = match.labels.code(district) or "" if match.labels is not None else ""
    for label in match.unknown:
        if not district_of(label) and not has_lost_letters(label):
            code = near_label(label, question) if mask(label) == label else ""
            found[label if code else shortened(label)] = code
    return found

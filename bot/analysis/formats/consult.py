"""The folder that Consult imports, the consultation tool of the UK government's Incubator for AI (i.AI).

Its importer (github.com/i-dot-ai/consult, data_pipeline/models.py) is strict where it should help and silent where it
should not: a key that it does not know fails the whole import, and so do a blank line, a byte order mark, a NUL or a
long name; an option that a question does not list is dropped without a word, and a text of more than 8,192 tokens is
cut. So lines have only its keys, options only those that are listed, there is no line end after the last line, a file
without lines is not written, and what it would lose is reported.

Every import replaces the one before it, so this is always the whole of the survey. Responses keep their integer ids.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import TextIO

from bot.analysis.cells import Cell, written_out
from bot.analysis.columns import FIXED, Variable
from bot.analysis.disguise import NOTES as SHAREABLE
from bot.analysis.formats.asked import Asked, Written
from bot.analysis.formats.described import Described, Kind, describe, is_asked_openly, question_words
from bot.core.language_names import name_in_english
from bot.core.survey import Role

MOST_TOKENS = 8_192
LONGEST_TITLE = 256
LONGEST_FIELD = 128
READ_ME = "read-me.txt"
_OWN_FIELDS = ("Channel", "Language", "Source", "Campaign", "Area")
# Consult keeps every value of a filter in an index, which PostgreSQL limits to 2,704 bytes.
_LONGEST_VALUE = 200
_MOST_NAMED = 10
# Consult takes these for no answer at all.
_NO_TEXT = ("", "-", "Not Provided")
_NOT_STORED = re.compile("[\x00\ud800-\udfff]")
_PIECES = re.compile(r"[A-Za-z]+|[0-9]+|[^\sA-Za-z0-9]|\s+")
_PLACE = {name: place for place, name in enumerate(FIXED)}


@dataclass
class _Part:
    """One question as Consult has it: a folder of its own, with free text or options."""

    number: int
    place: int
    column: Described
    options: Mapping[str, str]
    lines: int = 0
    dropped: int = 0
    long: list[int] = field(default_factory=list)

    @property
    def file_name(self) -> str:
        return "multi_choice.jsonl" if self.options else "responses.jsonl"


def write_consult(asked: Asked, folder: Path) -> Written:
    """Write the folder. A response that came since the ids were given is left for the next time."""
    inputs = folder / "inputs"
    inputs.mkdir()
    columns = describe(asked)
    parts = _parts(asked, columns)
    for part in parts:
        _write_question(inputs, part)
    filters = _filters(columns)
    rows = 0
    with ExitStack() as files:
        lines = _Files(inputs, files)
        for row in asked.wide(labels=False):
            number = asked.numbers.get(str(row[0])) if asked.disguise is None else rows + 1
            if number is None:
                continue
            rows += 1
            demographics = _demographics(row, filters, asked.areas)
            lines.add("respondents.jsonl", {"themefinder_id": number, "demographic_data": demographics})
            for part in parts:
                _write_answer(lines, part, number, row[part.place])
    notes = _notes(asked, columns, parts)
    told = (*(SHAREABLE if asked.disguise else ()), *notes)
    (folder / READ_ME).write_text("\n".join(told) + "\n", encoding="utf-8")
    return Written(rows, len(parts), notes)


class _Files:
    """Files of JSON lines, each made with its first line."""

    def __init__(self, folder: Path, open_files: ExitStack) -> None:
        self._folder = folder
        self._open_files = open_files
        self._files: dict[str, TextIO] = {}

    def add(self, name: str, line: Mapping[str, object]) -> None:
        """Add a line. The line end comes before it, so that none stands behind the last."""
        file = self._files.get(name)
        if file is None:
            file = self._open_files.enter_context((self._folder / name).open("w", encoding="utf-8", newline="\n"))
            self._files[name] = file
        else:
            file.write("\n")
        file.write(json.dumps(line, ensure_ascii=False))


def storable(text: str) -> str:
    """Take out what Consult's database cannot store: NUL and half characters."""
    return _NOT_STORED.sub("", text)


def most_tokens(text: str) -> int:
    """Say how many cl100k tokens a text has at most, in practice.

    A token is never less than a byte. In English it is four letters and more; here it is taken for three, digits as
    they are split (three by three), every other sign by its bytes.
    """
    at_most = len(text.encode("utf-8", "replace"))
    if at_most <= MOST_TOKENS:
        return at_most
    return sum(_tokens(piece) for piece in _PIECES.findall(text))


def _tokens(piece: str) -> int:
    if piece.isspace():
        return len(piece.encode()) - 1 if len(piece) > 1 else 0
    if piece.isascii() and piece.isalnum():
        return -(-len(piece) // 3)
    return len(piece.encode("utf-8", "replace"))


def _parts(asked: Asked, columns: Sequence[Described]) -> list[_Part]:
    parts: list[_Part] = []
    for place, column in enumerate(columns):
        variable = column.variable
        if variable is None or column.name != variable.column or not _is_part(column, variable):
            continue
        options = _options(column.values) if column.kind in (Kind.CODE, Kind.CODES) else {}
        parts.append(_Part(len(parts) + 1, place, column, options))
    return parts


def _is_part(column: Described, variable: Variable) -> bool:
    if variable.question.role is Role.DEMOGRAPHIC:
        return False
    return is_asked_openly(variable) if column.kind is Kind.TEXT else column.kind in (Kind.CODE, Kind.CODES)


def _is_filter(column: Described) -> bool:
    """Say whether it is something to filter by: a demographic question, or another whose answer is a figure."""
    variable = column.variable
    if variable is None or column.name != variable.column:
        return False
    return variable.question.role is Role.DEMOGRAPHIC or column.kind in (Kind.INTEGER, Kind.NUMBER, Kind.DATE)


def _options(values: Sequence[tuple[str, str]]) -> dict[str, str]:
    """Give each code its label as Consult shows it: two options of one label have their codes behind it."""
    labels = [label for _, label in values]
    return {code: storable(label if labels.count(label) == 1 else f"{label} ({code})") for code, label in values}


def _write_question(inputs: Path, part: _Part) -> None:
    folder = inputs / f"question_part_{part.number}"
    folder.mkdir()
    question = {
        "question_text": storable(part.column.meaning),
        "question_number": part.number,
        "has_free_text": not part.options,
        "multi_choice_options": list(part.options.values()) or None,
    }
    (folder / "question.json").write_text(json.dumps(question, ensure_ascii=False), encoding="utf-8")


def _write_answer(lines: _Files, part: _Part, number: int, cell: Cell) -> None:
    if cell is None or cell == "":
        return
    name = f"question_part_{part.number}/{part.file_name}"
    if part.options:
        codes = str(cell).split(" ") if part.column.kind is Kind.CODES else [str(cell)]
        options = [part.options[code] for code in codes if code in part.options]
        part.dropped += len(codes) - len(options)
        if options:
            lines.add(name, {"themefinder_id": number, "options": options})
            part.lines += 1
        return
    text = storable(str(written_out(cell)))
    if text.strip() in _NO_TEXT:
        return
    lines.add(name, {"themefinder_id": number, "text": text})
    part.lines += 1
    if most_tokens(text) > MOST_TOKENS:
        part.long.append(number)


def _filters(columns: Sequence[Described]) -> Mapping[str, tuple[int, Described]]:
    """Give each filter its name, which is short enough and stands once, and its place in the row."""
    named: dict[str, tuple[int, Described]] = {}
    for place, column in enumerate(columns):
        if _is_filter(column):
            name = storable(column.meaning)[:LONGEST_FIELD]
            if name in named or name in _OWN_FIELDS:
                ending = f" ({column.name})"
                name = name[: LONGEST_FIELD - len(ending)] + ending
            named[name] = (place, column)
    return named


def _demographics(
    row: Sequence[Cell], filters: Mapping[str, tuple[int, Described]], areas: Mapping[str, str]
) -> dict[str, list[str]]:
    channel, language, source, campaign = (str(row[_PLACE[name.lower()]] or "") for name in _OWN_FIELDS[:4])
    own = (channel, name_in_english(language), source, campaign, areas.get(campaign, ""))
    found = {name: [value] for name, value in zip(_OWN_FIELDS, own, strict=True)}
    found |= {name: _values(column, row[place]) for name, (place, column) in filters.items()}
    return {name: values for name, values in found.items() if any(values)}


def _values(column: Described, cell: Cell) -> list[str]:
    if cell is None or cell == "":
        return []
    labels = dict(column.values)
    codes = str(cell).split(" ") if column.kind is Kind.CODES else [str(written_out(cell))]
    return [storable(labels.get(code, code))[:_LONGEST_VALUE] for code in codes]


def _notes(asked: Asked, columns: Sequence[Described], parts: Sequence[_Part]) -> tuple[str, ...]:
    title = question_words(asked, asked.published.newest.title) or asked.published.survey
    placed = {part.column.name for part in parts}
    others = [
        each for each in columns if each.variable and each.name == each.variable.column and each.name not in placed
    ]
    filters = [each.name for each in others if _is_filter(each)]
    homeless = [each.name for each in others if not _is_filter(each)]
    notes = [
        "Copy the folder inputs to app_data/consultations/CODE/ in Consult's bucket and import it there. "
        "An import replaces the one before.",
        f"Name it (at most {LONGEST_TITLE} characters): {title[:LONGEST_TITLE]}",
        f"To filter by: {', '.join(['channel', 'language', 'source', 'campaign', 'area', *filters])}.",
    ]
    if homeless:
        notes.append(f"Not in it, for Consult has no place for them: {', '.join(homeless)}.")
    for part in parts:
        notes += _losses(part)
    return tuple(notes)


def _losses(part: _Part) -> Iterator[str]:
    """Say what Consult would lose of a question."""
    name = part.column.name
    if part.long:
        ids = ", ".join(map(str, part.long[:_MOST_NAMED])) + (" ..." if len(part.long) > _MOST_NAMED else "")
        yield (
            f"{name}: {len(part.long)} texts may have more than {MOST_TOKENS:,} tokens; "
            f"Consult would cut them to 1,000 characters: {ids}"
        )
    if part.dropped:
        yield f"{name}: {part.dropped} answers chose an option that no version has; left out."

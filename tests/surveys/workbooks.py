"""Makes small survey files for tests, one cell at a time, as a person would in Excel."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest
from openpyxl import Workbook

from bot.surveys.compile import SurveyRefused, compile_survey

Cells = Mapping[str, object]

SETTINGS: Cells = {"form_title": "T", "form_id": "t", "version": "1", "default_language": "English (en)"}
LABEL = "label::English (en)"
TEXT: Cells = {"type": "text", "name": "q", LABEL: "Why?"}
YES_NO: tuple[Cells, ...] = (
    {"list_name": "yn", "name": "yes", LABEL: "Yes"},
    {"list_name": "yn", "name": "no", LABEL: "No"},
)


def question(**cells: object) -> Cells:
    """One row of the survey sheet; what is not said is that of `TEXT`."""
    return {**TEXT, **cells}


def workbook(
    path: Path, survey: Sequence[Cells] = (TEXT,), choices: Sequence[Cells] = YES_NO, settings: Cells = SETTINGS
) -> Path:
    """Write a file with these rows, the columns in the order in which they first appear."""
    book = Workbook()
    book.remove(book["Sheet"])
    for name, rows in (("survey", survey), ("choices", choices), ("settings", [settings] if settings else [])):
        if not rows:
            continue
        sheet = book.create_sheet(name)
        columns = list(dict.fromkeys(column for row in rows for column in row))
        sheet.append(columns)
        for row in rows:
            sheet.append([row.get(column) for column in columns])
    book.save(path)
    return path


def refusals(path: Path, stop_words: frozenset[str] = frozenset()) -> list[str]:
    """Compile a file that is refused, and give every problem as its author reads it."""
    with pytest.raises(SurveyRefused) as refusal:
        compile_survey(path, stop_words=stop_words)
    return [str(problem) for problem in refusal.value.problems]

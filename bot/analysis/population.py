"""Who is missing: the share of each kind of people among the answers, beside their share of the people there are.

The people come from a CSV file that the council loads, with the columns `question`, `code`, `people` and `source`.
"""

import csv
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from bot.analysis.columns import read_published
from bot.analysis.hiding import FEW, hide_small
from bot.analysis.tallies import about_you
from bot.core.survey import Question, QuestionType, SurveyDefinition
from storage import population as store
from storage.population import People
from storage.script import Database, Script

COLUMNS = ("question", "code", "people", "source")
MOST_PROBLEMS = 10
CERTAIN = 1.96
"""Standard errors beyond which chance alone would put a share less than one time in twenty (95 %)."""


class PopulationRefused(Exception):
    """A file of people that cannot be used. The message names every line, and what to do."""


class Verdict(StrEnum):
    """How a share of the answers stands to the share of people."""

    FEWER = "fewer than expected"
    EXPECTED = "about as expected"
    MORE = "more than expected"
    TOO_EARLY = "too few answers to say"


@dataclass(frozen=True, slots=True)
class Group:
    """One kind of people: how many answers (None: hidden), how many would be expected, and the two shares (0 to 1)."""

    code: str
    answers: int | None
    expected: float
    share: float | None
    people_share: float
    verdict: Verdict | None

    @property
    def is_missing(self) -> bool:
        """Whether fewer of them answer than there should be."""
        return self.verdict is Verdict.FEWER


@dataclass(frozen=True, slots=True)
class Comparison:
    """One question held against the people there are.

    `hidden` sums the groups whose numbers are hidden, where there are any. `base` is how many answers are compared;
    `with_others` says that they include a few answers that the people's file does not have.
    """

    question: Question
    base: int
    groups: Sequence[Group]
    hidden: Group | None
    with_others: bool
    source: str


async def load_population(database: Database, survey: str, path: Path, who: str, now: int) -> Sequence[People]:
    """Load a file of people in the place of what its questions had. Raises PopulationRefused, UnknownSurvey."""
    published = await database.read(lambda: read_published(survey))
    rows = read_people(path, published.newest)
    await database.run(lambda: store.replace(survey, rows, who, now))
    return rows


def read_people(path: Path, definition: SurveyDefinition) -> Sequence[People]:
    """Read a file of people, each line held against the survey. Raises PopulationRefused."""
    lines = _lines(path)
    header = _cells(lines[0][1].rstrip(", ")) if lines else None
    if not header or not set(COLUMNS[:3]) <= set(header) or any(header.count(name) > 1 for name in COLUMNS):
        named = f"must name the columns {', '.join(COLUMNS)}, each once, with commas between them"
        raise PopulationRefused(f"{path}: the first line {named}.")
    rows: dict[tuple[str, str], People] = {}
    problems: list[str] = []
    for number, line in lines[1:]:
        cells = _cells(line)
        row = {name: "" for name in COLUMNS} | dict(zip(header, cells or (), strict=False))
        problem = _miswritten(cells, len(header)) or _problem(row, definition, rows)
        if problem:
            problems.append(f"line {number}: {problem}")
        else:
            people = People(row["question"], row["code"], int(row["people"]), row["source"])
            rows[people.question, people.code] = people
    problems += _without_people(rows.values())
    if problems or not rows:
        said = "; ".join(problems[:MOST_PROBLEMS]) or "it has no line below its first"
        more = f"; and {len(problems) - MOST_PROBLEMS} more" if len(problems) > MOST_PROBLEMS else ""
        raise PopulationRefused(f"{path}: nothing was loaded: {said}{more}.")
    return list(rows.values())


def _lines(path: Path) -> list[tuple[int, str]]:
    """Read the lines that are not blank, each with its number in the file."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise PopulationRefused(f"{path}: this cannot be read ({error.strerror}). Check its name.") from error
    except UnicodeDecodeError:
        text = "\0"
    if "\0" in text:  # as UTF-16 has it behind every plain letter
        raise PopulationRefused(f"{path}: this cannot be read as UTF-8 text. Save it as CSV (UTF-8).")
    return [(number, line) for number, line in enumerate(text.split("\n"), 1) if line.strip()]


def _cells(line: str) -> list[str] | None:
    """Split one line, which no open quotation mark may reach beyond; None where its marks do not fit."""
    try:
        return [cell.strip() for cell in next(csv.reader([line], strict=True))]
    except csv.Error:
        return None


def _miswritten(cells: Sequence[str] | None, width: int) -> str:
    if cells is None:
        return 'a quotation mark is left open or in the wrong place; write a cell as "...", in one line'
    if any(cells[width:]):
        return "it has more cells than the first line; put a cell with a comma in quotation marks"
    return ""


def _problem(row: Mapping[str, str], definition: SurveyDefinition, there: Mapping[tuple[str, str], People]) -> str:
    name, code, people = row["question"], row["code"], row["people"]
    questions = {each.name: each for each in definition.questions if each.type is QuestionType.SELECT_ONE}
    if name not in questions:
        return f"the survey has no question {name!r} with one choice"
    if code not in [choice.name for choice in questions[name].choices]:
        return f"question {name!r} has no choice {code!r}"
    if not (people.isascii() and people.isdecimal() and len(people) <= 12):
        return f"{people!r} is no number of people: write digits alone"
    if (name, code) in there:
        return f"{name} {code} stands there twice"
    return ""


def _without_people(rows: Iterable[People]) -> Iterator[str]:
    sums: dict[str, int] = {}
    for row in rows:
        sums[row.question] = sums.get(row.question, 0) + row.people
    return (f"question {name!r} has nobody at all" for name, people in sums.items() if not people)


def comparisons(survey: str, *, include_test: bool, now: int) -> Script[list[Comparison]]:
    """Hold every about-you question for which people are loaded against them. Raises UnknownSurvey."""
    loaded: dict[str, list[People]] = {}
    for row in (yield from store.of_survey(survey)):
        loaded.setdefault(row.question, []).append(row)
    counted = yield from about_you(survey, None, include_test=include_test, now=now)
    return [compare(question, counts, loaded[question.name]) for question, counts in counted if question.name in loaded]


def compare(question: Question, counts: Mapping[str, int], people: Sequence[People]) -> Comparison:
    """Hold the answers to one question against the people there are, small counts hidden.

    Answers that the people's file lacks ("prefer not to say") are left out, unless they or the others are under 10:
    whoever knows how many answered would find such a number by subtracting. Then all of them stay in the base.
    """
    there = {row.code: row.people for row in people if row.code in counts}
    inside = {code: count for code, count in counts.items() if code in there}
    outside = sum(counts.values()) - sum(inside.values())
    with_others = outside > 0 and min(outside, sum(inside.values())) < FEW
    hidden = hide_small(dict(counts) if with_others else inside)
    base = sum(inside.values()) + (outside if with_others else 0)
    everybody = sum(there.values())
    groups = [_group(code, hidden[code], there[code] / everybody, base) for code in inside]
    concealed = [code for code in inside if hidden[code] is None]
    together = _together(sum(inside[code] for code in concealed), [there[code] for code in concealed], everybody, base)
    sources = "; ".join(dict.fromkeys(row.source for row in people if row.source))
    # With others in the base, what the hidden groups have together would tell how many others there are.
    return Comparison(question, base, groups, None if with_others or not concealed else together, with_others, sources)


def _together(answers: int, people: Sequence[int], everybody: int, base: int) -> Group:
    return _group("", answers, sum(people) / everybody, base)


def _group(code: str, answers: int | None, people_share: float, base: int) -> Group:
    if answers is None or not base:
        return Group(code, answers, people_share * base, None, people_share, None)
    share = answers / base
    return Group(code, answers, people_share * base, share, people_share, judge(share, people_share, base))


def judge(share: float, expected: float, answers: int) -> Verdict:
    """Say in plain words how a share stands to what was expected of so many answers, chance allowed for.

    By the normal approximation to the binomial, which asks for five or more expected on either side (Agresti,
    Categorical Data Analysis, 1.3): else it is too early to say.
    """
    if min(expected, 1 - expected) * answers < 5:
        return Verdict.TOO_EARLY
    margin = CERTAIN * math.sqrt(expected * (1 - expected) / answers)
    if abs(share - expected) <= margin:
        return Verdict.EXPECTED
    return Verdict.FEWER if share < expected else Verdict.MORE

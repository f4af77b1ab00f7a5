"""The report by mode, as tables of numbers that any format can write. No words of residents stand in it."""

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from bot.analysis import quality
from bot.analysis.columns import Published, Variable, read_published
from bot.analysis.modes.counting import ANSWERED, DISPOSITIONS, Counts, Value, Variant, count_by_mode
from bot.analysis.rows import Selection
from bot.core.language_names import name_in_english
from bot.core.survey import QuestionType, wording
from storage import annotations, campaigns
from storage.script import Database

MODES: Mapping[str, str] = {
    "web": "Web form",
    "sms": "SMS",
    "whatsapp": "WhatsApp",
    "telegram": "Telegram",
    "assisted": "With a helper",
    "paper": "On paper",
    "phone": "By phone",
}
ENDED: Mapping[str, str] = {
    "complete": "Complete",
    "partial": "Partial",
    "breakoff": "Break-off",
    "stopped": "Stopped (refusal)",
    "undelivered": "Not delivered",
    "unknown": "Delivery unknown",
}
EVERYBODY = "*all"
"""The key of a line that is a sum. No choice, campaign or language has a key that begins with `*`."""
STATES: Mapping[str, tuple[str, ...]] = {
    "Answered": (ANSWERED,),
    "Skipped": ("skipped",),
    "Prefers not to say": ("refused",),
    "Not understood": ("unparsed",),
    "Not asked, or not reached": ("not_applicable", "not_reached", "not_in_version"),
}
VARIANTS: Mapping[Variant, str] = {
    Variant.ALL: "All",
    Variant.UNFLAGGED: "All, without flagged",
    Variant.PRIMARY: "All, one a person",
}

NO_MARGIN = (
    "Everyone here chose to take part; nobody drew them at random. So no sampling error can be calculated, and a margin"
    " of error would be misleading (AAPOR, Opt-In Surveys and Margin of Error). The numbers say what these people"
    " think, not what everybody thinks."
)
NO_RATE = (
    "There is no response rate: nobody knows how many people saw an invitation. Complete, partial and break-off follow"
    " AAPOR's Standard Definitions: a break-off has fallen silent, or the survey has closed, with under half of the"
    " core questions that applied answered."
)


@dataclass(frozen=True, slots=True)
class Shown:
    """A number as it is shown: None where it is hidden. `percent` is of what the table says, None where it has none.

    It `is_of_all` where it is of all responses in the column instead.
    """

    count: int | None
    percent: int | None = None
    is_of_all: bool = False

    @property
    def words(self) -> str:
        """Write it for a person."""
        if self.count is None:
            return "hidden"
        if self.percent is None or not self.count:
            return f"{self.count:,}"
        return f"{self.count:,} ({self.percent or '<1'}%{' of all' * self.is_of_all})"


@dataclass(frozen=True, slots=True)
class Column:
    """A column: the mode or what else it counts, and of which responses. One that `is_wide` stands in CSV alone."""

    code: str
    name: str
    variant: Variant = Variant.ALL
    is_wide: bool = False


@dataclass(frozen=True, slots=True)
class Line:
    """A line: its code, what it is called, and a number for each column. A sum is set apart from what it sums."""

    code: str
    name: str
    cells: tuple[Shown, ...]
    is_sum: bool = False


@dataclass(frozen=True, slots=True)
class Grid:
    """One table. `id` is unlike any other's. `first` heads the first column; `note` stands below."""

    id: str
    caption: str
    first: str
    columns: tuple[Column, ...]
    lines: tuple[Line, ...]
    note: str = ""


@dataclass(frozen=True, slots=True)
class Report:
    """The report. `made_at` and `looked_at` (when marks were last looked for) are epoch milliseconds UTC."""

    survey: str
    title: str
    made_at: int
    looked_at: int | None
    responses: int | None
    is_publishable: bool
    notes: tuple[str, ...]
    ended: tuple[Grid, ...]
    marks: tuple[Grid, ...]
    questions: tuple[Grid, ...]

    @property
    def grids(self) -> tuple[Grid, ...]:
        """Every table, in order."""
        return (*self.ended, *self.marks, *self.questions)


@dataclass(frozen=True, slots=True)
class Counted:
    """What a report is made of: the counts, and what campaigns are called."""

    counts: Counts
    campaigns: Mapping[str, str]
    made_at: int
    looked_at: int | None

    @property
    def published(self) -> Published:
        """The survey."""
        return self.counts.published


async def counted(database: Database, survey: str, *, include_test: bool, now: int) -> Counted:
    """Count a survey for its report (`now`: epoch milliseconds UTC). Raises UnknownSurvey."""
    published = await database.read(lambda: read_published(survey))
    counts = await asyncio.to_thread(count_by_mode, database, Selection(published, now, include_test))
    called = {row.id: row.name for row in await database.read(lambda: campaigns.of_survey(survey))}
    return Counted(counts, called, now, await database.read(lambda: annotations.looked_at(survey)))


def exact_report(counted: Counted) -> Report:
    """Make the report with every count as it is: for those who see the answers, and never to be published."""
    counts = counted.counts
    return Report(
        survey=counts.published.survey,
        title=title_of(counts.published),
        made_at=counted.made_at,
        looked_at=counted.looked_at,
        responses=counts.total(),
        is_publishable=False,
        notes=(NO_MARGIN, NO_RATE),
        ended=tuple(_ended(counted)),
        marks=(_marks(counts),),
        questions=tuple(_question(counts, variable) for variable in asked(counts.published)),
    )


def asked(published: Published) -> Iterator[Variable]:
    """Give what is counted: every question that is asked and stands in the export."""
    return (variable for variable in published.variables if variable.question.is_asked)


def title_of(published: Published) -> str:
    """Give the survey's title in its own language."""
    return wording(published.newest.title, "", published.newest.default_language)


def words_of(published: Published, variable: Variable) -> str:
    """Give a question's wording in the survey's own language."""
    return wording(variable.question.label, "", published.newest.default_language)


def labels_of(published: Published, variable: Variable) -> dict[str, str]:
    """Give each choice's label in the survey's own language, by code."""
    own = published.newest.default_language
    return {choice.name: wording(choice.label, "", own) or choice.name for choice in variable.choices}


def mode_name(mode: str) -> str:
    """Write a mode for a person."""
    return MODES.get(mode) or mode.replace("-", " ").replace("_", " ").capitalize()


def percent(count: int, base: int) -> int | None:
    """Give a share in whole hundredths; None of nothing."""
    return min(100, round(100 * count / base)) if base else None


def named_dimensions(counted: Counted) -> Mapping[str, tuple[str, Mapping[str, str]]]:
    """Say by what dispositions are counted: the table's id, what heads it, and what its lines are called."""
    seen = list(counted.counts.dispositions)
    return {
        "mode": ("Mode", {mode: mode_name(mode) for mode in counted.counts.modes}),
        "language": ("Language", {key[1]: name_in_english(key[1]) if key[1] else "Not known" for key in seen}),
        "campaign": ("Campaign", {key[2]: counted.campaigns.get(key[2], key[2]) or "No campaign" for key in seen}),
    }


def dispositions_by(counts: Counts, dimension: str) -> dict[str, dict[str, int]]:
    """Count dispositions by mode, language or campaign; the line with the most responses first."""
    place = ("mode", "language", "campaign").index(dimension)
    lines: dict[str, dict[str, int]] = {}
    for key, number in counts.dispositions.items():
        line = lines.setdefault(key[place], dict.fromkeys(DISPOSITIONS, 0))
        line[key[3]] += number
    return dict(sorted(lines.items(), key=lambda line: (-sum(line[1].values()), line[0])))


def _ended(counted: Counted) -> Iterator[Grid]:
    columns = (Column("responses", "Responses"), *(Column(code, ENDED[code]) for code in DISPOSITIONS))
    for dimension, (first, names) in named_dimensions(counted).items():
        found = dispositions_by(counted.counts, dimension)
        lines = [_ended_line(code, names[code], numbers) for code, numbers in found.items()]
        sums = {code: sum(numbers[code] for numbers in found.values()) for code in DISPOSITIONS}
        lines.append(_ended_line(EVERYBODY, "All", sums, is_sum=True))
        yield Grid(f"ended-by-{dimension}", f"What became of responses, by {dimension}", first, columns, tuple(lines))


def _ended_line(code: str, name: str, numbers: Mapping[str, int], *, is_sum: bool = False) -> Line:
    whole = sum(numbers.values())
    cells = (Shown(whole), *(Shown(numbers[each], percent(numbers[each], whole)) for each in DISPOSITIONS))
    return Line(code, name, cells, is_sum)


def _marks(counts: Counts) -> Grid:
    modes = counts.modes
    columns = (*(Column(mode, mode_name(mode)) for mode in modes), Column("all", VARIANTS[Variant.ALL]))

    def line(code: str, name: str, numbers: Sequence[int]) -> Line:
        wholes = [counts.total(mode=mode) for mode in modes]
        pairs = zip([*numbers, sum(numbers)], [*wholes, sum(wholes)], strict=True)
        return Line(code, name, tuple(Shown(number, percent(number, whole)) for number, whole in pairs))

    def left_out(variant: Variant) -> list[int]:
        return [counts.total(mode=mode) - counts.total(variant, mode) for mode in modes]

    lines = [line(mark, MARKED[mark], [counts.marks[mark, mode] for mode in modes]) for mark in quality.MARKS]
    lines.append(line("flagged", "Left out in “without flagged”", left_out(Variant.UNFLAGGED)))
    lines.append(line("not_primary", "Left out in “one a person”", left_out(Variant.PRIMARY)))
    return Grid("marks", "Marks for your judgement", "Mark", columns, tuple(lines), MARKS_NOTE)


MARKED: Mapping[str, str] = {
    quality.STRAIGHTLINE: "Five opinions in a row answered alike, on one scale",
    quality.TOO_FAST: "Answers under two seconds apart",
    quality.SIMILAR_TEXT: "A long answer that others have sent too",
    quality.BURST: "Began in a burst",
    quality.SEQUENTIAL: "Phone numbers that follow each other",
    quality.NO_CAMPAIGN: "Texted in without a campaign’s word",
}
MARKS_NOTE = (
    "A mark is no proof, and nobody is left out for one: an organised letter is an opinion too. “Without flagged” shows"
    " what would change; a start without a campaign is no reason for that. “One a person” keeps the most complete"
    " response of those who joined two phones or apps, or answered twice."
)


def _question(counts: Counts, variable: Variable) -> Grid:
    name, published = variable.question.name, counts.published
    columns = _columns(counts.modes)
    wholes = [_count(counts, None, column) for column in columns]
    answered = [_count(counts, Value(name), column) for column in columns]
    lines = [
        _line(code, label, [_count(counts, Value(name, code), column) for column in columns], answered)
        for code, label in (labels_of(published, variable).items() if variable.question.is_closed else ())
    ]
    for label, states in STATES.items():
        every = [[_count(counts, Value(name, state=state), column) for column in columns] for state in states]
        numbers = [sum(each) for each in zip(*every, strict=True)]
        if any(numbers) or states == (ANSWERED,):
            lines.append(_line(f"*{states[0]}", label, numbers, wholes))
    lines.append(Line(EVERYBODY, "All responses", tuple(Shown(whole) for whole in wholes), is_sum=True))
    note = " ".join(filter(None, (_share_note(variable), wording_note(variable, counts.wordings.get(name, {})))))
    caption = words_of(published, variable)
    return Grid(f"question-{variable.column}", caption, "Answer", columns, tuple(lines), note)


def _columns(modes: Sequence[str]) -> tuple[Column, ...]:
    return (
        *(Column(mode, mode_name(mode)) for mode in modes),
        *(Column("all", name, variant) for variant, name in VARIANTS.items()),
        *(
            Column(mode, mode_name(mode), variant, is_wide=True)
            for variant in VARIANTS
            if variant is not Variant.ALL
            for mode in modes
        ),
    )


def _count(counts: Counts, value: Value | None, column: Column) -> int:
    mode = None if column.code == "all" else column.code
    return counts.total(column.variant, mode) if value is None else counts.of(value, column.variant, mode)


def _line(code: str, name: str, numbers: Sequence[int], bases: Sequence[int]) -> Line:
    pairs = zip(numbers, bases, strict=True)
    return Line(code, name, tuple(Shown(number, percent(number, base)) for number, base in pairs))


def _share_note(variable: Variable) -> str:
    if not variable.question.is_closed:
        what = {QuestionType.TEXT: "An open question: what people wrote is in the export."}
        return what.get(variable.question.type, "The values are in the export.")
    several = " Several could be chosen, so they add up to more." if variable.is_multiple else ""
    return f"The share of a choice is of those who answered.{several}"


def wording_note(variable: Variable, asked_in: Mapping[str, Sequence[str]]) -> str:
    """Say in which modes a question had its short wording and in which its full one, where both were used."""
    short, full = (", ".join(map(mode_name, asked_in.get(each, ()))) for each in ("sms", "full"))
    if not (variable.question.sms_label and short and full):
        return ""
    return f"Asked in a short wording: {short}. In the full wording: {full}. Answers may differ for that."

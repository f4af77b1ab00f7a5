"""One question's table in the form that may be published: what is hidden, what stands together, what shares are of.

Everybody stands in one line of a table exactly once, also who did not answer, so that `disclosure` can see to it that
no hidden number is found. A share is of those who answered, as in the exact report, where their number is told as well;
else it says that it is of all. So no share tells what the shown numbers do not say already.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from bot.analysis.columns import Variable
from bot.analysis.disclosure import Table, gathered, hidden_cells, rounded
from bot.analysis.hiding import FEW
from bot.analysis.modes.counting import Counts, Value, Variant
from bot.analysis.modes.report import EVERYBODY, Column, Line, Shown, labels_of, percent

HIDDEN = Shown(None)
TOGETHER, REST, ANSWERED = "*others", "*none", "*answered"
"""The keys of the lines that are no choice's: see EVERYBODY."""
SHARES = "The share of a choice is of those who answered. It is “of all” where their number is hidden."
SHARES_OF_ALL = "The share is of all responses in the column."


@dataclass(frozen=True, slots=True)
class Modes:
    """The modes as they are published: each with the modes that it stands for, and what was left out of whom."""

    columns: tuple[tuple[Column, tuple[str, ...]], ...]
    variants: tuple[Variant, ...]

    @property
    def counted(self) -> list[tuple[Variant, Sequence[str] | None]]:
        """Say of each column what it counts: the modes, all, and the variants."""
        modes = [(Variant.ALL, those) for _, those in self.columns]
        return [*modes, (Variant.ALL, None), *((variant, None) for variant in self.variants)]


@dataclass(frozen=True, slots=True)
class Told:
    """A question's lines. `conceals` says whether anything was hidden or put together; `note` what shares are of."""

    lines: tuple[Line, ...]
    conceals: bool
    note: str


@dataclass(frozen=True, slots=True)
class _Row:
    """One line of a table with what it counts: the values of a question, or none of them for no answer."""

    code: str
    name: str
    values: tuple[Value, ...]
    is_rest: bool = False


@dataclass(frozen=True, slots=True)
class _Protected:
    """A table of one line for each part, with what is hidden of it."""

    parts: list[list[_Row]]
    numbers: list[list[int]]
    hidden: list[list[bool]]

    @property
    def conceals(self) -> bool:
        return any(len(part) > 1 for part in self.parts) or any(map(any, self.hidden))

    @property
    def rest(self) -> int:
        """Say in which line those are who chose none."""
        return next(place for place, part in enumerate(self.parts) if any(row.is_rest for row in part))


def as_published(count: int, base: int) -> Shown:
    """Round a number, and take its share from what is shown, for a share of exact numbers would tell them."""
    return Shown(rounded(count), percent(rounded(count), rounded(base)))


def question_lines(counts: Counts, variable: Variable, modes: Modes) -> Told:
    """Write a question's lines."""
    name = variable.question.name
    wholes = [_whole(counts, variant, those) for variant, those in modes.counted]
    answered = _protected(counts, [_Row(ANSWERED, "Answered", (Value(name),))], modes)
    if not variable.question.is_closed:
        lines, conceals = [_line_of_choice(answered, wholes, wholes)], answered.conceals
    else:
        labels = labels_of(counts.published, variable)
        choices = [_Row(code, label, (Value(name, code),)) for code, label in labels.items()]
        if variable.is_multiple:
            # Several may be chosen, so each choice is a table by itself: those who chose it, and the others.
            each = [_protected(counts, [choice], modes) for choice in choices]
            lines = _lines_of_several(answered, each, wholes, modes)
            conceals = any(table.conceals for table in each)
        else:
            table = _protected(counts, choices, modes)
            lines, conceals = _lines_of_one(table, wholes), table.conceals
    sums = Line(EVERYBODY, "All responses", tuple(Shown(rounded(whole)) for whole in wholes), is_sum=True)
    return Told((*lines, sums), conceals, SHARES if variable.question.is_closed else SHARES_OF_ALL)


def _lines_of_one(table: _Protected, wholes: Sequence[int]) -> list[Line]:
    rest = table.rest
    bases: list[int | None] = [None] * len(wholes)
    if len(table.parts[rest]) == 1:
        cells = zip(table.numbers[rest], table.hidden[rest], wholes, strict=True)
        bases = [None if is_hidden else whole - number for number, is_hidden, whole in cells]
    of_rest = wholes if len(table.parts[rest]) == 1 else bases
    return [_line(table, place, of_rest if place == rest else bases, wholes) for place in range(len(table.parts))]


def _lines_of_several(
    answered: _Protected, each: Sequence[_Protected], wholes: Sequence[int], modes: Modes
) -> list[Line]:
    if not _may_tell_answered(answered, each, modes):
        return [_line_of_choice(table, [None] * len(wholes), wholes) for table in each]
    lines = [_line_of_choice(table, answered.numbers[0], wholes) for table in each]
    return [*lines, _line(answered, 0, wholes, wholes)]


def _may_tell_answered(answered: _Protected, each: Sequence[_Protected], modes: Modes) -> bool:
    """Say whether the number of those who answered may stand beside those of the choices.

    Together they tell how many answered and did not make a choice, and how many choices were made beyond one each.
    Both must be nowhere under 10. The latter bounds who chose several. Where choices are hidden it also lets nobody
    find that somebody made them: the shown ones are more than enough for all who answered.
    """
    shown = [table for table in each if len(table.parts) > 1]
    if answered.conceals or any(table.conceals for table in shown):
        return False
    those = _with_left_out(answered, modes)
    made = [_with_left_out(table, modes) for table in shown]
    return all(
        count >= FEW
        for place, all_of in enumerate(those)
        for count in [sum(numbers[place] for numbers in made) - all_of, *(all_of - numbers[place] for numbers in made)]
    )


def _with_left_out(table: _Protected, modes: Modes) -> list[int]:
    """Give the numbers of a table's first line, and behind them whom each variant leaves out."""
    everybody = len(modes.columns)
    numbers = table.numbers[0]
    return [*numbers, *(numbers[everybody] - number for number in numbers[everybody + 1 :])]


def _line_of_choice(table: _Protected, bases: Sequence[int | None], wholes: Sequence[int]) -> Line:
    """Write the line of a table's one choice: hidden as a whole where it or its rest is under 10."""
    if len(table.parts) > 1:
        return _line(table, 0, bases, wholes)
    choice = table.parts[0][0]
    return Line(choice.code, choice.name, tuple(HIDDEN for _ in wholes))


def _line(table: _Protected, place: int, bases: Sequence[int | None], wholes: Sequence[int]) -> Line:
    """Write a line with shares of `bases`, or of `wholes` where there is none."""
    part = table.parts[place]
    cells = []
    columns = zip(table.numbers[place], table.hidden[place], bases, wholes, strict=True)
    for number, is_hidden, base, whole in columns:
        cell = as_published(number, whole if base is None else base)
        cells.append(HIDDEN if is_hidden else replace(cell, is_of_all=base is None))
    # Every choice is named in some line, whether anybody made it or not.
    name = part[0].name if len(part) == 1 else f"Together: {', '.join(row.name for row in part)}"
    return Line(part[0].code if len(part) == 1 else TOGETHER, name, tuple(cells))


def _protected(counts: Counts, choices: Sequence[_Row], modes: Modes) -> _Protected:
    """Put lines together and hide numbers until all that is shown may be. The rest is a line besides the choices."""
    values = tuple(value for row in choices for value in row.values)
    rows = [*choices, _Row(REST, "No answer, or not asked", values, is_rest=True)]
    together = gathered({row.code: _number(counts, row, Variant.ALL, None) for row in rows})
    parts = [[row] for row in rows if row.code not in together]
    if together:
        parts.append([row for row in rows if row.code in together])
    numbers = [[_sum(counts, part, variant, those) for variant, those in modes.counted] for part in parts]
    everybody = len(modes.columns)
    by_mode = _hidden([line[:everybody] for line in numbers])
    # Each variant is a table of two columns: those within it, and what it leaves out.
    splits = [
        _hidden([[line[place], line[everybody] - line[place]] for line in numbers])
        for place in range(everybody + 1, len(modes.counted))
    ]
    hidden = [[*by_mode[place], False, *(split[place][0] for split in splits)] for place in range(len(parts))]
    return _Protected(parts, numbers, hidden)


def _hidden(table: Table) -> list[list[bool]]:
    hidden = hidden_cells(table)
    return [[(row, column) in hidden for column in range(len(table[row]))] for row in range(len(table))]


def _number(counts: Counts, row: _Row, variant: Variant, modes: Sequence[str] | None) -> int:
    found = 0
    for mode in modes or (None,):
        counted = sum(counts.of(value, variant, mode) for value in row.values)
        found += counts.total(variant, mode) - counted if row.is_rest else counted
    return found


def _sum(counts: Counts, part: Sequence[_Row], variant: Variant, modes: Sequence[str] | None) -> int:
    return sum(_number(counts, row, variant, modes) for row in part)


def _whole(counts: Counts, variant: Variant, modes: Sequence[str] | None) -> int:
    return sum(counts.total(variant, mode) for mode in modes or (None,))

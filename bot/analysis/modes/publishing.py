"""The report by mode in the form that may be published: `disclosure`'s rule, table by table and between them.

What tables have in common, the sums by mode, is made 10 or more first and shown in every one, so that no table tells
what another hides. Whoever was left out as flagged is counted as a column of its own that is never shown: what it holds
is protected like the rest. A question that follows from another's answer is shown only where neither hides anything.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from bot.analysis.columns import Variable
from bot.analysis.disclosure import Table, gathered, hidden_cells, rounded
from bot.analysis.hiding import FEW
from bot.analysis.modes.counting import Counts, Value, Variant
from bot.analysis.modes.report import (
    NO_MARGIN,
    NO_RATE,
    VARIANTS,
    Column,
    Counted,
    Grid,
    Line,
    Report,
    Shown,
    dispositions_by,
    labels_of,
    mode_name,
    named_dimensions,
    percent,
    title_of,
    wording_note,
    words_of,
)
from bot.analysis.status import COMPLETE
from bot.core.expressions import references
from bot.core.survey import Question

RULE = (
    "A number under 10 is hidden, and so is as much beside it as would give it away; the others are rounded to the"
    " nearest 5 (ONS 10-5 rule), so they need not add up. Publish one such report, once the survey has closed: two of"
    " different days tell what came between them."
)
TOO_FEW = "Fewer than 10 people answered, so nothing can be published."
HIDDEN = Shown(None)
OTHERS = "All others"
"""What stands together, without a name: that a language is among those with people would tell that it has one."""


@dataclass(frozen=True, slots=True)
class _Row:
    """One line of a table with what it counts: the values of a question, or none of them for no answer."""

    code: str
    name: str
    values: tuple[Value, ...]
    is_rest: bool = False


@dataclass(frozen=True, slots=True)
class _Modes:
    """The modes as they are published: each with the modes that it stands for, and what was left out of whom."""

    columns: tuple[tuple[Column, tuple[str, ...]], ...]
    variants: tuple[Variant, ...]


def publishable_report(counted: Counted) -> Report:
    """Make the report that may be published."""
    counts = counted.counts
    enough = counts.total() >= FEW
    modes = _publishable_modes(counts) if enough else _Modes((), ())
    return Report(
        survey=counts.published.survey,
        title=title_of(counts.published),
        made_at=counted.made_at,
        looked_at=counted.looked_at,
        responses=rounded(counts.total()) if enough else None,
        is_publishable=True,
        notes=(NO_MARGIN, NO_RATE, *_left_out(counts), RULE) if enough else (NO_MARGIN, TOO_FEW),
        ended=tuple(_ended(counted)) if enough else (),
        marks=(),
        questions=tuple(_questions(counts, modes)) if enough else (),
    )


def _publishable_modes(counts: Counts) -> _Modes:
    sums = {mode: counts.total(mode=mode) for mode in counts.modes}
    together = gathered(sums)
    columns: list[tuple[Column, tuple[str, ...]]] = [
        (Column(mode, mode_name(mode)), (mode,)) for mode in sums if mode not in together
    ]
    if together and columns:
        columns.append((Column("others", OTHERS), tuple(together)))
    variants = (Variant.UNFLAGGED, Variant.PRIMARY)
    return _Modes(tuple(columns), tuple(variant for variant in variants if _may_be_told(counts, variant)))


def _may_be_told(counts: Counts, variant: Variant) -> bool:
    return min(counts.total(variant), counts.total() - counts.total(variant)) >= FEW


def _left_out(counts: Counts) -> Iterator[str]:
    """Say how many a variant leaves out, where that can be said."""
    for variant, name in VARIANTS.items():
        if variant is Variant.ALL:
            continue
        out = counts.total() - counts.total(variant)
        if _may_be_told(counts, variant):
            yield f"“{name}” leaves {rounded(out):,} responses out."
        else:
            yield f"“{name}” is not shown: it leaves out nobody or too few people, or counts too few."


def _ended(counted: Counted) -> Iterator[Grid]:
    """Show how many are complete, by mode, language and campaign."""
    columns = (Column("responses", "Responses"), Column("complete", "Complete"), Column("unfinished", "Not complete"))
    for dimension, (first, names) in named_dimensions(counted).items():
        pairs: dict[str, tuple[int, ...]] = {
            code: (ended[COMPLETE], sum(ended.values()) - ended[COMPLETE])
            for code, ended in dispositions_by(counted.counts, dimension).items()
        }
        if min(sum(pair[0] for pair in pairs.values()), sum(pair[1] for pair in pairs.values())) < FEW:
            # Who is not complete, or who is, are too few to be told apart at all.
            pairs = {code: (sum(pair),) for code, pair in pairs.items()}
        lines = _ended_lines(pairs, names)
        shown = columns[: len(lines[0].cells)]
        yield Grid(f"ended-by-{dimension}", f"What became of responses, by {dimension}", first, shown, tuple(lines))


def _ended_lines(pairs: Mapping[str, tuple[int, ...]], names: Mapping[str, str]) -> list[Line]:
    together = gathered({code: sum(pair) for code, pair in pairs.items()})
    lines = [(code, names[code], pair) for code, pair in pairs.items() if code not in together]
    if together and lines:
        lines.append(("others", OTHERS, tuple(map(sum, zip(*(pairs[code] for code in together), strict=True)))))
    hidden = hidden_cells([pair for _, _, pair in lines])
    written = [
        _ended_line(code, name, pair, [(place, column) in hidden for column in range(len(pair))])
        for place, (code, name, pair) in enumerate(lines)
    ]
    sums = [sum(each) for each in zip(*pairs.values(), strict=True)]
    return [*written, _ended_line("all", "All", sums, [False] * len(sums), is_sum=True)]


def _ended_line(code: str, name: str, pair: Sequence[int], is_hidden: Sequence[bool], *, is_sum: bool = False) -> Line:
    whole = sum(pair)
    cells = [HIDDEN if hid else _shown(number, whole) for number, hid in zip(pair, is_hidden, strict=True)]
    return Line(code, name, (Shown(rounded(whole)), *(cells if len(pair) > 1 else ())), is_sum)


def _shown(count: int, base: int) -> Shown:
    """Round a number, and take its share from what is shown, for a share of exact numbers would tell them."""
    return Shown(rounded(count), percent(rounded(count), rounded(base)))


def _questions(counts: Counts, modes: _Modes) -> Iterator[Grid]:
    concealing: set[str] = set()
    for variable in counts.published.variables:
        question = variable.question
        leans_on = _leans_on(question) & {each.question.name for each in counts.published.variables}
        if not question.is_asked:
            concealing |= {question.name} if leans_on & concealing else set()
            continue
        lines, conceals = _lines(counts, variable, modes)
        withheld = bool(leans_on) and (conceals or bool(leans_on & concealing))
        if conceals or withheld:
            concealing.add(question.name)
        yield _grid(counts, variable, modes, () if withheld else lines)


def _leans_on(question: Question) -> frozenset[str]:
    """Name the questions whose answers decide who is asked this one, what they may choose, or what it works out."""
    expressions = (question.relevant, question.choice_filter, question.calculation)
    return frozenset().union(*(references(each) for each in expressions if each))


def _grid(counts: Counts, variable: Variable, modes: _Modes, lines: Sequence[Line]) -> Grid:
    note = "Shares are of all responses in the column."
    if not lines:
        note = "Not shown: it follows from another answer, and together they would tell of fewer than 10 people."
    note = " ".join(filter(None, (note, _wording_note(counts, variable, modes) if lines else "")))
    columns = (
        *(column for column, _ in modes.columns),
        Column("all", VARIANTS[Variant.ALL]),
        *(Column("all", VARIANTS[variant], variant) for variant in modes.variants),
    )
    caption = words_of(counts.published, variable)
    return Grid(f"question-{variable.column}", caption, "Answer", columns, tuple(lines), note)


def _wording_note(counts: Counts, variable: Variable, modes: _Modes) -> str:
    """Say it of the modes that are shown, as all questions had them: of one it would tell that no one answered it."""
    shown = [column.code for column, _ in modes.columns]
    names = [each.question.name for each in counts.published.variables if each.question.sms_label]
    asked_in = {
        wording: [
            mode for mode in shown if any(mode in counts.wordings.get(name, {}).get(wording, ()) for name in names)
        ]
        for wording in ("sms", "full")
    }
    return wording_note(variable, asked_in)


def _lines(counts: Counts, variable: Variable, modes: _Modes) -> tuple[list[Line], bool]:
    """Write a question's lines; say whether anything was hidden or put together."""
    name = variable.question.name
    labels = labels_of(counts.published, variable) if variable.question.is_closed else {}
    if variable.is_multiple:
        # Several may be chosen, so each choice is a table by itself: those who chose it, and the others.
        tables = [[_Row(code, label, (Value(name, code),))] for code, label in labels.items()]
    elif variable.question.is_closed:
        tables = [[_Row(code, label, (Value(name, code),)) for code, label in labels.items()]]
    else:
        tables = [[_Row("answered", "Answered", (Value(name),))]]
    lines: list[Line] = []
    conceals = False
    for rows in tables:
        rest = _Row("none", "No answer to this", tuple(value for row in rows for value in row.values), is_rest=True)
        written, hides = _protected(counts, [*rows, rest], modes)
        if len(rows) == 1 and len(written) == 1:
            # One of the two is under 10, so either would tell the other.
            written = [Line(rows[0].code, rows[0].name, tuple(HIDDEN for _ in written[0].cells))]
        lines += [line for line in written if line.code != "none" or len(rows) > 1]
        conceals |= hides
    lines.append(_sums(counts, modes))
    return lines, conceals


def _protected(counts: Counts, rows: Sequence[_Row], modes: _Modes) -> tuple[list[Line], bool]:
    """Write lines that together hold everybody once; say whether anything was hidden or put together."""
    together = gathered({row.code: _number(counts, row, Variant.ALL, None) for row in rows})
    kept = [[row] for row in rows if row.code not in together]
    if together:
        kept.append([row for row in rows if row.code in together])
    by_mode = _hidden(kept, [[_sum(counts, part, Variant.ALL, those) for _, those in modes.columns] for part in kept])
    lines, hides = [], bool(together) or any(map(any, by_mode))
    hidden_in = {variant: _hidden(kept, _split(counts, kept, variant)) for variant in modes.variants}
    for place, part in enumerate(kept):
        cells = [
            HIDDEN if by_mode[place][at] else _cell(counts, part, Variant.ALL, those)
            for at, (_, those) in enumerate(modes.columns)
        ]
        cells.append(_cell(counts, part, Variant.ALL, None))
        cells += [
            HIDDEN if hidden_in[variant][place][0] else _cell(counts, part, variant, None) for variant in modes.variants
        ]
        code = part[0].code if len(part) == 1 else "others"
        # Every choice is named in some line, whether anybody made it or not.
        name = part[0].name if len(part) == 1 else f"Together: {', '.join(row.name for row in part)}"
        lines.append(Line(code, name, tuple(cells)))
    return lines, hides or any(any(map(any, each)) for each in hidden_in.values())


def _split(counts: Counts, kept: Sequence[Sequence[_Row]], variant: Variant) -> Table:
    """Count each line twice: within a variant, and what it leaves out."""
    inside = [_sum(counts, part, variant, None) for part in kept]
    whole = [_sum(counts, part, Variant.ALL, None) for part in kept]
    return [[number, every - number] for number, every in zip(inside, whole, strict=True)]


def _hidden(kept: Sequence[Sequence[_Row]], table: Table) -> list[list[bool]]:
    hidden = hidden_cells(table)
    return [[(row, column) in hidden for column in range(len(table[row]))] for row in range(len(kept))]


def _number(counts: Counts, row: _Row, variant: Variant, modes: Sequence[str] | None) -> int:
    found = 0
    for mode in modes or (None,):
        counted = sum(counts.of(value, variant, mode) for value in row.values)
        found += counts.total(variant, mode) - counted if row.is_rest else counted
    return found


def _sum(counts: Counts, part: Sequence[_Row], variant: Variant, modes: Sequence[str] | None) -> int:
    return sum(_number(counts, row, variant, modes) for row in part)


def _cell(counts: Counts, part: Sequence[_Row], variant: Variant, modes: Sequence[str] | None) -> Shown:
    whole = sum(counts.total(variant, mode) for mode in modes or (None,))
    return _shown(_sum(counts, part, variant, modes), whole)


def _sums(counts: Counts, modes: _Modes) -> Line:
    cells = [Shown(rounded(sum(counts.total(mode=mode) for mode in those))) for _, those in modes.columns]
    cells.append(Shown(rounded(counts.total())))
    cells += [Shown(rounded(counts.total(variant))) for variant in modes.variants]
    return Line("all", "All responses", tuple(cells), is_sum=True)

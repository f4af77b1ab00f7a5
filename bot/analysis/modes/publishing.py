"""The report by mode in the form that may be published: `disclosure`'s rule, table by table and between them.

What tables have in common, the sums by mode, is made 10 or more first and shown in every one, so that no table tells
what another hides. Whoever was left out as flagged is counted as a column of its own that is never shown: what it holds
is protected like the rest. A question that follows from another's answer is shown only where neither hides anything.
"""

from collections.abc import Iterator, Mapping, Sequence

from bot.analysis.columns import Variable
from bot.analysis.disclosure import gathered, hidden_cells, rounded
from bot.analysis.hiding import FEW
from bot.analysis.modes.counting import Counts, Variant
from bot.analysis.modes.protecting import HIDDEN, TOGETHER, Modes, Told, as_published, question_lines
from bot.analysis.modes.report import (
    EVERYBODY,
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
    mode_name,
    named_dimensions,
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
WITHHELD = "Not shown: it follows from another answer, and together they would tell of fewer than 10 people."
OTHERS = "All others"
"""What stands together, without a name: that a language is among those with people would tell that it has one."""


def publishable_report(counted: Counted) -> Report:
    """Make the report that may be published."""
    counts = counted.counts
    enough = counts.total() >= FEW
    modes = _publishable_modes(counts) if enough else Modes((), ())
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


def _publishable_modes(counts: Counts) -> Modes:
    sums = {mode: counts.total(mode=mode) for mode in counts.modes}
    together = gathered(sums)
    columns: list[tuple[Column, tuple[str, ...]]] = [
        (Column(mode, mode_name(mode)), (mode,)) for mode in sums if mode not in together
    ]
    if together and columns:
        columns.append((Column("others", OTHERS), tuple(together)))
    variants = (Variant.UNFLAGGED, Variant.PRIMARY)
    return Modes(tuple(columns), tuple(variant for variant in variants if _may_be_told(counts, variant)))


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
        lines.append((TOGETHER, OTHERS, tuple(map(sum, zip(*(pairs[code] for code in together), strict=True)))))
    hidden = hidden_cells([pair for _, _, pair in lines])
    written = [
        _ended_line(code, name, pair, [(place, column) in hidden for column in range(len(pair))])
        for place, (code, name, pair) in enumerate(lines)
    ]
    sums = [sum(each) for each in zip(*pairs.values(), strict=True)]
    return [*written, _ended_line(EVERYBODY, "All", sums, [False] * len(sums), is_sum=True)]


def _ended_line(code: str, name: str, pair: Sequence[int], is_hidden: Sequence[bool], *, is_sum: bool = False) -> Line:
    whole = sum(pair)
    cells = [HIDDEN if hid else as_published(number, whole) for number, hid in zip(pair, is_hidden, strict=True)]
    return Line(code, name, (Shown(rounded(whole)), *(cells if len(pair) > 1 else ())), is_sum)


def _questions(counts: Counts, modes: Modes) -> Iterator[Grid]:
    concealing: set[str] = set()
    for variable in counts.published.variables:
        question = variable.question
        leans_on = _leans_on(question) & {each.question.name for each in counts.published.variables}
        if not question.is_asked:
            concealing |= {question.name} if leans_on & concealing else set()
            continue
        told = question_lines(counts, variable, modes)
        is_withheld = bool(leans_on) and (told.conceals or bool(leans_on & concealing))
        if told.conceals or is_withheld:
            concealing.add(question.name)
        yield _grid(counts, variable, modes, Told((), conceals=True, note=WITHHELD) if is_withheld else told)


def _leans_on(question: Question) -> frozenset[str]:
    """Name the questions whose answers decide who is asked this one, what they may choose, or what it works out."""
    expressions = (question.relevant, question.choice_filter, question.calculation)
    return frozenset().union(*(references(each) for each in expressions if each))


def _grid(counts: Counts, variable: Variable, modes: Modes, told: Told) -> Grid:
    note = " ".join(filter(None, (told.note, _wording_note(counts, variable, modes) if told.lines else "")))
    columns = (
        *(column for column, _ in modes.columns),
        Column("all", VARIANTS[Variant.ALL]),
        *(Column("all", VARIANTS[variant], variant) for variant in modes.variants),
    )
    caption = words_of(counts.published, variable)
    return Grid(f"question-{variable.column}", caption, "Answer", columns, told.lines, note)


def _wording_note(counts: Counts, variable: Variable, modes: Modes) -> str:
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

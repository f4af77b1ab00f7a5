"""What may be published of a report: over every table, and between tables, nothing hidden comes out."""

import re
from collections import Counter
from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.analysis.columns import Published
from bot.analysis.hiding import FEW
from bot.analysis.modes.counting import Counts, Kind, Value, Variant
from bot.analysis.modes.protecting import ANSWERED, REST, TOGETHER
from bot.analysis.modes.publishing import publishable_report
from bot.analysis.modes.report import Column, Counted, Grid, Line, Report, exact_report
from bot.analysis.modes.writing import written
from bot.core.survey import Choice, QuestionType
from tests.analysis.filling import AGREE, BEGAN, ask, version
from tests.analysis.modes.town import SURVEY
from tests.analysis.test_disclosure import ranges

CODES = ("agree", "neither", "disagree")
RESERVED = ("none", "others", "all")
"""What a table's own lines could be called: a survey may have such codes."""
MODES = ("sms", "web", "paper")
KINDS = [
    Kind(mode, is_flagged, is_primary) for mode in MODES for is_flagged in (False, True) for is_primary in (True, False)
]
MANY = st.one_of(st.just(0), st.integers(0, 9), st.integers(0, 30))


def coded(codes: Sequence[str], type: QuestionType = QuestionType.SELECT_ONE) -> Published:
    choices = tuple(Choice(code, {"en": code.title()}) for code in codes)
    return Published("stoke", (version("1", ask("safe", type, choices=choices)),), None)


@st.composite
def counted(draw: st.DrawFn) -> Counted:
    """Any survey of one question with three choices: how many of each kind chose what, or nothing."""
    counts = Counts(coded(draw(st.sampled_from([CODES, RESERVED]))))
    for kind in KINDS:
        numbers = [draw(MANY) if kind.is_primary and not kind.is_flagged else draw(MANY) // 4 for _ in range(4)]
        if sum(numbers):
            counts.responses[kind] = sum(numbers)
            complete = draw(st.integers(0, sum(numbers)))
            counts.dispositions[kind.mode, "en", "", "complete"] += complete
            counts.dispositions[kind.mode, "en", "", "partial"] += sum(numbers) - complete
        for code, number in zip(codes_of(counts), numbers, strict=False):
            counts.values.setdefault(Value("safe", code), Counter())[kind] = number
        counts.values.setdefault(Value("safe"), Counter())[kind] = sum(numbers[:3])
    return Counted(counts, {}, BEGAN, None)


def codes_of(counts: Counts) -> tuple[str, ...]:
    return counts.published.variables[0].codes


def true_numbers(counts: Counts, line: Line, column: Column, own: Sequence[str]) -> int:
    """Count what a published line and column stand for, exactly; `own` have columns of their own."""
    every = codes_of(counts)
    codes = [code for code in every if code == line.code or (line.code == TOGETHER and code.title() in line.name)]
    modes: list[str | None] = [mode for mode in counts.modes if mode == column.code] or [None]
    if column.code == "others":
        modes = [mode for mode in counts.modes if mode not in own]
    found = 0
    for mode in modes:
        found += sum(counts.of(Value("safe", code), column.variant, mode) for code in codes)
        if line.code == REST or (line.code == TOGETHER and "No answer" in line.name):
            found += counts.total(column.variant, mode)
            found -= sum(counts.of(Value("safe", code), column.variant, mode) for code in every)
    return found


@given(counted())
@settings(max_examples=60, deadline=None)
def test_no_hidden_number_of_a_question_is_found_and_no_shown_one_is_small(counted: Counted) -> None:
    counts, report = counted.counts, publishable_report(counted)
    for grid in report.questions:
        lines = [line for line in grid.lines if not line.is_sum]
        by_mode = [place for place, column in enumerate(grid.columns) if column.code != "all"]
        own = [column.code for column in grid.columns]
        exact = [[true_numbers(counts, line, column, own) for column in grid.columns] for line in lines]
        for line, numbers in zip(lines, exact, strict=True):
            for cell, number in zip(line.cells, numbers, strict=True):
                assert cell.count is None or (number >= FEW and abs(cell.count - number) <= 2)
        assert _is_safe([[row[place] for place in by_mode] for row in exact], _hidden(lines, by_mode))
        every = grid.columns.index(Column("all", "All"))
        for place, column in enumerate(grid.columns):
            if column.variant is not Variant.ALL:
                split = [[row[place], row[every] - row[place]] for row in exact]
                hidden = {(at, side) for at, _ in _hidden(lines, [place]) for side in (0, 1)}
                # What is left out is never shown: who takes the one from the other must not find a small number.
                assert all(out >= FEW for at, (_, out) in enumerate(split) if (at, 0) not in hidden)
                assert _is_safe(split, hidden)


def _hidden(lines: list[Line], places: list[int]) -> set[tuple[int, int]]:
    return {
        (row, column)
        for row, line in enumerate(lines)
        for column, place in enumerate(places)
        if line.cells[place].count is None
    }


def _is_safe(table: list[list[int]], hidden: set[tuple[int, int]]) -> bool:
    return not hidden or all(each >= FEW for each in ranges(table, frozenset(hidden)))


@given(counted())
@settings(max_examples=30, deadline=None)
def test_a_share_is_of_those_who_answered_where_their_number_can_be_worked_out(counted: Counted) -> None:
    for grid in publishable_report(counted).questions:
        *lines, sums = grid.lines
        rest = next((line.cells for line in lines if line.code == REST), None)
        for place, whole in enumerate(sums.cells):
            unanswered = rest[place].count if rest else None
            for line in lines:
                cell = line.cells[place]
                if cell.percent is not None:
                    assert cell.is_of_all is (unanswered is None)
                    base = (whole.count or 0) - (0 if line.code == REST else unanswered or 0)
                    # Each of them is rounded by itself.
                    assert abs(cell.percent * base / 100 - (cell.count or 0)) <= 5 + base / 200


def of_one(published: Published, **many: int) -> Counted:
    """So many chose each code, or both of `one_other`; `silent` did not answer."""
    counts, kind = Counts(published), Kind("sms", False, True)
    counts.responses[kind] = sum(many.values())
    counts.dispositions["sms", "en", "", "complete"] = sum(many.values())
    for codes, number in many.items():
        for code in codes.split("_"):
            counts.values.setdefault(Value("safe", code), Counter())[kind] += number
    counts.values[Value("safe")] = Counter({kind: sum(many.values()) - many.get("silent", 0)})
    return Counted(counts, {}, BEGAN, None)


def shown(grid: Grid) -> dict[str, str]:
    return {line.code: line.cells[-1].words for line in grid.lines}


@pytest.mark.parametrize("code", RESERVED)
def test_a_choice_may_be_coded_like_a_line_of_the_table(code: str) -> None:
    few = of_one(coded(("good", "bad", code)), good=100, bad=40, silent=60, **{code: 3})
    assert shown(question(publishable_report(few), "safe")) == {
        "good": "100 (69%)",
        "*others": "45 (31%)",
        "*none": "60 (29%)",
        "*all": "205",
    }
    many = {"good": 40, code: 30, f"good_{code}": 20, "silent": 60}
    several = of_one(coded(("good", code), QuestionType.SELECT_MULTIPLE), **many)
    assert list(shown(question(publishable_report(several), "safe"))) == ["good", code, "*answered", "*all"]
    exact = question(exact_report(several), "safe")
    assert len({line.code for line in exact.lines}) == len(exact.lines)


@pytest.mark.parametrize(
    ("type", "many", "said"),
    [
        pytest.param(
            QuestionType.SELECT_ONE,
            {"good": 60, "bad": 140, "silent": 100},
            {"good": "60 (30%)", "bad": "140 (70%)", "*none": "100 (33%)", "*all": "300"},
            id="one choice, and many were not asked",
        ),
        pytest.param(
            QuestionType.SELECT_ONE,
            {"good": 150, "bad": 12},
            {"good": "150 (94% of all)", "*others": "10 (6% of all)", "*all": "160"},
            id="nearly all answered",
        ),
        pytest.param(
            QuestionType.SELECT_ONE,
            {"good": 100, "bad": 4, "silent": 60},
            {"good": "100 (61% of all)", "*others": "65 (39% of all)", "*all": "165"},
            id="who did not answer stand together with others",
        ),
        pytest.param(
            QuestionType.SELECT_MULTIPLE,
            {"good": 45, "bad": 25, "good_bad": 30, "silent": 100},
            {"good": "75 (75%)", "bad": "55 (55%)", "*answered": "100 (50%)", "*all": "200"},
            id="several choices",
        ),
        pytest.param(
            QuestionType.SELECT_MULTIPLE,
            {"good": 60, "bad": 40, "silent": 100},
            {"good": "60 (30% of all)", "bad": "40 (20% of all)", "*all": "200"},
            id="too few chose several",
        ),
        pytest.param(
            QuestionType.SELECT_MULTIPLE,
            {"good": 60, "bad": 4, "silent": 100},
            {"good": "60 (36% of all)", "bad": "hidden", "*all": "165"},
            id="too few answered and made another choice",
        ),
    ],
)
def test_a_published_share_is_of_those_who_answered_as_an_exact_one_is(
    type: QuestionType, many: dict[str, int], said: dict[str, str]
) -> None:
    grid = question(publishable_report(of_one(coded(("good", "bad"), type), **many)), "safe")
    assert shown(grid) == said


@pytest.mark.parametrize(
    ("many", "said"),
    [
        pytest.param(
            {"good": 62, "bad": 32, "worse": 9},
            {"good": "60 (29% of all)", "bad": "30 (15% of all)", "worse": "hidden", "*all": "205"},
            id="those who answered are more than the shown choices",
        ),
        pytest.param(
            {"good": 45, "bad": 20, "good_bad": 25, "worse": 9},
            {"good": "70 (70%)", "bad": "45 (45%)", "worse": "hidden", "*answered": "100 (50%)", "*all": "200"},
            id="they may all have made a shown choice",
        ),
    ],
)
def test_how_many_answered_does_not_tell_who_made_a_hidden_choice(many: dict[str, int], said: dict[str, str]) -> None:
    published = coded(("good", "bad", "worse"), QuestionType.SELECT_MULTIPLE)
    assert shown(question(publishable_report(of_one(published, silent=100, **many)), "safe")) == said


@given(counted())
@settings(max_examples=40, deadline=None)
def test_sums_are_the_same_in_every_table_and_none_is_small(counted: Counted) -> None:
    report = publishable_report(counted)
    if counted.counts.total() < FEW:
        assert (report.grids, report.responses) == ((), None)
        return
    sums = {line.name: line.cells[0].count for line in report.ended[0].lines}
    for grid in report.questions:
        total = grid.lines[-1]
        shown = {column.name: cell.count for column, cell in zip(grid.columns, total.cells, strict=True)}
        assert all(count is not None and count >= FEW for count in shown.values())
        assert all(sums.get(name, count) == count for name, count in shown.items())
    for grid in report.ended:
        assert all(line.cells[0].count is not None for line in grid.lines)


@given(counted())
@settings(max_examples=40, deadline=None)
def test_who_is_complete_is_not_found_where_it_is_hidden(counted: Counted) -> None:
    ended = counted.counts.dispositions
    for grid in publishable_report(counted).ended[:1]:
        lines = [line for line in grid.lines if not line.is_sum]
        exact = [
            [sum(ended[mode, "en", "", each] for mode in modes_of(line, lines)) for each in ("complete", "partial")]
            for line in lines
        ]
        shown = [[cell.count for cell in line.cells[1:]] for line in lines]
        hidden = {(r, c) for r, row in enumerate(shown) for c, count in enumerate(row) if count is None}
        assert _is_safe(exact, hidden)
        for row, numbers in zip(shown, exact, strict=True):
            assert all(
                count is None or (number >= FEW and abs(count - number) <= 2)
                for count, number in zip(row, numbers, strict=False)
            )


def modes_of(line: Line, lines: Sequence[Line]) -> list[str]:
    if line.code == TOGETHER:
        return [mode for mode in MODES if mode not in [each.code for each in lines]]
    return [line.code]


def some(**many: int) -> Counted:
    """So many by mode, who all agree; of those who texted some have a mark."""
    counts = Counts(Published("stoke", (SURVEY,), None))
    for name, number in many.items():
        mode, _, marked = name.partition("_")
        kind = Kind(mode, bool(marked), True)
        counts.responses[kind] = number
        counts.dispositions[mode, "en", "", "complete"] += number
        for value in (Value("safe", "agree"), Value("safe"), Value("age", "old"), Value("age")):
            counts.values.setdefault(value, Counter())[kind] = number
    return Counted(counts, {}, BEGAN, None)


def question(report: Report, name: str) -> Grid:
    return next(grid for grid in report.questions if grid.id == f"question-{name}")


def heads(grid: Grid) -> list[str]:
    return [column.name for column in grid.columns]


@pytest.mark.parametrize(
    ("many", "said"),
    [
        pytest.param({"sms": 50}, "“All, without flagged” is not shown", id="nobody is flagged"),
        pytest.param({"sms": 50, "sms_marked": 4}, "“All, without flagged” is not shown", id="a few are flagged"),
        pytest.param({"sms": 4, "sms_marked": 50}, "“All, without flagged” is not shown", id="nearly all are flagged"),
        pytest.param({"sms": 50, "sms_marked": 22}, "“All, without flagged” leaves 20 responses out.", id="enough are"),
    ],
)
def test_what_a_variant_leaves_out_is_said_where_it_can_be(many: dict[str, int], said: str) -> None:
    report = publishable_report(some(**many))
    assert any(note.startswith(said) for note in report.notes)
    assert ("All, without flagged" in heads(question(report, "safe"))) is ("leaves 20" in said)


def test_small_modes_stand_together() -> None:
    report = publishable_report(some(sms=90, web=7, paper=6, telegram=40))
    assert heads(question(report, "safe")) == ["SMS", "Telegram", "All others", "All"]
    assert [line.name for line in report.ended[0].lines] == ["SMS", "Telegram", "All others", "All"]


def test_nothing_tells_of_a_mode_or_language_that_few_have() -> None:
    counted = some(sms=90, web=7, paper=6, telegram=40)
    counted.counts.dispositions["paper", "ps", "", "complete"] = 3
    counted.counts.wordings = {"safe": {"sms": ("sms",), "full": ("web", "paper")}, "age": {"full": ("telegram",)}}
    report = publishable_report(counted)
    for ending in (".html", ".md", ".csv"):
        assert not re.search("Web form|On paper|Pashto", written(report, ending))
    assert [line.name for line in report.ended[1].lines] == ["All"]
    assert "wording" not in question(report, "safe").note
    counted.counts.wordings = {"safe": {"sms": ("sms", "web"), "full": ("telegram", "paper")}}
    shown = "Asked in a short wording: SMS. In the full wording: Telegram."
    assert shown in question(publishable_report(counted), "safe").note


def test_one_mode_alone_is_all() -> None:
    grid = question(publishable_report(some(sms=90)), "safe")
    assert [[cell.count for cell in line.cells] for line in grid.lines] == [[90, 90], [90, 90]]
    assert grid.lines[0].name == "Together: Agree, Neither, Disagree, No answer, or not asked"


def test_a_question_that_follows_from_a_hidden_answer_is_withheld() -> None:
    grid = question(publishable_report(some(sms=90, web=40)), "where")
    assert (grid.lines, grid.note[:10]) == ((), "Not shown:")


def test_a_choice_of_several_is_shown_or_hidden_as_a_whole() -> None:
    counted = some(sms=90, web=40)
    values = counted.counts.values
    values[Value("needs", "lights")] = Counter({Kind("sms", False, True): 40, Kind("web", False, True): 20})
    values[Value("needs", "buses")] = Counter({Kind("sms", False, True): 9})
    grid = question(publishable_report(counted), "needs")
    assert [(line.code, [cell.count for cell in line.cells]) for line in grid.lines] == [
        ("lights", [40, 20, 60]),
        ("buses", [None] * 3),
        ("parks", [None] * 3),
        ("*all", [90, 40, 130]),
    ]


CHOSEN = (("good",), ("bad",), ("good", "bad"), ("good", "worse"), ("worse",), ())
"""What people may choose of several, and that they did not answer."""


@given(st.lists(st.tuples(*[st.integers(0, most) for most in (60, 60, 60, 9, 9, 60)]), min_size=4, max_size=4))
@settings(max_examples=150, deadline=None)
def test_where_it_is_told_how_many_answered_no_few_people_are_found(numbers: list[tuple[int, ...]]) -> None:
    counts = Counts(coded(("good", "bad", "worse"), QuestionType.SELECT_MULTIPLE))
    kinds = [Kind(mode, is_flagged, True) for mode in ("sms", "web") for is_flagged in (False, True)]
    for kind, many in zip(kinds, numbers, strict=True):
        counts.responses[kind] = sum(many)
        counts.dispositions[kind.mode, "en", "", "complete"] += sum(many)
        for chosen, number in zip(CHOSEN, many, strict=True):
            for code in {*chosen, *([""] if chosen else [])}:
                counts.values.setdefault(Value("safe", code), Counter())[kind] += number
    for grid in publishable_report(Counted(counts, {}, BEGAN, None)).questions:
        if ANSWERED in [line.code for line in grid.lines]:
            made = [line.code for line in grid.lines[:-2] if line.cells[-1].count is not None]
            answered, *shown = (_people(counts, grid, code) for code in ("", *made))
            for those, *chose in zip(answered, *shown, strict=True):
                assert all(those - number >= FEW for number in chose), "they answered, and did not choose it"
                # Else few chose several, or the hidden choices must have been made.
                assert sum(chose) - those >= FEW


def _people(counts: Counts, grid: Grid, code: str) -> list[int]:
    """Count who chose it, or answered, in each column, and whom each variant leaves out."""
    every = [
        counts.of(Value("safe", code), column.variant, None if column.code == "all" else column.code)
        for column in grid.columns
    ]
    everybody = grid.columns.index(Column("all", "All"))
    return [*every, *(every[everybody] - number for number in every[everybody + 1 :])]


def test_fewer_than_ten_people_are_told_of_in_no_way() -> None:
    report = publishable_report(some(sms=9))
    assert (report.grids, report.responses) == ((), None)
    assert not any(re.search(r"\b9\b", note) for note in report.notes)


def test_a_calculation_between_passes_on_what_is_hidden() -> None:
    calculated = ask("unsafe", QuestionType.CALCULATE, calculation="if(${safe} = 'disagree', 1, 0)")
    follows = ask("how", choices=AGREE, relevant="${unsafe} = 1")
    counted = some(sms=90, web=40)
    counted.counts.published = Published("stoke", (version("1", SURVEY.questions[0], calculated, follows),), None)
    assert question(publishable_report(counted), "how").lines == ()

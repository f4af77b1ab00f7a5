"""XLSForm expressions mean here what they mean in ODK, and whatever is outside the subset is refused in words."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core import expressions
from bot.core.expressions import Unsupported
from bot.core.patterns import compiled_pattern
from bot.core.survey import Choice, Question, QuestionType

TODAY = date(2026, 3, 29)
ANSWERS = {
    "colours": "red blue",
    "town": "hanley",
    "age": "17",
    "born": "2009-03-28",
    "words": "well, yes",
    "blank": "",
}


@pytest.mark.parametrize(
    ("expression", "current", "expected"),
    [
        pytest.param("", None, True, id="no condition holds"),
        pytest.param("${town} = 'hanley'", None, True, id="text equals text"),
        pytest.param('${town} = "hanley"', None, True, id="double quotes are quotes"),
        pytest.param("${town} != 'hanley'", None, False, id="text differs from itself"),
        pytest.param("${missing} = ''", None, True, id="an unanswered question equals empty text"),
        pytest.param("${blank} != ''", None, False, id="a blank answer is no answer"),
        pytest.param("${blank} = 0", None, False, id="blank is not nought"),
        pytest.param("${blank} < 5", None, False, id="blank is not less than five"),
        pytest.param("${blank} >= 5", None, False, id="blank is not at least five"),
        pytest.param("${blank} != 5", None, True, id="blank differs from five"),
        pytest.param("${town} > 3", None, False, id="a word is no number"),
        pytest.param("${age} = 17.0", None, True, id="numbers compare as numbers"),
        pytest.param("${age} >= 16 and ${age} < 18", None, True, id="and"),
        pytest.param("${age} < 16 or selected(${colours}, 'blue')", None, True, id="or"),
        pytest.param("${age} < 16 or ${age} > 18 and true()", None, False, id="and binds tighter than or"),
        pytest.param("(${age} < 16 or ${age} > 10) and true()", None, True, id="brackets"),
        pytest.param("not(selected(${colours}, 'green'))", None, True, id="not"),
        pytest.param("selected(${colours}, 're')", None, False, id="half a code is no code"),
        pytest.param("selected(${blank}, '')", None, False, id="nothing is never selected"),
        pytest.param("selected(${colours}, ' red ')", None, True, id="spaces around a code do not matter"),
        pytest.param("count-selected(.) <= 3", "a b c", True, id="three are at most three"),
        pytest.param("count-selected(.) <= 3", "a b c d", False, id="four are too many"),
        pytest.param("count-selected(${blank}) = 0", None, True, id="none are selected"),
        pytest.param("regex(., '^[0-9]{3}$')", "123", True, id="a pattern that fits"),
        pytest.param("regex(., '^[0-9]{3}$')", "1234", False, id="a pattern that does not fit"),
        pytest.param("regex(., '^[0-9]{3}$')", "123\n", False, id="the end is the very end"),
        pytest.param("regex(., '[$]')", "a$b", True, id="a dollar in a set is a dollar"),
        pytest.param(r"regex(., '^\d\$')", "5$", True, id="an escaped dollar is a dollar"),
        pytest.param(r"regex(., '^\d$')", "٣", False, id="digits are 0 to 9"),
        pytest.param(r"regex(., '^[\u00e0-\u00ff]$')", "é", True, id="a letter by its number"),
        pytest.param(r"regex(., '^\\u00e9$')", r"\u00e9", True, id="an escaped backslash begins no number"),
        pytest.param("regex(${words}, 'yes')", None, True, id="a match anywhere is a match"),
        pytest.param("regex(., '^[a-z]+( [a-z]+)*$')", "ay up duck", True, id="words with spaces between"),
        pytest.param("string-length(.) > 3", "four", True, id="length"),
        pytest.param("${born} < today()", None, True, id="a date before today"),
        pytest.param("${born} = '2009-03-28'", None, True, id="a date as text"),
        pytest.param("${born} <= date('2009-03-28')", None, True, id="a date and a date"),
        pytest.param("today() = date('2026-03-29')", None, True, id="today is the day of the message"),
        pytest.param("today() - ${born} > 6209", None, True, id="days since"),
        pytest.param("${words} > today()", None, False, id="words are no date"),
        pytest.param("${town}", None, True, id="an answer is true"),
        pytest.param("${blank}", None, False, id="no answer is false"),
        pytest.param("${age} - 17", None, False, id="nought is false"),
        pytest.param("${town} * 2", None, False, id="no number is false"),
        pytest.param("true() = 'x'", None, True, id="compared with a condition, text is a condition"),
        pytest.param("true() != false()", None, True, id="true differs from false"),
        pytest.param("1 < 2 = true()", None, True, id="relations before equality"),
        pytest.param("3 > 2 > 1", None, False, id="relations from left to right"),
    ],
)
def test_a_condition_holds_as_in_odk(expression: str, current: str | None, expected: bool) -> None:
    expressions.check(expression or "true()")
    assert expressions.holds(expression, ANSWERS, current=current, today=TODAY) is expected


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        pytest.param("", "", id="nothing"),
        pytest.param("1 + 2 * 3", "7", id="products before sums"),
        pytest.param("(1 + 2) * 3", "9", id="brackets first"),
        pytest.param("7 div 2", "3.5", id="division"),
        pytest.param("-7 mod 2", "-1", id="the rest keeps the sign"),
        pytest.param("--5", "5", id="minus minus"),
        pytest.param("10 - 2 - 3", "5", id="from left to right"),
        pytest.param(".5 + 5.", "5.5", id="numbers without a nought"),
        pytest.param("1 div 0", "Infinity", id="division by nought"),
        pytest.param("-1 div 0", "-Infinity", id="negative division by nought"),
        pytest.param("0 div 0", "", id="nought by nought is no number"),
        pytest.param("${town} div 0", "", id="no number by nought"),
        pytest.param("5 mod 0", "", id="no rest by nought"),
        pytest.param("(1 div 0) mod 2", "", id="no rest of infinity"),
        pytest.param("1 div 10000000", "0.0000001", id="no exponents"),
        pytest.param("${age} + 1", "18", id="an answer is a number where one is needed"),
        pytest.param("'1e3' + 0", "1000", id="text with an exponent"),
        pytest.param("${blank} + 1", "", id="no answer, no sum"),
        pytest.param("true() + true()", "2", id="true counts as one"),
        pytest.param("${age} >= 16", "true", id="a condition that holds"),
        pytest.param("${age} >= 18", "false", id="a condition that does not"),
        pytest.param("coalesce(${blank}, ${town})", "hanley", id="the first answer there is"),
        pytest.param("coalesce(${town}, 'x')", "hanley", id="the first answer if there is one"),
        pytest.param("if(${age} >= 18, 'adult', 'young')", "young", id="if"),
        pytest.param("if(true(), today(), '')", "2026-03-29", id="a date as text"),
        pytest.param("today()", "2026-03-29", id="today"),
        pytest.param("today() + 1", "20542", id="a day after today is a number"),
        pytest.param("date(today() + 1)", "2026-03-30", id="and a date again"),
        pytest.param("date(9000000 + 0)", "", id="a day past the calendar"),
        pytest.param("date('2009-03-28')", "2009-03-28", id="a date written out"),
        pytest.param("date(${born})", "2009-03-28", id="a date answered"),
        pytest.param("date(${words})", "", id="words are no date"),
        pytest.param("date(${blank})", "", id="no answer is no date"),
        pytest.param("date(true())", "", id="a condition is no date"),
        pytest.param("'2026-02-30' + 0", "", id="a date that the calendar lacks"),
        pytest.param("count-selected(${colours})", "2", id="how many"),
        pytest.param("jr:choice-name(${town}, '${town}')", "town:hanley", id="a label"),
        pytest.param("jr:choice-name(${blank}, '${town}')", "", id="no label without an answer"),
        pytest.param("jr:choice-name('longton', ${town})", "town:longton", id="a label of a code written out"),
        pytest.param("string-length('')", "0", id="no length"),
        pytest.param("${town}", "hanley", id="an answer as it is"),
        pytest.param(" 'a  b' ", "a  b", id="text in quotes as it is"),
    ],
)
def test_a_calculation_gives_text_as_in_odk(expression: str, expected: str) -> None:
    expressions.check(expression or "''")

    def label(question: str, code: str) -> str:
        return f"{question}:{code}"

    assert expressions.value_of(expression, ANSWERS, today=TODAY, choice_names=label) == expected


def test_a_label_is_empty_where_no_labels_are_given() -> None:
    assert expressions.value_of("jr:choice-name(${town}, '${town}')", ANSWERS, today=TODAY) == ""


def test_once_keeps_what_is_there() -> None:
    assert expressions.value_of("once(today())", {}, today=TODAY, current="2026-01-01") == "2026-01-01"
    assert expressions.value_of("once(today())", {}, today=TODAY, current="") == "2026-03-29"


def test_an_expression_names_the_questions_it_reads() -> None:
    expression = "selected(${a}, 'x') and jr:choice-name(${b}, '${c}') = ${d-1} or . > 1"
    assert expressions.references(expression) == {"a", "b", "c", "d-1"}
    assert expressions.reads_itself(expression)
    assert not expressions.reads_itself("${a} > .5")


FUNCTIONS = (
    "not, true, false, selected, count-selected, regex, string-length, coalesce, if, once, today, date, jr:choice-name"
)


@pytest.mark.parametrize(
    ("expression", "sentence"),
    [
        ("pulldata('a', 'b', 'c', 'd')", f"pulldata() is not supported; the functions that are: {FUNCTIONS}"),
        ("position(..)", f"position() is not supported; the functions that are: {FUNCTIONS}"),
        ("instance('x')/root", f"instance() is not supported; the functions that are: {FUNCTIONS}"),
        ("../a = 1", "paths such as '../a = 1' are not supported; write ${name} to read a question"),
        ("${a}/b", "paths such as '/b' are not supported; write ${name} to read a question"),
        ("(${a}[1])", "paths such as '[1])' are not supported; write ${name} to read a question"),
        ("${a b} = 1", "'${a b} = 1' is no reference to a question; write ${name}"),
        (
            "a = 1",
            "'a' is not something Earshot can read; to read an answer write ${a}, to write text put it in quotes",
        ),
        ("${a} == 1", "'=' is not expected there"),
        ("${a} 1", "'1' is not expected there; is an operator or a bracket missing?"),
        ("a:b", "'a:b' is not expected there"),
        ("1 +", "it ends too early"),
        ("   ", "it ends too early"),
        ("(1", "a bracket ')' is missing"),
        ("(1 2", "a bracket ')' is missing before '2'"),
        ("'open", "a quotation mark is opened and never closed, at 'open"),
        ("1 # 2", "'#' has no meaning in an expression, at '# 2'"),
        ("'${a}' = 1", "take ${...} out of the quotes in '${a}'"),
        ("selected(.)", "selected() has 1 parts in its brackets, not 2; write selected(${question}, 'code')"),
        ("jr:choice-name(${a}, 'b')", "write jr:choice-name(${question}, '${question}')"),
        ("date('31/05/2026')", "date('31/05/2026') is no date; write it as date('2026-05-31')"),
        (
            "regex(., ${a})",
            "the pattern of regex() must be written out in quotes, not worked out from an answer",
        ),
        ("regex(., 1)", "the pattern of regex() must be written out in quotes, not worked out from an answer"),
        (
            "regex(., '(a')",
            "regex() cannot read the pattern '(a': missing ): (a. It reads what github.com/google/re2/wiki/Syntax "
            "lists: no look ahead or behind, no reference back",
        ),
        (
            "regex(., '(.?){1000}(.?){1000}')",
            "regex() cannot read the pattern '(.?){1000}(.?){1000}': it repeats too much: write * in place of high "
            "numbers",
        ),
        (
            "regex(., '(?=.*[0-9])é')",
            "regex() cannot read the pattern '(?=.*[0-9])é': invalid perl operator: (?=. It reads what "
            "github.com/google/re2/wiki/Syntax lists: no look ahead or behind, no reference back",
        ),
        ("not(${a})", "${a} alone is no condition, it is true in ODK even unanswered; write ${a} != ''"),
        ("1 = 1 and .", ". alone is no condition, it is true in ODK even unanswered; write . != ''"),
        ("if(${a}, 1, 2)", "${a} alone is no condition, it is true in ODK even unanswered; write ${a} != ''"),
        ("1" * 4001, "it is longer than 4,000 characters; split it over calculate rows"),
        ("(" * 40 + "1" + ")" * 40, "it is nested more than 30 deep; split it over calculate rows"),
    ],
    ids=lambda text: text[:30],
)
def test_what_is_outside_the_subset_is_refused_in_words(expression: str, sentence: str) -> None:
    with pytest.raises(Unsupported) as refusal:
        expressions.check(expression)
    assert str(refusal.value) == sentence


@pytest.mark.parametrize(
    "pattern", ["^(([a-z]+) ?)+$", r"^\w+ ?\w* ?\w* ?\w*$", "^(a|aa)+$", "^(a{1,20}){1,20}$", "^(.*)(.*)(.*)="]
)
def test_no_pattern_keeps_a_long_text_busy(pattern: str) -> None:
    # Python's `re` would take from minutes to for ever.
    assert not compiled_pattern(pattern).search(b"a" * 10_000 + b"!")


def test_an_answer_alone_is_a_calculation_but_no_condition() -> None:
    expressions.check("${a}")
    with pytest.raises(Unsupported, match="alone is no condition"):
        expressions.check("${a}", condition=True)


def test_a_choice_filter_reads_the_columns_of_the_choices_sheet() -> None:
    expressions.check("area = ${town} or name = 'other'", columns=frozenset({"area", "name"}))
    with pytest.raises(Unsupported, match="'county' is not something"):
        expressions.check("county = ${town}", columns=frozenset({"area", "name"}))
    question = Question(
        "ward",
        QuestionType.SELECT_ONE,
        choices=(
            Choice("north", {}, filters={"area": "hanley"}),
            Choice("south", {}, filters={"area": "longton"}),
            Choice("other", {}),
        ),
        choice_filter="area = ${town} or name = 'other'",
    )
    assert [c.name for c in expressions.offered(question, ANSWERS, today=TODAY)] == ["north", "other"]


@pytest.mark.parametrize(
    ("choice_filter", "shown"),
    [
        ("area = ''", []),
        ("area != 'x'", []),
        ("area = true()", []),
        ("area != true()", ["a"]),
        ("not(area)", ["a"]),
        ("", ["a"]),
    ],
)
def test_a_blank_cell_of_the_choices_sheet_equals_nothing_and_differs_from_nothing(
    choice_filter: str, shown: list[str]
) -> None:
    question = Question("q", QuestionType.SELECT_ONE, choices=(Choice("a", {}),), choice_filter=choice_filter)
    assert [c.name for c in expressions.offered(question, {"area": "x"}, today=TODAY)] == shown


def test_a_long_chain_of_conditions_is_no_trouble() -> None:
    expression = " and ".join(["${age} > 1"] * 200) + " and 1" + " + 1" * 200 + " and " + "-" * 99 + "1"
    assert expressions.holds(expression, ANSWERS, today=TODAY)


PIECES = st.sampled_from(
    [*"()[]{}.,'\"=<>!+-*/|@$ ", "${a}", "${b}", "'x y'", "1", "2.5", " and ", " or ", " div ", " mod ", "!="]
    + [f"{name}(" for name in (*FUNCTIONS.split(", "), "position")]
)


@given(st.lists(PIECES, max_size=25).map("".join) | st.text(max_size=60), st.text(max_size=20), st.text(max_size=20))
def test_any_text_is_an_expression_or_is_refused_and_nothing_else(expression: str, a: str, b: str) -> None:
    try:
        expressions.check(expression)
    except Unsupported:
        return
    values = {"a": a, "b": b}
    assert expressions.holds(expression, values, current=b, today=TODAY) in (True, False)
    assert isinstance(expressions.value_of(expression, values, current=b, today=TODAY), str)

"""What an import says before it writes: every problem at once, by name, and never a resident's words."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bot.analysis.columns import Published
from bot.analysis.importing.checking import Checked, check
from bot.analysis.importing.import_map import read_map
from bot.analysis.importing.problems import ImportRefused
from bot.core.survey import Choice
from storage.imports import Before
from storage.keys import KeyRing
from tests.analysis.importing.scene import FIRST, HEAD, MAP, NOW, PUBLISHED, SECOND, SURVEY, changed_map, csv_text, row

NOTHING = Before({}, {}, frozenset(), (0, ""))


class Keys(KeyRing):
    """Keys without a database: what stands in them is of no matter here."""

    def __init__(self) -> None:
        pass

    def lookup(self, channel: str, address: str) -> str:
        return f"{hash((channel, address)):064x}"

    def lookups(self, channel: str, address: str) -> list[str]:
        return [self.lookup(channel, address)]


def looked(
    folder: Path,
    rows: Sequence[Sequence[str]] = (),
    map_text: str = MAP,
    *,
    head: Sequence[str] = HEAD,
    content: str | bytes = "",
    published: Published = PUBLISHED,
    name: str = "export.csv",
) -> Checked:
    path, map_path = folder / name, folder / "map.toml"
    content = content or csv_text(rows, head)
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    map_path.write_text(map_text, encoding="utf-8")
    at = datetime.fromtimestamp(NOW / 1000, UTC)
    return check(path, map_path, read_map(map_path), published, NOTHING, Keys(), now=at)


def problems(folder: Path, *rows: Sequence[str], map_text: str = MAP, head: Sequence[str] = HEAD) -> list[str]:
    """Look a file over, and list what stops it."""
    try:
        return list(looked(folder, rows, map_text, head=head).report.problems)
    except ImportRefused as refused:
        return list(refused.problems) or [str(refused)]


def test_a_good_file_has_no_problem_and_a_report_in_plain_words(tmp_path: Path) -> None:
    assert str(looked(tmp_path, [FIRST, SECOND]).report) == (
        "export.csv: answers to stoke, version 1, from web form\n"
        "2 rows: 2 new, 0 changed, 0 unchanged\n"
        "Given from 25 October 2026 to 26 October 2026\n"
        "Languages: en 2\n"
        "\n"
        "  safe: 2 answered\n"
        "    agree 1, disagree 1\n"
        "  why_not: 1 answered, 1 not_applicable\n"
        "  needs: 1 answered, 1 skipped\n"
        "    lights 1, buses 1\n"
        "  age: 1 answered, 1 skipped\n"
        "  since: 1 answered, 1 skipped"
    )


def test_everything_that_is_wrong_is_told_at_once(tmp_path: Path) -> None:
    rows = [
        row(safe="Perhaps"),
        row(ref="W2", safe="Perhaps", needs="Parks, Benches"),
        row(ref="", safe="agree"),
        row(ref="W2", handed="31/31/2026"),
        ("W4", "25/10/2026"),
        HEAD,
    ]
    assert problems(tmp_path, *rows, head=HEAD) == [
        "the id in column “Ref” is blank (row 4)",
        "the id in column “Ref” stands there twice (row 5)",
        "column “Handed in” holds no day and time as `date_format` uk has it (row 5)",
        "rows with more or fewer cells than the 7 headings: the file is cut off, or a quotation mark is missing "
        "(row 6)",
        "the headings stand there again: were two exports put together? (row 7)",
        "column “Safe?”: “Perhaps” is no choice of safe; give it a code under questions.safe.labels (rows 2, 3)",
        "column “Needs”: “Benches” is no choice of needs; give it a code under questions.needs.labels (row 3)",
    ]


def test_a_heading_that_has_drifted_is_told_with_the_nearest(tmp_path: Path) -> None:
    head = (*HEAD[:2], "Safe at night?", *HEAD[3:], "IP address")
    assert problems(
        tmp_path, (*FIRST, "10.0.0.1"), head=head, map_text=MAP.replace('"Safe?"', '"Safe at nights?"')
    ) == [
        "the file has no column “Safe at nights?” for safe; the nearest is “Safe at night?”",
        "the map does not know column “Safe at night?”: give it to a question, or name it under `ignore`",
        "the map does not know column “IP address”: give it to a question, or name it under `ignore`",
    ]


def test_a_column_that_is_ignored_by_name_does_not_stop_it(tmp_path: Path) -> None:
    ignoring = changed_map(ignore='["IP address"]')
    assert problems(tmp_path, (*FIRST, "10.0.0.1"), head=(*HEAD, "IP address"), map_text=ignoring) == []
    assert problems(tmp_path, FIRST, map_text=ignoring) == [
        "the file has no column “IP address” for `ignore`",
    ]


@pytest.mark.parametrize(
    ("map_text", "said"),
    [
        pytest.param(MAP.replace("[questions.age]", "[x]"), "unknown field `x`", id="a slip in a heading"),
        pytest.param(MAP.split("[questions.since]")[0], "nothing for question since", id="a forgotten question"),
        pytest.param(changed_map(absent='["faith", "faiht"]'), "`absent` names faiht", id="absent, and never there"),
        pytest.param(changed_map(absent='["faith", "safe"]'), "both under `absent` and under", id="both at once"),
        pytest.param(MAP + '[questions.shoes]\ncolumn = "Ref"', "questions.shoes: version 1", id="another question"),
        pytest.param(
            MAP + '[questions.updates]\ncolumn = "Ref"',
            "questions.updates: version 1",
            id="for the ledger",
        ),
        pytest.param(
            MAP + '\n[questions.faith]\ncolumn = "Age"',
            "does not ask it on the web",
            id="not on the web",
        ),
        pytest.param(MAP.replace('"Since"', '"Age"'), "is named for age and for since", id="one column twice"),
        pytest.param(MAP.replace("column", "colunm", 1), "colunm", id="a slip in a name"),
        pytest.param(MAP + "x = ", "is no TOML", id="no TOML"),
        pytest.param(changed_map(preset='"jotform"'), "no preset 'jotform'", id="another preset"),
        pytest.param(changed_map(source='" "'), "`source` must name the form", id="no source"),
        pytest.param(changed_map(header_rows="3"), "`header_rows` is 1 or 2", id="three header rows"),
        pytest.param(changed_map(preset="[]"), "there is no preset", id="no name of a preset"),
        pytest.param('separator = ""\n' + MAP, "`separator` is at least", id="nothing as a separator"),
        pytest.param(changed_map(delimiter='";;"'), "`delimiter` is one character", id="two delimiters"),
        pytest.param(changed_map(time_zone='"Stoke"'), "no time zone 'Stoke'", id="another time zone"),
        pytest.param(changed_map(date_format='"chinese"'), "date_format", id="another date format"),
        pytest.param(changed_map(survey='"other"'), "The map is for survey 'other'", id="another survey"),
        pytest.param(changed_map(version='"9"'), "no version '9'; it has 1", id="another version"),
        pytest.param(changed_map(id='"Number"'), "no column “Number” for the id", id="another id"),
        pytest.param(changed_map(id=""), "the map names no `id` column", id="no id"),
        pytest.param(changed_map(submitted_at=""), "the map names no `submitted_at`", id="no time"),
        pytest.param(MAP.replace('column = "Age"', 'pattern = "("'), "is none: ", id="no pattern"),
        pytest.param(
            MAP.replace('column = "Age"', 'pattern = "x"'), "no column that fits the pattern", id="fits nothing"
        ),
        pytest.param(MAP.replace('column = "Needs"', 'pattern = "Since|Needs"'), "it needs a group", id="no group"),
        pytest.param(MAP.replace('column = "Age"', ""), "questions.age needs one of", id="nowhere"),
        pytest.param(MAP.replace('column = "Safe?"', 'columns = {"Safe?" = "agree"}'), "takes one answer", id="spread"),
        pytest.param(MAP + '[questions.safe.labels]\nYes = "yes"', "“yes” is no code of it", id="another code"),
        pytest.param(MAP + '[language]\nall = "fr"', "the map's language “fr”", id="another language"),
        pytest.param(
            MAP + '[language]\ncolumn = "Tongue"', "no column “Tongue” for the language", id="no language column"
        ),
        pytest.param(MAP.replace('"Why not?"', '"Why not?"\nother = "Ref"'), "with choices alone", id="words of words"),
        pytest.param(MAP.replace('"Why not?"', '"Why not?"\nfile = "7"'), "no file “7” beside", id="no file"),
        pytest.param(MAP + '[files.12]\nid = "Ref"', "the map's file “12” does not lie beside", id="no side file"),
    ],
)
def test_a_map_that_does_not_fit_is_refused(tmp_path: Path, map_text: str, said: str) -> None:
    found = problems(tmp_path, FIRST, map_text=map_text)
    assert [each for each in found if said in each]


def test_labels_that_could_be_two_others_are_refused(tmp_path: Path) -> None:
    joined = MAP + '[questions.needs.labels]\n"Buses, parks" = "other"\n'
    (said,) = problems(tmp_path, FIRST, map_text=joined)
    assert "“buses, parks” could be two labels with the separator between them" in said


def test_a_label_of_two_codes_is_told_with_both(tmp_path: Path) -> None:
    alike = replace(
        SURVEY.question("safe"), choices=(Choice("a", {"en": "A", "ur": "X"}), Choice("b", {"en": "X", "pl": "A"}))
    )
    same = replace(alike, choices=(*alike.choices, Choice("c", {"ur": "Z"}), Choice("d", {"pl": "Z"})))
    survey = replace(SURVEY, questions=(same, *SURVEY.questions[2:]))
    without = MAP.replace('[questions.why_not]\ncolumn = "Why not?"\n', "")
    rows = [row(ref=str(number), safe=label) for number, label in enumerate(("A", "X", "Z"))]
    published = Published("stoke", (survey,), None)
    report = looked(tmp_path, rows, 'ignore = ["Why not?"]' + without, published=published).report
    assert dict(report.questions["safe"].codes) == {"a": 1, "b": 1}  # the survey's own language goes first
    (said,) = report.problems
    assert said == "column “Safe?”: “Z” could be c or d; give it a code under questions.safe.labels (row 4)"


def test_words_where_labels_should_be_are_not_repeated(tmp_path: Path) -> None:
    rows = [row(ref=f"W{i}", safe=f"My neighbour at number {i}") for i in range(30)]
    (said,) = problems(tmp_path, *rows)
    assert said == (
        "column “Safe?” holds more than 12 different texts that are no choice of safe: is it the right column, and are "
        "several answers in one cell separated as the map says? (rows 2, 3, 4, 5, 6 and 25 more)"
    )


def test_a_label_that_names_a_person_is_masked(tmp_path: Path) -> None:
    (said,) = problems(tmp_path, row(safe="ask my son on 07700 900123"))
    assert "“ask my son on [phone]” is no choice of safe" in said


def test_a_long_label_is_cut(tmp_path: Path) -> None:
    (said,) = problems(tmp_path, row(safe="Well " * 40))
    assert "“Well Well Well Well Well Well Well Well Well Well Well Well…”" in said


@pytest.mark.parametrize(
    "id_",
    [
        pytest.param("sam@example.org", id="an e-mail address"),
        pytest.param("07700 900123", id="a phone number"),
        pytest.param("W" * 201, id="far too long"),
    ],
)
def test_an_id_is_no_address(tmp_path: Path, id_: str) -> None:
    (said,) = problems(tmp_path, row(ref=id_))
    assert "holds addresses of people" in said or "more than 200 characters" in said
    assert id_ not in said


def test_times_to_come_and_none_at_all_are_told(tmp_path: Path) -> None:
    assert problems(tmp_path, row(handed="25/12/2026"), row(ref="W2", handed="")) == [
        "column “Handed in” holds times to come, or long past: is `date_format` right? (row 2)",
        "there is no time at which it was given (row 3)",
    ]


def test_days_that_can_be_read_two_ways_stop_it(tmp_path: Path) -> None:
    auto = changed_map(date_format='"auto"')
    (said,) = problems(
        tmp_path, row(handed="03/04/2026 10:00"), row(ref="W2", handed="05/04/2026 10:00"), map_text=auto
    )
    assert "nothing tells whether the day or the month comes first" in said
    assert problems(tmp_path, row(handed="03/04/2026"), row(ref="W2", handed="25/04/2026"), map_text=auto) == []
    assert problems(tmp_path, row(handed="25/04/2026", since="03/04/2020"), map_text=auto) == []
    (said,) = problems(tmp_path, row(handed="03/04/2026", since="25/04/2020"), map_text=auto)
    assert "“Handed in”: nothing tells" in said  # what people typed tells nothing of the form's own clock


def test_a_number_or_a_day_that_cannot_be_read_keeps_its_words(tmp_path: Path) -> None:
    report = looked(tmp_path, [FIRST, row(ref="W2", age="about 30", since="last year")]).report
    assert not report.problems
    assert dict(report.questions["age"].states) == {"answered": 1, "unparsed": 1}
    assert "age: 1 answers cannot be read; their words are kept" in str(report)
    assert "own rules refuse" not in str(report)
    (said, _) = problems(tmp_path, row(age="about 30", since="last year"))
    assert "none of its 1 values can be read as an answer to age" in said


@pytest.mark.parametrize(
    ("text", "number"),
    [
        pytest.param("1,200", 1200.0, id="thousands"),
        pytest.param(" 34 ", 34.0, id="spaces"),
        pytest.param("34.0", 34.0, id="Excel"),
    ],
)
def test_numbers_are_read_as_they_are_written(tmp_path: Path, text: str, number: float) -> None:
    ((incoming,),) = looked(tmp_path, [row(age=text)]).rows
    assert [answer.value_number for answer in incoming.answers if answer.question == "age"] == [number]


def test_answers_against_the_surveys_own_rules_are_counted(tmp_path: Path) -> None:
    fewer = replace(SURVEY.question("needs"), constraint="count-selected(.) <= 1")
    strict = replace(SURVEY, questions=tuple(fewer if q.name == "needs" else q for q in SURVEY.questions))
    rows = [row(safe="agree", why="Dark"), row(ref="W2", needs="Parks, Buses")]
    report = str(looked(tmp_path, rows, published=Published("stoke", (strict,), None)).report)
    assert "why_not: 1 answers where the survey's own logic does not ask: kept, not shown" in report
    assert "needs: 1 answers that the survey's own rules refuse: kept as words" in report


def test_a_question_that_the_form_does_not_have_is_marked_so(tmp_path: Path) -> None:
    without = 'absent = ["age"]' + MAP.replace('[questions.age]\ncolumn = "Age"\n', "")
    head = tuple(name for name in HEAD if name != "Age")
    ((incoming,),) = looked(
        tmp_path, [tuple(c for c, h in zip(FIRST, HEAD, strict=True) if h != "Age")], without, head=head
    ).rows
    assert {answer.question: answer.state for answer in incoming.answers} == {
        "safe": "answered",
        "why_not": "answered",
        "needs": "answered",
        "since": "answered",
        "age": "not_in_version",
    }


def test_other_words_go_with_something_else(tmp_path: Path) -> None:
    other = MAP.replace('separator = ","', 'separator = ","\nother = "Which?"')
    rows = [(*row(needs="Parks"), "A pond"), (*row(ref="W2", needs="Something else"), "A pond"), (*row(ref="W3"), " ")]
    (kept,) = looked(tmp_path, rows, other, head=(*HEAD, "Which?")).rows
    said = [[(a.value_code, a.said) for a in incoming.answers if a.question == "needs"] for incoming in kept]
    assert said == [
        [("parks", "Parks\nA pond"), ("other", "Parks\nA pond")],
        [("other", "Something else\nA pond")],
        [(None, None)],
    ]


def test_what_is_no_label_counts_as_other_where_the_map_says_so(tmp_path: Path) -> None:
    checked = looked(
        tmp_path, [row(needs="Parks, A pond")], MAP.replace('separator = ","', 'separator = ","\notherwise = "other"')
    )
    ((incoming,),) = checked.rows
    assert [(a.value_code, a.said) for a in incoming.answers if a.question == "needs"] == [
        ("parks", "Parks, A pond"),
        ("other", "Parks, A pond"),
    ]
    assert "needs: 1 answers are no label, and count as other" in str(checked.report)


def test_languages_are_known_by_code_name_or_the_maps_word(tmp_path: Path) -> None:
    tongues = MAP + '[language]\ncolumn = "Tongue"\ncodes = { "Form B" = "ur" }\n'
    rows = [(*row(ref=str(i)), word) for i, word in enumerate(("ur", "English", "اردو", "form b", ""), 1)]
    report = looked(tmp_path, rows, tongues, head=(*HEAD, "Tongue")).report
    assert dict(report.languages) == {"ur": 3, "en": 2}
    (said,) = problems(tmp_path, (*row(), "Klingon"), map_text=tongues, head=(*HEAD, "Tongue"))
    assert said.startswith(
        "column “Tongue”: “Klingon” is no language of the survey; give it a code under language.codes"
    )
    words = [(*row(ref=str(number)), f"My words {number}") for number in range(20)]
    (said,) = problems(tmp_path, *words, map_text=tongues, head=(*HEAD, "Tongue"))
    assert "more than 12 different texts" in said
    assert "words 1" not in said


def test_what_counts_as_blank_is_for_the_map_to_say(tmp_path: Path) -> None:
    report = looked(
        tmp_path, [row(safe="Not answered", age="n/a")], changed_map(blank='["not answered", "N/A"]')
    ).report
    assert not report.problems
    assert dict(report.questions["safe"].states) == {"skipped": 1}


def test_a_file_with_no_rows_is_told(tmp_path: Path) -> None:
    assert problems(tmp_path) == ["it has headings, and no row below them"]


def test_odd_hours_of_the_clock_are_said(tmp_path: Path) -> None:
    report = str(looked(tmp_path, [row(handed="25/10/2026 01:30"), row(ref="W2", handed="29/03/2026 01:30")]).report)
    assert "1 times fell into the hour that comes twice in autumn; taken as the first" in report
    assert "1 times fell into the hour that is left out in spring; taken as an hour later" in report

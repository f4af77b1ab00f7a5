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
        "an id in column “Ref” stands in several rows, and each row needs its own (rows 3 and 5)",
        "column “Handed in” holds no day and time as `date_format` uk has it (row 5)",
        "rows with more or fewer cells than the 7 headings: export it again, for the file is cut off, or a quotation "
        "mark is missing (row 6)",
        "the headings stand there again: were two exports put together? (row 7)",
        "column “Safe?”: “Perhaps” is no choice of safe; give it a code under questions.safe.labels (rows 2 and 3)",
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
        pytest.param(MAP.replace("[questions.age]", "[x]"), "`x` is no name of a map", id="a slip in a heading"),
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
        pytest.param(
            MAP.replace("column", "colunm", 1),
            "`questions.safe.colunm` is no name of a map: did you mean `column`?",
            id="a slip",
        ),
        pytest.param(MAP + "x = ", "is no TOML at line 17, `x =`: a quot", id="no TOML"),
        pytest.param(changed_map(preset='"jotform"'), "no `preset` 'jotform'", id="another preset"),
        pytest.param(changed_map(source='" "'), "`source` must name the form", id="no source"),
        pytest.param(changed_map(header_rows="3"), "`header_rows` is 1 or 2", id="three header rows"),
        pytest.param(changed_map(preset="[]"), "there is no `preset`", id="no name of a preset"),
        pytest.param('separator = ""\n' + MAP, "`separator` is at least", id="nothing as a separator"),
        pytest.param(changed_map(delimiter='";;"'), "`delimiter` is one character", id="two delimiters"),
        pytest.param(changed_map(delimiter='"\\n"'), "`delimiter` is one character", id="a line break as a delimiter"),
        pytest.param(
            changed_map(source='"a\\u0000b"'),
            "`source` holds \\u0000, which is no letter",
            id="a source that is no text",
        ),
        pytest.param(changed_map(encoding='"klingon"'), "there is no `encoding` 'klingon'", id="another encoding"),
        pytest.param(changed_map(encoding='"base64"'), "there is no `encoding` 'base64'", id="no encoding of text"),
        pytest.param(changed_map(encoding='"a\\u0000"'), "there is no `encoding` 'a\\x00'", id="no encoding's name"),
        pytest.param(changed_map(time_zone='"Stoke"'), "no `time_zone` 'Stoke'", id="another time zone"),
        pytest.param(
            changed_map(date_format='"chinese"'),
            "`date_format` must be one of auto, uk, us, iso",
            id="another date format",
        ),
        pytest.param(changed_map(undated='"soon"'), "`undated` is a day, written as", id="no day"),
        pytest.param(changed_map(survey='"other"'), "The map is for survey 'other'", id="another survey"),
        pytest.param(changed_map(version='"9"'), "no version '9'; it has 1", id="another version"),
        pytest.param(changed_map(id='"Number"'), "no column “Number” for the id", id="another id"),
        pytest.param(changed_map(id=""), "the map names no `id` column", id="no id"),
        pytest.param(changed_map(submitted_at=""), "the map names no `submitted_at`", id="no time"),
        pytest.param(MAP.replace('column = "Age"', 'pattern = "("'), "is none: missing )", id="no pattern"),
        pytest.param(MAP.replace('column = "Age"', 'pattern = "(?!x)"'), "no look ahead", id="a look ahead"),
        pytest.param(
            MAP.replace('column = "Age"', 'pattern = "(.?){1000}(.?){1000}"'), "repeats too much", id="a huge pattern"
        ),
        pytest.param(
            MAP.replace('column = "Age"', 'pattern = "x"'), "no column that fits the pattern", id="fits nothing"
        ),
        pytest.param(MAP.replace('column = "Needs"', 'pattern = "Since|Needs"'), "it needs a group", id="no group"),
        pytest.param(MAP.replace('column = "Age"', ""), "`questions.age` needs one of", id="nowhere"),
        pytest.param(MAP.replace('column = "Safe?"', 'columns = {"Safe?" = "agree"}'), "takes one answer", id="spread"),
        pytest.param(MAP + '[questions.safe.labels]\nYes = "yes"', "“yes” is no code of it", id="another code"),
        pytest.param(
            MAP + '[questions.safe.labels]\n"ST4*" = "agree"\n"ST4 *" = "neither"',
            "questions.safe.labels: “st4*” could be agree or neither: give it one code",
            id="one rule, two codes",
        ),
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


def test_everything_that_is_wrong_in_a_map_is_told_at_once_with_its_name(tmp_path: Path) -> None:
    path = tmp_path / "map.toml"
    path.write_text(
        'preset = "jade"\nheader_rows = "2"\nignore = [1]\ntime_zone = "Stoke"\nlanguage = "en"\n[questions.safe]\n'
        'colum = "Safe?"\n[questions.age]\ncolumn = 7\nsource = "form"\n[questions.needs]\nlabels = { Buses = 1 }\n'
    )
    with pytest.raises(ImportRefused, match=r"map.toml cannot be imported: 10 problems") as refused:
        read_map(path)
    assert list(refused.value.problems) == [
        "there is no `preset` 'jade'; there are generic, jadu, surveymonkey, microsoft-forms",
        "`header_rows` must be a whole number, without quotation marks",
        '`ignore` must be a list of texts, such as ["One", "Two"]',
        "`language` must be a part of its own, under [language]",
        "`questions.safe.colum` is no name of a map: did you mean `column`?",
        "`questions.age.column` must be a text in quotation marks",
        "`questions.age.source` is no name there: `source` belongs above the first [...]",
        "`questions.needs.labels.Buses` must be a text in quotation marks",
        "`source` must name the form, in at most 100 characters",
        "there is no `time_zone` 'Stoke'; write it as Europe/London",
    ]


@pytest.mark.parametrize(
    ("line", "text"),
    [
        pytest.param(2, "a = " + "[" * 3_000 + "]" * 3_000, id="lists in lists"),
        pytest.param(2, "a = " + "{a = [" * 900 + "]}" * 900, id="tables in lists"),
        pytest.param(2, "header_rows = " + "9" * 5_000, id="a number of 5,000 digits"),
    ],
)
def test_a_map_that_its_reader_does_not_get_through_is_told_with_the_line(tmp_path: Path, line: int, text: str) -> None:
    (tmp_path / "map.toml").write_text(f'source = "form"\n{text}\n')
    with pytest.raises(ImportRefused, match=f"cannot be read, most likely for line {line}: no map has"):
        read_map(tmp_path / "map.toml")


def test_what_is_told_of_a_question_once_is_not_told_again(tmp_path: Path) -> None:
    (tmp_path / "map.toml").write_text('source = "form"\n[questions.a-b]\n[questions.a]\nx = 1\n[questions.ab]\n')
    with pytest.raises(ImportRefused) as refused:
        read_map(tmp_path / "map.toml")
    assert [said.split(" ")[0] for said in refused.value.problems] == [
        *("`questions.a.x`", "`questions.a-b`", "`questions.ab`"),
    ]


def test_a_pattern_takes_no_longer_the_worse_it_is(tmp_path: Path) -> None:
    # Python's `re` would take for ever.
    worst = MAP.replace('column = "Age"', 'pattern = "^(.*)*(.*)*(.*)*x$"')
    (said,) = problems(tmp_path, FIRST, head=[*HEAD[:5], "A" * 2_000, HEAD[6]], map_text=worst)[:1]
    assert said.startswith("the file has no column that fits the pattern")


def test_a_pattern_passes_over_what_is_ignored(tmp_path: Path) -> None:
    patterned = changed_map(ignore='["Ages of others"]').replace('column = "Age"', 'pattern = "^Age"')
    assert problems(tmp_path, (*FIRST, "3"), head=(*HEAD, "Ages of others"), map_text=patterned) == []


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


def test_labels_that_have_lost_their_letters_are_told_once_with_what_to_do(tmp_path: Path) -> None:
    rows = [row(ref="W1", safe="Bia?a"), row(ref="W2", safe="Really?", needs="????, NÃ³w"), row(ref="W3", safe="???")]
    lost, other = problems(tmp_path, *rows)
    assert lost == (
        "labels seem to have lost letters (“Bia?a”, “???” in column “Safe?”; “????”, “NÃ³w” in column “Needs”), and "
        "people's words may have, too: was the file saved in an encoding that lacks them, as Excel does with plain "
        "CSV? Then export it again, as XLSX or as CSV in UTF-8. If a label truly is so, give it a code "
        "(rows 2, 3 and 4)"
    )
    assert "“Really?” is no choice of safe" in other


def test_words_that_seem_to_have_lost_letters_are_not_repeated(tmp_path: Path) -> None:
    rows = [row(ref=f"W{i}", safe=f"My neighbour at number {i}{'??' * (i % 2)}") for i in range(13)]
    lost, words = problems(tmp_path, *rows)
    assert "neighbour" not in lost + words
    assert "labels seem to have lost letters (in column “Safe?”)" in lost
    assert "column “Safe?” holds more than 12 different texts" in words


@pytest.mark.parametrize(
    ("words", "is_lost"),
    [
        pytest.param("????? ?????, ??", True, id="Urdu, saved in Windows-1252"),
        pytest.param("Wi?cej autobus?w i ?wiate?, prosz? bardzo", True, id="Polish, saved likewise"),
        pytest.param("WiÄ™cej autobusÃ³w", True, id="Polish, read as Windows-1252"),
        pytest.param("What?? Really??? Why?No", False, id="somebody who is cross"),
        pytest.param("see council.example/page?v=1", False, id="the address of a page"),
        pytest.param("Więcej światła? تبصرہ؟", False, id="letters as they should be"),
    ],
)
def test_words_that_have_lost_their_letters_are_told(tmp_path: Path, words: str, is_lost: bool) -> None:
    report = looked(tmp_path, [row(safe="Disagree", why=words)]).report
    assert not report.problems
    assert [line.endswith("as XLSX or as CSV in UTF-8 (row 2)") for line in report.notices.listed()] == [True] * is_lost


def test_an_answer_that_stops_it_is_not_counted_as_skipped(tmp_path: Path) -> None:
    rows = [row(safe="Perhaps"), row(ref="W2", safe="agree"), row(ref="W3")]
    assert "\n  safe: 1 answered, 1 unknown_label, 1 skipped\n" in str(looked(tmp_path, rows).report)


def test_days_are_those_of_london_also_in_summer_time(tmp_path: Path) -> None:
    rows = [row(handed=f"{day}/08/2026", ref=f"W{day}") for day in (14, 15, 16)]
    assert "\nGiven from 14 August 2026 to 16 August 2026\n" in str(looked(tmp_path, rows).report)


def test_a_label_that_names_a_person_is_masked(tmp_path: Path) -> None:
    (said,) = problems(tmp_path, row(safe="ask my son on 07700 900123"))
    assert "“ask my son on [phone]” is no choice of safe" in said


def test_the_name_of_a_column_is_told_whole_for_it_is_copied_into_the_map(tmp_path: Path) -> None:
    long = f"{'How safe do you feel ' * 9}on 24/7 roads? Call 01782 234234"
    (said,) = problems(tmp_path, (*FIRST, ""), head=(*HEAD, long))
    assert said == f"the map does not know column “{long}”: give it to a question, or name it under `ignore`"
    (said,) = problems(tmp_path, FIRST, head=(*HEAD[:-1], "Well " * 500))
    assert "a heading of more than 2,000 characters" in said


@pytest.mark.parametrize(
    "cell",
    [
        pytest.param("2026-10-25T14:05:00", id="a day of a workbook"),
        pytest.param("10/25/26", id="an American day"),
        pytest.param("ask my son on 07700 900123", id="a phone number"),
    ],
)
def test_a_row_of_answers_is_never_taken_for_headings_and_told(tmp_path: Path, cell: str) -> None:
    words = ("W1", cell, "Agree", "My husband hits me", "", "", "")
    assert problems(tmp_path, words, map_text=changed_map(header_rows="2")) == [
        "export.csv: its second row is one of answers, not of headings. Set `header_rows = 1` in the map, or run "
        "web-map with --header-rows 1."
    ]


def test_two_header_rows_that_the_map_does_not_know_are_named(tmp_path: Path) -> None:
    for more in (("", "x"), ("", "")):
        assert (
            "some columns have no heading: does the file have two header rows? Then set `header_rows = 2`"
            in problems(tmp_path, (*FIRST, "Buses", "Parks"), head=(*HEAD, *more))
        )


RULES = '[questions.safe.labels]\n"ST4*" = "agree"\n"ST4 2*" = "neither"\n"ST1*" = "disagree"\n'


@pytest.mark.parametrize(
    ("cell", "code"),
    [
        pytest.param("ST4 1AB", "agree", id="by its district"),
        pytest.param("st42ab", "neither", id="by its sector, which goes first"),
        pytest.param("ST4 2", "neither", id="a sector alone"),
        pytest.param("ST1 3XX", "disagree", id="another district"),
        pytest.param("ST10 1AB", None, id="a district that begins alike"),
        pytest.param("ST4 2AB, I think", None, id="more than a postcode"),
    ],
)
def test_a_full_postcode_counts_by_a_rule_of_the_map_and_never_by_a_guess(
    tmp_path: Path, cell: str, code: str | None
) -> None:
    report = looked(tmp_path, [row(safe=cell)], MAP + RULES).report
    assert list(report.questions["safe"].codes) == ([code] if code else [])
    assert bool(report.problems) == (code is None)


def test_full_postcodes_are_told_by_the_rules_that_they_need(tmp_path: Path) -> None:
    cells = [f"ST{1 + n % 3} {n % 9}AB" for n in range(60)]
    (said,) = problems(tmp_path, *[row(ref=f"W{n}", safe=cell) for n, cell in enumerate(cells)])
    assert said == (
        "column “Safe?” holds full postcodes, and none is a choice of safe; give each district a code under "
        'questions.safe.labels, as "ST1*" = "CODE": ST1*, ST2*, ST3* (rows 2, 3, 4, 5, 6 and 55 more)'
    )


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
        "a row without a day and time is one that was left half-way. When was it begun? Name that column under "
        "`started_at`; or, if the form has none, give a day for all such rows under `undated` (row 3)",
    ]
    assert problems(tmp_path, row(), row(ref="W2", handed=""), map_text=changed_map(undated='"2062-10-31"')) == [
        "`undated` is a day to come, or long past: mend it in the map (row 3)"
    ]


def test_a_row_without_a_time_comes_in_as_left_half_way_on_the_day_that_the_map_gives(tmp_path: Path) -> None:
    checked = looked(tmp_path, [row(), row(ref="W2", handed="", safe="agree")], changed_map(undated='"2026-10-01"'))
    ((_, undated),) = checked.rows
    assert (undated.completed_at, undated.started_at) == (None, 1_790_809_200_000)  # the first minute of 1 October
    assert [answer.value_code for answer in undated.answers if answer.state == "answered"] == ["agree"]
    assert checked.report.notices.listed() == [
        "no day and time: taken as left half-way, on 1 October 2026 as `undated` says (row 3)"
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
    assert "age: cannot be read as an answer; the words are kept (row 3)" in str(report)
    assert "own rules refuse" not in str(report)
    (said, _) = problems(tmp_path, row(age="about 30", since="last year"))
    assert "“Age”: nothing in it can be read as an answer to age" in said


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
    assert "why_not: answered where the survey's own logic does not ask; kept, not shown (row 2)" in report
    assert "needs: the survey's own rules refuse it; kept as words (row 3)" in report


def test_a_question_that_the_form_does_not_have_is_marked_so(tmp_path: Path) -> None:
    without = 'absent = ["age"]' + MAP.replace('[questions.age]\ncolumn = "Age"\n', "")
    head = tuple(name for name in HEAD if name != "Age")
    checked = looked(tmp_path, [tuple(c for c, h in zip(FIRST, HEAD, strict=True) if h != "Age")], without, head=head)
    assert "\n  age: 1 not_in_version" in str(checked.report)
    ((incoming,),) = checked.rows
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
    assert "needs: no label, and counted as other (row 2)" in str(checked.report)


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
    assert "the time fell into the hour that comes twice in autumn; taken as the first (row 2)" in report
    assert "the time fell into the hour that is left out in spring; taken as an hour later (row 3)" in report
    begun = changed_map(started_at='"Begun"')
    twice = (*row(handed="25/10/2026 01:30"), "25/10/2026 01:20")
    assert looked(tmp_path, [twice], begun, head=(*HEAD, "Begun")).report.notices.listed() == [
        "the time fell into the hour that comes twice in autumn; taken as the first (row 2)"
    ]

"""A map that does not fit its file, its survey or itself: everything wrong with it is told at once, by name."""

from pathlib import Path

import pytest

from bot.analysis.importing.import_map import read_map
from bot.analysis.importing.problems import ImportRefused
from tests.analysis.importing.scene import FIRST, HEAD, MAP, changed_map, problems


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

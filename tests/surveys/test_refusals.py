"""A broken survey file is refused with sheet, row, column and what to write instead."""

import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from bot.surveys.compile import SurveyRefused, compile_survey
from tests.surveys.workbooks import LABEL, SETTINGS, TEXT, YES_NO, Cells, question, workbook

ONE = {"type": "select_one yn", "name": "one", LABEL: "Yes or no?"}


def refusals(path: Path, stop_words: frozenset[str] = frozenset()) -> list[str]:
    with pytest.raises(SurveyRefused) as refusal:
        compile_survey(path, stop_words=stop_words)
    return [str(problem) for problem in refusal.value.problems]


SURVEYS: list[Any] = [
    pytest.param(
        [question(type="geopoint")],
        "survey sheet, row 2, type: 'geopoint' cannot be asked by text; ask for a postcode area with select_one",
        id="a place",
    ),
    pytest.param(
        [question(type="image")],
        "survey sheet, row 2, type: 'image' cannot be asked by text; ask in words with type text",
        id="a picture",
    ),
    pytest.param(
        [question(type="range", parameters="start=1 end=5 step=1")],
        "survey sheet, row 2, type: 'range' cannot be asked by text; use integer with a constraint such as . >= 1 and "
        ". <= 10",
        id="a slider",
    ),
    pytest.param(
        [question(type="rank yn")],
        "survey sheet, row 2, type: 'rank yn' cannot be asked by text; use select_multiple with a constraint such as "
        "count-selected(.) <= 3",
        id="a ranking",
    ),
    pytest.param(
        [question(type="begin_repeat", name="r"), TEXT, {"type": "end_repeat"}],
        "survey sheet, row 2, type: 'begin_repeat' cannot be asked by text; ask once, or once for each with a question "
        "of its own; a text conversation does not loop",
        id="a repeat",
    ),
    pytest.param(
        [question(type="select_one_from_file towns.csv")],
        "survey sheet, row 2, type: 'select_one_from_file towns.csv' cannot be asked by text; put the choices on the "
        "choices sheet and use select_one",
        id="choices in another file",
    ),
    pytest.param(
        [question(type="acknowledge")],
        "survey sheet, row 2, type: 'acknowledge' cannot be asked by text; use a note, or select_one with one choice",
        id="an acknowledgement",
    ),
    pytest.param(
        [question(type="time")],
        "survey sheet, row 2, type: 'time' cannot be asked by text; use text, and say in the label how to write it",
        id="a time of day",
    ),
    pytest.param(
        [{**ONE, "type": "select_one yn or_other"}],
        "survey sheet, row 2, type: or_other is not supported; add a choice 'other' to the list, and below this row a "
        "text question with relevant selected(${one}, 'other')",
        id="or_other",
    ),
    pytest.param(
        [question(name="q" * 61)],
        f"survey sheet, row 2, name: '{'q' * 61}' is no usable name; take at most 60 letters, digits, - and _, a "
        "letter first",
        id="a name too long",
    ),
    pytest.param(
        [question(name="campaign")],
        "survey sheet, row 2, name: 'campaign' is a column of every export already; choose another name",
        id="a name of the export",
    ),
    pytest.param(
        [{"type": "begin_group", "name": "g", LABEL: "G"}, TEXT, {"type": "end_group"}, question(name="Q")],
        "survey sheet, row 5, name: 'Q' is already the name of row 3; every name is a column",
        id="one name in two groups",
    ),
    pytest.param([TEXT, TEXT], "survey sheet, row 3: the 'name' value 'q' is invalid.", id="one name twice in a row"),
    pytest.param(
        [question(**{LABEL: ""}, hint="x")],
        "survey sheet, row 2, label: the wording in the default language (en) is missing",
        id="no wording",
    ),
    pytest.param(
        [TEXT, {"type": "note", "name": "n", LABEL: "You said ${q}"}],
        "survey sheet, row 3, label: a message never repeats an answer, because phones are shared; take ${...} out of "
        "the text",
        id="an answer repeated",
    ),
    pytest.param(
        [question(**{"label::Polish": "Dlaczego?"})],
        "survey sheet, row 1, label::Polish: 'Polish' has no language code; write the code in brackets, such as "
        "'English (en)' or 'Polish (pl)'",
        id="a language without its code",
    ),
    pytest.param(
        [question(**{"label::Eng (en)": "Why?"})],
        "survey sheet, row 1, label::Eng (en): en is already called 'English'; use one name",
        id="one language twice",
    ),
    pytest.param(
        [{**ONE, "type": "select_one towns"}],
        "survey sheet, row 2: List name not in choices sheet: towns",
        id="no such list",
    ),
    pytest.param(
        [TEXT, {**ONE, "type": "select_one"}],
        "survey sheet, row 3: Unknown question type 'select_one'.",
        id="a list without a name",
    ),
    pytest.param(
        [question(name="two words")],
        "survey sheet, row 2, name: Names must begin with a letter",
        id="a name with a space",
    ),
    pytest.param(
        [{"type": "text", LABEL: "Why?"}], "survey sheet, row 2: Question or group with no name.", id="no name"
    ),
    pytest.param([{"name": "q", LABEL: "Why?"}], "Invalid headers provided for sheet: 'survey'", id="no types at all"),
    pytest.param(
        [question(relevant="${nobody} = 'x'")],
        "survey sheet, row 2, relevant: Reference variables must contain a name from the 'survey' sheet. "
        "Could not find the name 'nobody'.",
        id="a name that is not there",
    ),
    pytest.param(
        [{"type": "note", "name": "n", LABEL: "Hello"}, question(relevant="${n} = 'x'")],
        "survey sheet, row 3, relevant: ${n} is a note, which has no answer",
        id="a note's answer",
    ),
    pytest.param(
        [question(relevant="pulldata('f', 'a', 'b', 'c') = 1")],
        "survey sheet, row 2, relevant: pulldata() is not supported; the functions that are: not, true, false, "
        "selected, count-selected, regex, string-length, coalesce, if, once, today, date, jr:choice-name",
        id="a function outside the subset",
    ),
    pytest.param(
        [question(constraint="string-length(.) <")],
        "survey sheet, row 2, constraint: it ends too early",
        id="an expression cut off",
    ),
    pytest.param(
        [question(relevant=". = 'x'")],
        "survey sheet, row 2, relevant: '.' is this row's own answer, which is not there yet; name a question",
        id="a condition on itself with a dot",
    ),
    pytest.param(
        [TEXT, question(name="p", relevant="${q}")],
        "survey sheet, row 3, relevant: ${q} alone is no condition, it is true in ODK even unanswered; write ${q} != "
        "''",
        id="an answer as a condition",
    ),
    pytest.param(
        [question(relevant="${p} = 'x'"), question(name="p", relevant="${q} = 'x'")],
        "survey sheet, row 2: these wait for each other, in a circle: q -> p -> q",
        id="two rows that wait for each other",
    ),
    pytest.param(
        [
            {"type": "calculate", "name": "a", "calculation": "${b} + 1"},
            {"type": "calculate", "name": "b", "calculation": "${c} + 1"},
            {"type": "calculate", "name": "c", "calculation": "${a} + 1"},
            TEXT,
        ],
        "survey sheet, row 2: these wait for each other, in a circle: a -> b -> c -> a",
        id="three calculations in a circle",
    ),
    pytest.param(
        [
            {"type": "begin_group", "name": "g", LABEL: "G", "relevant": "${q} = 'x'"},
            TEXT,
            {"type": "end_group"},
        ],
        "survey sheet, row 3: these wait for each other, in a circle: q -> q",
        id="a group that waits for its own question",
    ),
    pytest.param(
        [question(relevant="${p} = 'x'"), question(name="p")],
        "survey sheet, row 2, relevant: it reads ${p}, which is asked later (row 3); move one of the two rows",
        id="a condition on a later answer",
    ),
    pytest.param(
        [
            {"type": "calculate", "name": "c", "calculation": "${p} + 1"},
            question(relevant="${c} = 2"),
            question(name="p"),
        ],
        "survey sheet, row 3, relevant: it reads ${p}, which is asked later (row 4); move one of the two rows",
        id="a condition on a later answer through a calculation",
    ),
    pytest.param(
        [question(calculation="1 + 1")],
        "survey sheet, row 2, calculation: only a row of type calculate is worked out; add one for this",
        id="a calculation on a question",
    ),
    pytest.param(
        [{"type": "calculate", "name": "c"}, TEXT], "survey sheet, row 2: Missing calculation.", id="no calculation"
    ),
    pytest.param(
        [question(read_only="yes")],
        "survey sheet, row 2, read_only: a question that nobody can answer is a note; use type note",
        id="a question that nobody can answer",
    ),
    pytest.param(
        [TEXT, question(name="p", type="calculate", calculation="1", trigger="${q}")],
        "survey sheet, row 3, trigger: triggers are not supported; a calculate row is always up to date",
        id="a trigger",
    ),
    pytest.param(
        [{"type": "start", "name": "start"}, question(relevant="${start} != ''")],
        "survey sheet, row 3, relevant: ${start}: there is no question of that name",
        id="the answer of a row that is left out",
    ),
    pytest.param(
        [TEXT, {**ONE, "choice_filter": "position(..) > 1"}],
        "survey sheet, row 3, choice_filter: position() is not supported",
        id="a choice filter outside the subset",
    ),
    pytest.param(
        [
            {"type": "begin_repeat", "name": "r", LABEL: "R"},
            TEXT,
            {"type": "end_repeat"},
            {**ONE, "type": "select_one ${q}"},
        ],
        "survey sheet, row 2, type: 'begin_repeat' cannot be asked by text",
        id="choices taken from answers",
    ),
    pytest.param(
        [question(analysis_role="main")],
        "survey sheet, row 2, analysis_role: 'main' is not a role; write open, closed, demographic, contact",
        id="an unknown role",
    ),
    pytest.param(
        [question(channels="sms fax")],
        "survey sheet, row 2, channels: 'fax' is not a channel; write some of sms, whatsapp, telegram, web, assisted, "
        "paper, phone",
        id="an unknown channel",
    ),
    pytest.param(
        [question(pii="perhaps")], "survey sheet, row 2, pii: 'perhaps' is neither yes nor no", id="neither yes nor no"
    ),
    pytest.param(
        [{"type": "note", "name": "n", LABEL: "Hello"}], "survey sheet: there is no question in it", id="no question"
    ),
    pytest.param(
        [{"type": "begin_group", "name": "g", LABEL: "G"}, TEXT],
        "survey sheet, row 2",
        id="a group that never ends",
    ),
]


@pytest.mark.parametrize(("survey", "message"), SURVEYS)
def test_a_broken_survey_sheet_is_refused_by_row(tmp_path: Path, survey: Sequence[Cells], message: str) -> None:
    found = refusals(workbook(tmp_path / "s.xlsx", survey))
    assert found[0].startswith(message), found


@pytest.mark.parametrize(
    ("choices", "message"),
    [
        pytest.param(
            [{"list_name": "yn", "name": "a b", LABEL: "A"}],
            "choices sheet, row 2, name: 'a b' is no usable code; take at most 40 letters, digits, - _ and .",
            id="a code with a space",
        ),
        pytest.param(
            [*YES_NO, {"list_name": "yn", "name": "YES", LABEL: "Yes!"}],
            "choices sheet, row 4, name: 'YES' is already in the list 'yn', in row 2",
            id="one code in two cases",
        ),
        pytest.param(
            [*YES_NO, YES_NO[0]], "choices sheet, row 4, name: Choice names must be unique", id="one code twice"
        ),
        pytest.param(
            [{"list_name": "yn", "name": "stop", LABEL: "Stop."}],
            "choices sheet, row 2, label: 'Stop.' as a whole message means no more texts; word it another way",
            id="a label that is the carrier's STOP",
        ),
        pytest.param(
            [{"list_name": "yn", "name": "stop", LABEL: "Leave it", "sms_label_en": "Arrêt"}],
            "choices sheet, row 2, label: 'Arrêt' as a whole message means no more texts; word it another way",
            id="a short label that is STOP in another language",
        ),
        pytest.param(
            [{"list_name": "yn", "name": "a", LABEL: "", "label::Polish (pl)": "Tak"}],
            "choices sheet, row 2, label: the wording in the default language (en) is missing",
            id="a choice without wording",
        ),
        pytest.param(
            [{"list_name": "yn", "name": "a", LABEL: "As ${one}"}],
            "choices sheet, row 2, label: a message never repeats an answer; take ${...} out of the text",
            id="an answer repeated",
        ),
        pytest.param(
            [{**YES_NO[0], "sms_label::English (en)": "Y"}],
            "a column is written with '::' where ODK cannot have it; write form_title_pl, or on choices sms_label_pl",
            id="a texting column written as a translation",
        ),
        pytest.param([], "There should be a choices sheet in this xlsform.", id="no choices sheet"),
    ],
)
def test_a_broken_choices_sheet_is_refused_by_row(tmp_path: Path, choices: Sequence[Cells], message: str) -> None:
    found = refusals(workbook(tmp_path / "s.xlsx", [ONE], choices), frozenset({"arrêt"}))
    assert found[0].startswith(message), found


@pytest.mark.parametrize(
    ("setting", "value", "message"),
    [
        ("form_title", "", "it is empty; write the name of the survey as residents read it"),
        ("form_id", "", "it is empty; write the short name that commands use, such as stoke-community-cohesion"),
        ("version", "", "it is empty; write a number or a date that changes with every change, such as 1"),
        ("default_language", "", "it is empty; write the language that gaps fall back to, such as English (en)"),
        (
            "default_language",
            "English",
            "'English' has no language code; write the code in brackets, such as 'English (en)' or 'Polish (pl)'",
        ),
        (
            "form_id",
            "1 survey",
            "'1 survey' is no usable name; take at most 60 letters, digits, - and _, a letter first",
        ),
        ("keyword", "ST-OKE", "'ST-OKE' is no keyword; take at most 20 letters and digits, without spaces"),
        ("keyword", "stoke STOKE", "'STOKE' is there twice"),
        ("keyword", "quit", "'QUIT' already means something to Earshot; choose another word"),
        ("keyword", "Help", "'HELP' already means something to Earshot; choose another word"),
        ("keyword", "12", "'12' would be read as an answer; a keyword needs a letter"),
        ("privacy_url", "our page", "'our page' is no web address; write it as www.example.gov.uk/page"),
        ("opens", "1 May", "'1 May' is no date; write it as 2026-05-31, or 2026-05-31T17:00"),
        ("closes", "2026-02-30", "'2026-02-30' is no date; write it as 2026-05-31, or 2026-05-31T17:00"),
        ("min_age", "sixteen", "'sixteen' is no age; write it as 16"),
        ("min_age", "999", "'999' is no age; write it as 16"),
        (
            "start",
            "later",
            "'later' is not a way to start; write direct (the first question at once) or confirm",
        ),
        ("draft_languages", "pl", "the file has no language 'pl'"),
        ("draft_languages", "en", "'en' is the default language, which every resident may be given"),
    ],
)
def test_a_broken_setting_is_refused_by_name(tmp_path: Path, setting: str, value: str, message: str) -> None:
    found = refusals(workbook(tmp_path / "s.xlsx", settings={**SETTINGS, "keyword": "", setting: value}))
    assert f"settings sheet, row 2, {setting}: {message}" in found


def test_a_survey_closes_after_it_opens(tmp_path: Path) -> None:
    path = workbook(tmp_path / "s.xlsx", settings={**SETTINGS, "opens": "2026-06-02", "closes": "2026-06-01"})
    assert refusals(path) == [
        "settings sheet, row 2, closes: the survey would close (2026-06-01) before it opens (2026-06-02)"
    ]


def test_a_file_without_settings_says_what_they_are(tmp_path: Path) -> None:
    found = refusals(workbook(tmp_path / "s.xlsx", settings={}))
    assert found == [
        "settings sheet: there is no settings sheet; it needs form_title, form_id, version, default_language"
    ]


def test_a_file_without_a_survey_sheet_says_so(tmp_path: Path) -> None:
    assert refusals(workbook(tmp_path / "s.xlsx", survey=[]))[0].startswith("You must have a sheet named 'survey'.")


def test_every_problem_is_told_at_once(tmp_path: Path) -> None:
    rows = [question(type="image"), question(name="p", pii="perhaps"), question(name="r", channels="fax")]
    found = refusals(workbook(tmp_path / "s.xlsx", rows, settings={**SETTINGS, "start": "later"}))
    assert [line.split(":")[0] for line in found] == [
        "settings sheet, row 2, start",
        "survey sheet, row 2, type",
        "survey sheet, row 3, pii",
        "survey sheet, row 4, channels",
    ]


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("s.xlsx", b"", "s.xlsx is empty"),
        ("s.docx", b"x", "s.docx is no survey file; save it from Excel or LibreOffice as .xlsx"),
        ("s.xlsx", b"a,b\n1,2\n", "s.xlsx is damaged, or no spreadsheet; save it from Excel or LibreOffice as .xlsx"),
        ("s.xlsx", b"PK\x03\x04rest", "s.xlsx is damaged, or no spreadsheet"),
        ("s.xls", b"\xd0\xcf\x11\xe0" + b"\0" * 600, "s.xls "),
        ("s.csv", b"\xff\xfe\x00", "s.csv "),
        ("s.csv", b"survey,,\n,type,name\n,text\n", ""),
    ],
    ids=["empty", "a letter", "text named xlsx", "half a zip", "a broken xls", "bytes", "a csv with half a row"],
)
def test_a_file_that_is_no_survey_is_refused_by_its_name(
    tmp_path: Path, name: str, content: bytes, message: str
) -> None:
    (tmp_path / name).write_bytes(content)
    assert refusals(tmp_path / name)[0].startswith(message)


def test_a_zip_that_is_no_workbook_is_refused(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "s.xlsx", "w") as archive:
        archive.writestr("hello.txt", "hello")
    assert refusals(tmp_path / "s.xlsx")[0].startswith("s.xlsx is damaged, or no spreadsheet")


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    assert refusals(tmp_path / "none.xlsx") == [f"there is no file {tmp_path / 'none.xlsx'}"]

"""A broken survey sheet is refused by row and column, all of it at once, with what to write instead."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.surveys.workbooks import LABEL, SETTINGS, TEXT, YES_NO, Cells, question, refusals, workbook

ONE = {"type": "select_one yn", "name": "one", LABEL: "Yes or no?"}


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
        "survey sheet, row 5, name: 'Q' is already the name of row 3 ('q': capitals make no difference); every name is "
        "a column",
        id="one name in two groups",
    ),
    pytest.param(
        [TEXT, TEXT],
        "survey sheet, row 3, name: 'q' is already the name of row 2; every name is a column",
        id="one name twice in a row",
    ),
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
        "survey sheet, row 2, type: there is no list 'towns' on the choices sheet; the lists are yn",
        id="no such list",
    ),
    *(
        pytest.param(
            [TEXT, {**ONE, "type": kind}],
            "survey sheet, row 3, type: the name of the list of choices is missing; write it behind, as in "
            f"'{kind} yn', as it stands under list_name on the choices sheet",
            id=f"{kind} without a list",
        )
        for kind in ("select_one", "select_multiple", "select one from", "select all that apply")
    ),
    pytest.param(
        [TEXT, question(type="texxt", name="p")],
        "survey sheet, row 3, type: 'texxt' cannot be asked by text; use one of select_one, select_multiple, text,",
        id="a misspelt type",
    ),
    pytest.param(
        [TEXT, {"name": "p", LABEL: "Why?"}],
        "survey sheet, row 3, type: it is empty; write one of select_one, select_multiple, text,",
        id="no type",
    ),
    pytest.param(
        [question(name="two words")],
        "survey sheet, row 2, name: 'two words' is no usable name; take at most 60 letters, digits, - and _, a letter "
        "first",
        id="a name with a space",
    ),
    pytest.param(
        [{"type": "text", LABEL: "Why?"}],
        "survey sheet, row 2, name: it is empty; write a short name, which is the column in the export",
        id="no name",
    ),
    pytest.param([{"name": "q", LABEL: "Why?"}], "Invalid headers provided for sheet: 'survey'", id="no types at all"),
    pytest.param(
        [question(relevant="${nobody} = 'x'")],
        "survey sheet, row 2, relevant: ${nobody}: there is no question of that name",
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
        [{"type": "calculate", "name": "c"}, TEXT],
        "survey sheet, row 2, calculation: it is empty; write what is to be worked out",
        id="no calculation",
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
        "survey sheet, row 2, type: the group 'g' has no end_group below it",
        id="a group that never ends",
    ),
    pytest.param(
        [TEXT, {"type": "end_group"}],
        "survey sheet, row 3, type: there is no begin_group above it that is still open",
        id="a group that never began",
    ),
    pytest.param(
        [
            TEXT,
            {"type": "begin_group", "name": "g", LABEL: "G", "relevant": f"${{q}} != '{'x' * 2000}'"},
            question(name="p", relevant=f"${{q}} != '{'y' * 2000}'"),
            {"type": "end_group"},
        ],
        "survey sheet, row 4, relevant: with the conditions of its groups, it is longer than 4,000 characters; split "
        "it over calculate rows",
        id="a condition too long with its group's",
    ),
    pytest.param(
        [question(parameters="rows:3")],
        "survey sheet, row 2, parameters: Parameters must be in the form of 'key1=value1 key2=value2.",
        id="what ODK alone refuses",
    ),
]


@pytest.mark.parametrize(("survey", "message"), SURVEYS)
def test_a_broken_survey_sheet_is_refused_by_row(tmp_path: Path, survey: Sequence[Cells], message: str) -> None:
    found = refusals(workbook(tmp_path / "s.xlsx", survey))
    assert found[0].startswith(message), found


def test_every_problem_is_told_at_once(tmp_path: Path) -> None:
    rows = [question(type="image"), question(name="p", pii="perhaps"), question(name="r", channels="fax")]
    found = refusals(workbook(tmp_path / "s.xlsx", rows, settings={**SETTINGS, "start": "later"}))
    assert [line.split(":")[0] for line in found] == [
        "settings sheet, row 2, start",
        "survey sheet, row 2, type",
        "survey sheet, row 3, pii",
        "survey sheet, row 4, channels",
    ]


def test_what_odk_would_refuse_one_by_one_is_told_at_once(tmp_path: Path) -> None:
    rows = [
        {**ONE, "type": "select_one towns"},
        {**ONE, "type": "select_multiple", "name": "two"},
        question(type="texxt"),
        question(name="one", type="decimal"),
        question(name="p", relevant="${nobody} = 'x'"),
        question(name="r", relevant="${q} != ''"),
        question(name="s", parameters="rows:3"),
    ]
    choices = [*YES_NO, YES_NO[0]]
    found = refusals(workbook(tmp_path / "s.xlsx", rows, choices))
    assert [line.split(":")[0] for line in found] == [
        "choices sheet, row 4, name",
        "survey sheet, row 2, type",
        "survey sheet, row 3, type",
        "survey sheet, row 4, type",
        "survey sheet, row 5, name",
        "survey sheet, row 6, relevant",
    ]


def test_what_odk_refuses_beside_ours_is_told_with_it(tmp_path: Path) -> None:
    rows = [question(pii="perhaps"), question(name="p", parameters="rows:3"), question(name="r", parameters="rows:3")]
    assert [line.split(":")[0] for line in refusals(workbook(tmp_path / "s.xlsx", rows))] == [
        "survey sheet, row 2, pii",
        "survey sheet, row 3, parameters",
    ]


def test_a_groups_broken_condition_is_told_once(tmp_path: Path) -> None:
    group = {"type": "begin_group", "name": "g", LABEL: "G", "relevant": "${nobody} = 'x'"}
    found = refusals(workbook(tmp_path / "s.xlsx", [group, TEXT, question(name="p"), {"type": "end_group"}]))
    assert found == ["survey sheet, row 2, relevant: ${nobody}: there is no question of that name"]

"""Each form's export as it comes: Jadu with its side files, SurveyMonkey, Microsoft Forms, and any other."""

import hashlib
from datetime import datetime
from pathlib import Path

import pytest

from bot.analysis.importing.problems import ImportRefused
from storage.imports import Incoming
from tests.analysis.importing.scene import looked
from tests.analysis.importing.test_files import workbook

QUESTIONS = """
absent = ["age", "since"]
[questions.safe]
column = "What about safe?"
[questions.why_not]
column = "What about why_not?"
"""


def answers(incoming: Incoming) -> dict[str, str]:
    """Write the codes, or the words, of every answered question."""
    found: dict[str, str] = {}
    for answer in incoming.answers:
        if answer.state == "answered":
            found[answer.question] = f"{found.get(answer.question, '')} {answer.value_code or answer.said}".strip()
    return found


def test_surveymonkeys_two_header_rows_and_spread_answers(tmp_path: Path) -> None:
    map_text = (
        'preset = "surveymonkey"\nsource = "monkey"\n'
        + QUESTIONS
        + '[questions.needs]\npattern = "^What about needs\\\\? \\\\| (?P<label>.*)$"\n'
        + 'other = "What about needs? | Other (please specify)"\n'
    )
    content = (
        "Respondent ID,Collector ID,Start Date,End Date,IP Address,Email Address,First Name,Last Name,Custom Data 1,"
        'What about safe?,"What about\nwhy_not?",What about needs?,,,\r\n'
        ',,,,,,,,,Response,Open-Ended Response,Buses,"Lights, and lamps",Parks,Other (please specify)\r\n'
        "118000000001,44,10/25/2026 09:00:00 AM,10/25/2026 09:05:00 AM,10.0.0.1,,,,,Disagree,Dark,Buses,,Parks,\r\n"
        "118000000002,44,10/25/2026 09:00:00 AM,10/26/2026 01:05:00 PM,10.0.0.1,,,,,,,,,,A pond\r\n"
    ).replace("Response,Open-Ended Response", ",")
    ((first, second),) = looked(tmp_path, map_text=map_text, content=content).rows
    assert answers(first) == {"safe": "disagree", "why_not": "Dark", "needs": "buses parks"}
    assert answers(second) == {"needs": "other"}
    assert first.completed_at is not None
    assert (first.external_id, first.completed_at - first.started_at) == ("118000000001", 5 * 60_000)


def test_microsoft_forms_joined_answers_with_a_semicolon_at_the_end(tmp_path: Path) -> None:
    map_text = 'preset = "microsoft-forms"\nsource = "forms"\n' + QUESTIONS + '[questions.needs]\ncolumn = "Needs"\n'
    content = (
        "ID,Start time,Completion time,Email,Name,Last modified time,What about safe?,What about why_not?,Needs\r\n"
        "1,8/20/25 12:51:45,8/20/25 12:53:00,anonymous,,,Agree,,Parks;Lights, and lamps;\r\n"
    ).replace("Parks;Lights, and lamps;", '"Parks;Lights, and lamps;"')
    ((only,),) = looked(tmp_path, map_text=map_text, content=content).rows
    assert answers(only) == {"safe": "agree", "needs": "lights parks"}


def test_a_workbook_of_microsoft_forms_whose_days_are_days(tmp_path: Path) -> None:
    map_text = 'preset = "microsoft-forms"\nsource = "forms"\n' + QUESTIONS + '[questions.needs]\ncolumn = "Needs"\n'
    head = ["Id", "Start time", "Completion time", "Email", "Name", "What about safe?", "What about why_not?", "Needs"]
    begun, ended = datetime.fromisoformat("2026-03-04T14:05"), datetime.fromisoformat("2026-03-04T14:06:30")
    content = workbook(head, [7, begun, ended, "anonymous", None, "Disagree", "Too dark\nat night", "Buses;"])
    ((only,),) = looked(tmp_path, map_text=map_text, content=content, name="forms.xlsx").rows
    assert answers(only) == {"safe": "disagree", "why_not": "Too dark\nat night", "needs": "buses"}
    assert (only.external_id, only.completed_at) == ("7", only.started_at + 90_000)


def test_a_row_that_was_begun_and_not_handed_in_is_partial(tmp_path: Path) -> None:
    map_text = 'preset = "microsoft-forms"\nsource = "forms"\n' + QUESTIONS + '[questions.needs]\ncolumn = "Needs"\n'
    content = (
        "Id,Start time,Completion time,What about safe?,What about why_not?,Needs\r\n"
        "1,2026-10-20 12:51:45,,Disagree,,\r\n"
    )
    ((only,),) = looked(tmp_path, map_text=map_text, content=content).rows
    assert only.completed_at is None
    assert {answer.question: answer.state for answer in only.answers} == {
        "safe": "answered",
        "age": "not_in_version",
        "since": "not_in_version",
    }


JADU = """
preset = "jadu"
source = "jadu form 163"
date_format = "uk"
absent = ["age", "since"]
[questions.safe]
column = "Safe?"
[questions.why_not]
file = "1199"
column = "Why not?"
[questions.needs]
file = "1200"
column = "Needs"
[files.1199]
ignore = ["Row"]
[files.1200]
id = "Submission"
"""
MAIN = "Submission reference,Date submitted,Form name,Safe?\r\nJ1,25/10/2026 14:05,Cohesion,Disagree\r\n"
WORDS = "Submission reference,Row,Why not?\r\nJ1,1,Dark\r\nJ1,2,Wet\r\nJ1,3,\r\n"
CODES = "Submission,Needs\r\nJ1,Parks\r\nJ1,Buses\r\n"


def jadu(folder: Path, main: str = MAIN, map_text: str = JADU, **side: str) -> list[Incoming]:
    """Lay an export with its side files into a folder, and look it over."""
    name = "11_20261026144004_163_data"
    for number, content in ({"f1199": WORDS, "f1200": CODES} | side).items():
        (folder / f"{name}_{number[1:]}.csv").write_text(content, encoding="utf-8")
    checked = looked(folder, map_text=map_text, content=main, name=f"{name}.csv")
    if checked.report.problems:
        raise ImportRefused(checked.report.problems[0])
    return [row for slice_ in checked.rows for row in slice_]


def test_jadus_repeatable_questions_come_from_the_files_beside(tmp_path: Path) -> None:
    (only,) = jadu(tmp_path)
    assert answers(only) == {"safe": "disagree", "why_not": "Dark\nWet", "needs": "buses parks"}


@pytest.mark.parametrize(
    ("side", "said"),
    [
        pytest.param({"f1201": WORDS}, "163_data_1201.csv lies beside", id="a file that the map does not know"),
        pytest.param(
            {"f1200": CODES.replace("J1", "J9")},
            "1200.csv holds submissions that the main file does not have (row 2)",
            id="of nobody",
        ),
        pytest.param(
            {"f1200": CODES.replace("J1,Buses", "J1")}, "row 3: it has 1 cell under 2 headings", id="a row cut off"
        ),
        pytest.param({"f1200": CODES.replace("Needs", "Need")}, "no column “Needs” for needs", id="another heading"),
        pytest.param({"f1199": WORDS.replace("Row", "No")}, "no column “Row”", id="another column to ignore"),
        pytest.param({"f1200": CODES.replace("Buses", "Ponds")}, "“Ponds” is no choice of needs", id="another label"),
        pytest.param({"f1199": WORDS.replace("Why", "Who,Why").replace("1,D", "1,,D")}, "", id="one more column"),
    ],
)
def test_a_side_file_that_does_not_fit_stops_it(tmp_path: Path, side: dict[str, str], said: str) -> None:
    with pytest.raises(ImportRefused) as refused:
        jadu(tmp_path, **side)
    assert said in " ".join([str(refused.value), *refused.value.problems])


def test_a_side_file_can_be_passed_over(tmp_path: Path) -> None:
    (only,) = jadu(tmp_path, map_text=JADU + "[files.1201]\nskip = true\n", f1201=WORDS)
    assert only.external_id == "J1"


def test_a_side_file_is_held_against_its_checksum_too(tmp_path: Path) -> None:
    beside = tmp_path / "11_20261026144004_163_data_1199.csv.sha1"
    beside.write_text(hashlib.sha1(WORDS.encode(), usedforsecurity=False).hexdigest())
    assert len(jadu(tmp_path)) == 1
    with pytest.raises(ImportRefused, match="Download it again"):
        jadu(tmp_path, f1199=WORDS + "J1,4,More\r\n")

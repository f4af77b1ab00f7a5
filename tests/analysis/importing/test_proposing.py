"""Proposed maps: what is exactly the survey's is placed, what is nearly so is marked, and the rest stops an import."""

import csv
import io
import tomllib
from collections.abc import Sequence
from pathlib import Path

import pytest
from openpyxl import Workbook

from bot.analysis.columns import Published
from bot.analysis.importing.import_map import read_map
from bot.analysis.importing.likeness import near_label
from bot.analysis.importing.map_lines import key, text
from bot.analysis.importing.problems import ImportRefused
from bot.analysis.importing.proposing import proposal
from bot.cli.importing import SAMPLE, SAMPLE_MAP
from bot.core.survey import Choice
from tests.analysis.filling import ask, version
from tests.analysis.importing.scene import AGREE, PUBLISHED, looked, problems
from tests.playing import shipped

HEAD = (
    "Response ID",
    "Submitted",
    "What about safe",
    "What about why_not",
    "What about needs?",
    "Age",
    "Since",
    "E-mail",
    "Mood",
)


def sheet(folder: Path, *rows: Sequence[str], head: Sequence[str] = HEAD, name: str = "form.csv") -> Path:
    content = io.StringIO(newline="")
    csv.writer(content).writerows([head, *rows])
    path = folder / name
    path.write_text(content.getvalue(), encoding="utf-8")
    return path


def test_the_shipped_sample_maps_whole_without_a_hand_on_it(tmp_path: Path) -> None:
    survey = Published(shipped().id, (shipped(),), None)
    map_text = proposal(SAMPLE, survey).text
    assert "Not placed" not in map_text
    assert "Questions without" not in map_text
    sample = SAMPLE.read_text(encoding="utf-8")
    checked = looked(tmp_path, map_text=map_text, content=sample, published=survey)
    assert checked.report.problems == []
    assert checked.report.added == 40
    path = tmp_path / "proposed.toml"
    path.write_text(map_text, encoding="utf-8")
    assert read_map(path).questions == read_map(SAMPLE_MAP).questions


def test_a_proposal_places_marks_and_leaves_out(tmp_path: Path) -> None:
    rows = [
        ("1", "25/10/2026 10:00", "Agree", "", "Parks; Buses", "34", "", "", "Good"),
        ("2", "26/10/2026 10:00", "Disagreed", "", "Lights and lamps; Ponds", "35", "", "", "Bad"),
    ]
    path = sheet(tmp_path, *rows)
    map_text = proposal(path, PUBLISHED).text
    read = tomllib.loads(map_text)
    assert (read["id"], read["submitted_at"], read["date_format"]) == ("Response ID", "Submitted", "uk")
    assert read["ignore"] == ["E-mail"]
    assert "absent" not in read
    assert read["questions"]["safe"] == {"column": "What about safe", "labels": {"Disagreed": "disagree"}}
    assert read["questions"]["needs"]["labels"] == {"Lights and lamps": "lights"}
    assert 'column = "What about safe"  # check' in map_text
    assert '# "Ponds" = ""  # like none: give it one of lights, buses, parks, other' in map_text
    assert '#   "Mood"' in map_text
    assert problems(tmp_path, *rows, head=HEAD, map_text=map_text) == [
        "the map does not know column “Mood”: give it to a question, or name it under `ignore`",
        "column “What about needs?”: “Ponds” is no choice of needs; give it a code under questions.needs.labels "
        "(row 3)",
    ]


def test_an_id_column_with_a_double_is_proposed_and_the_double_is_named(tmp_path: Path) -> None:
    rows = [(ref, "25/10/2026", "Agree") for ref in ("W1", "W2", "W3\x07", "W4", "W3\x07", "W5")]
    path = sheet(tmp_path, *rows, head=("Case ref.", "Submitted", "What about safe?"))
    made = proposal(path, PUBLISHED)
    assert tomllib.loads(made.text)["id"] == "Case ref."
    assert made.needs == [
        "id: “Case ref.” looks like the id, but “W3 ” stands in rows 4 and 6. Each row needs its own: mend that, or "
        "name another column"
    ]
    assert made.headings == []


def test_two_header_rows_are_found_out_or_named(tmp_path: Path) -> None:
    spread = ("Ref", "Submitted", "What about safe?", "What about needs?", "", "")
    rows = [("", "", "", "Buses", "Lights, and lamps", "Parks"), ("1", "25/10/2026", "Agree", "Buses", "", "Parks")]
    read = tomllib.loads(proposal(sheet(tmp_path, *rows, head=spread), PUBLISHED).text)
    assert (read["header_rows"], read["id"], list(read["questions"])) == (2, "Ref", ["safe", "needs"])
    assert len(read["questions"]["needs"]["columns"]) == 3
    titled = sheet(tmp_path, spread, *rows, head=("All answers",))
    assert tomllib.loads(proposal(titled, PUBLISHED).text) == read
    parts = [("Ref", "Submitted", "What about safe?"), ("1", "25/10/2026", "Agree")]
    path = sheet(tmp_path, *parts, head=("About this", "", "Part A"))
    read = tomllib.loads(proposal(path, PUBLISHED).text)
    assert (read["header_rows"], read["id"]) == (2, "About this | Ref")
    assert read["questions"] == {"safe": {"column": "Part A | What about safe?"}}
    assert "header_rows" not in tomllib.loads(proposal(path, PUBLISHED, 1).text)
    assert "first two rows headings? Then run web-map with --header-rows 2" in proposal(path, PUBLISHED, 1).text
    one = sheet(tmp_path, ("", "25/10/2026", "Agree"), head=parts[0])  # no second header row: its id is blank
    assert "header_rows" not in tomllib.loads(proposal(one, PUBLISHED).text)
    with pytest.raises(ImportRefused, match="its second row is one of answers"):
        proposal(one, PUBLISHED, 2)


def test_the_sheet_of_the_answers_is_found_and_a_title_above_them_passed_over(tmp_path: Path) -> None:
    book = Workbook()
    assert book.active is not None
    book.active.append(["How to read this"])
    book.create_sheet("Empty")
    answers = book.create_sheet("Answers")
    for each in (["All answers"], [], ["Ref", "Submitted", "What about safe?"], ["1", "25/10/2026", "Agree"]):
        answers.append(each)
    book.save(tmp_path / "form.xlsx")
    read = tomllib.loads(proposal(tmp_path / "form.xlsx", PUBLISHED).text)
    assert (read["sheet"], read["id"], list(read["questions"])) == ("Answers", "Ref", ["safe"])
    assert "header_rows" not in read


def test_full_postcodes_are_proposed_as_rules_for_their_districts(tmp_path: Path) -> None:
    areas = tuple(Choice(f"st{n}", {"en": f"ST{n}"}) for n in (1, 4))
    survey = Published("stoke", (version("1", ask("area", choices=areas)),), None)
    rows = [(str(n), "25/10/2026", f"{area} {n}AB") for n, area in enumerate(("ST4", "ST1", "ST4", "ST9"))]
    path = sheet(tmp_path, *rows, head=("Ref", "Submitted", "What about area?"))
    made = proposal(path, survey)
    assert tomllib.loads(made.text)["questions"]["area"]["labels"] == {"ST1*": "st1", "ST4*": "st4"}
    assert made.labels == [("area", "ST9*")]
    assert "ST4 0AB" not in made.text


def test_a_file_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(ImportRefused, match=r"none.csv cannot be read \(No such file or directory\). Check its name"):
        proposal(tmp_path / "none.csv", PUBLISHED)


def test_no_words_of_residents_stand_in_a_proposal(tmp_path: Path) -> None:
    rows = [
        (str(i), f"{13 + i}/10/2026", "Agree", f"My secret {i}", "", "", "", "a@b.example", "Sad") for i in range(9)
    ]
    map_text = proposal(sheet(tmp_path, *rows), PUBLISHED).text
    assert not [word for word in ("secret", "a@b", "Sad") if word in map_text]


def test_a_label_that_names_a_person_is_masked_and_left_to_a_person(tmp_path: Path) -> None:
    said = ("ask my son on 07700 900123", "Agree, 07700 900123")
    labels = ("Agree", "Disagree") * 9 + said
    rows = [(str(n), "25/10/2026 10:00", label, "", "Buses", "34", "", "", "") for n, label in enumerate(labels)]
    made = proposal(sheet(tmp_path, *rows, head=(*HEAD[:2], "What about safe?", *HEAD[3:])), PUBLISHED)
    assert "900123" not in f"{made.text}{made.labels}"
    assert ("safe", "ask my son on [phone]") in made.labels
    assert '# "Agree, [phone]" = ""  # like none' in made.text


def test_days_that_can_be_read_two_ways_are_left_to_a_person(tmp_path: Path) -> None:
    map_text = proposal(sheet(tmp_path, ("1", "03/04/2026", *[""] * 7)), PUBLISHED).text
    assert '# date_format: the days can be read two ways. Set "uk" (day first) or "us" (month first).' in map_text


@pytest.mark.parametrize(
    ("head", "name", "preset"),
    [
        pytest.param(("Respondent ID", "Collector ID"), "a.csv", "surveymonkey", id="SurveyMonkey"),
        pytest.param(("ID", "Start time", "Completion time"), "a.csv", "microsoft-forms", id="Microsoft Forms"),
        pytest.param(("Reference",), "11_20261026144004_163_data.csv", "jadu", id="Jadu, by its file's name"),
        pytest.param(("Answers",), "a.csv", "generic", id="any other"),
    ],
)
def test_the_form_is_known_by_its_export(tmp_path: Path, head: Sequence[str], name: str, preset: str) -> None:
    read = tomllib.loads(proposal(sheet(tmp_path, ["1"] * len(head), head=head, name=name), PUBLISHED).text)
    assert read["preset"] == preset
    assert "jadu form 163" in (read["source"], "jadu form 163" if preset != "jadu" else "")


def test_columns_for_each_option_are_put_together(tmp_path: Path) -> None:
    head = ("Respondent ID", "Collector ID", "End Date", "What about needs?", "", "", "")
    options = ("Buses", "Lights, and lamps", "Parks", "Other (please specify)")
    rows = [("", "", "", *options), ("1", "2", "10/25/2026", "Buses", "", "Parks", "A pond")]
    read = tomllib.loads(proposal(sheet(tmp_path, *rows, head=head), PUBLISHED).text)
    assert read["questions"]["needs"]["other"] == "What about needs? | Other (please specify)"
    assert read["questions"]["needs"]["columns"] == {
        "What about needs? | Buses": "buses",
        "What about needs? | Lights, and lamps": "lights",
        "What about needs? | Parks": "parks",
    }


@pytest.mark.parametrize(
    ("heading", "is_placed"),
    [
        pytest.param("Q7. What about safe? (optional)", True, id="a number before it"),
        pytest.param("Section A - 3 What about safe *", True, id="a section before it"),
        pytest.param("3a) WHAT ABOUT SAFE (tick one)", True, id="how to answer behind it"),
        pytest.param("Q7. What else is there?", False, id="another question"),
    ],
)
def test_what_a_form_puts_around_a_question_does_not_hide_it(tmp_path: Path, heading: str, is_placed: bool) -> None:
    read = tomllib.loads(proposal(sheet(tmp_path, ("1", "Agree"), head=("ID", heading)), PUBLISHED).text)
    assert (read.get("questions", {}).get("safe") == {"column": heading}) == is_placed


def test_an_answer_is_not_taken_for_a_second_header_row(tmp_path: Path) -> None:
    head = ("Respondent ID", "Collector ID", "End Date", "What about safe?")
    read = tomllib.loads(proposal(sheet(tmp_path, ("1", "2", "10/25/2026", "Agree"), head=head), PUBLISHED).text)
    assert (read["header_rows"], read["questions"]["safe"]) == (1, {"column": "What about safe?"})


def test_files_of_repeatable_questions_are_given_to_their_questions_or_left_to_a_person(tmp_path: Path) -> None:
    name = "11_20261026144004_163_data"
    path = sheet(
        tmp_path, ("J1", "25/10/2026"), ("J2", "25/10/2026"), head=("Reference", "Submitted at"), name=name + ".csv"
    )
    sheet(tmp_path, ("J1", "1", "Parks"), head=("Submission", "Row", "What about needs?"), name=f"{name}_1199.csv")
    sheet(tmp_path, ("J1", "Blue"), head=("Reference", "Colour"), name=f"{name}_1200.csv")
    made = proposal(path, PUBLISHED)
    read = tomllib.loads(made.text)
    assert read["questions"]["needs"] == {"file": "1199", "column": "What about needs?", "separator": ";"}
    assert read["files"] == {"1199": {"id": "Submission", "ignore": ["Row"]}}
    assert "needs" not in made.questions
    assert (
        '# and a `column` of "Colour"; or pass it over with `skip = true`.\n# [files.1200]\n# skip = true' in made.text
    )


@pytest.mark.parametrize(
    ("label", "code"),
    [
        pytest.param("Dissagree", "disagree", id="a slip"),
        pytest.param("Not agree", "", id="its opposite"),
        pytest.param("Fine", "", id="nothing like it"),
    ],
)
def test_a_label_is_proposed_only_where_it_is_clearly_like_one(label: str, code: str) -> None:
    assert near_label(label, ask("safe", choices=AGREE)) == code


def test_texts_are_written_so_that_toml_reads_them_again() -> None:
    odd = 'a "b" \\ \x7f \x01 \n ش'
    assert tomllib.loads(f"{key('a b')} = {text(odd)}\n{key('a-b')} = 1") == {"a b": odd, "a-b": 1}

"""The Consult folder, against the shapes that Consult's importer takes, restated from its data_pipeline/models.py."""

import json
from pathlib import Path
from typing import TypeVar

import pytest
from pydantic import BaseModel, ConfigDict, Field

from bot.analysis.export import Format
from bot.analysis.formats.consult import MOST_TOKENS, most_tokens, storable
from bot.core.survey import QuestionType, Role
from storage.script import Database, Fetch, Row, Run, Script
from tests.analysis.filling import BEGAN, Answer, Response, ask, exported, keep, publish, version
from tests.analysis.formats.scene import HARD_MASKED, filled


class Line(BaseModel):
    """Nothing that is not asked for: one key too many fails Consult's whole import."""

    model_config = ConfigDict(extra="forbid", strict=True)


class Respondent(Line):
    themefinder_id: int = Field(gt=0, lt=2**31)
    demographic_data: dict[str, list[str]]


class Question(Line):
    question_text: str = Field(min_length=1)
    question_number: int
    has_free_text: bool
    multi_choice_options: list[str] | None


class Text(Line):
    themefinder_id: int
    text: str = Field(min_length=1)


class Choices(Line):
    themefinder_id: int
    options: list[str] = Field(min_length=1)


Shape = TypeVar("Shape", bound=Line)
ON_SQLITE = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


def lines(path: Path, shape: type[Shape]) -> list[Shape]:
    """Read a file as Consult does: every line is JSON of that shape, and no line is blank."""
    content = path.read_bytes()
    assert not content.startswith(b"\xef\xbb\xbf")
    assert content.strip(), "a file without lines is left out"
    return [shape.model_validate_json(line) for line in content.decode().split("\n")]


def ids(folder: Path) -> list[int]:
    return [each.themefinder_id for each in lines(folder / "inputs" / "respondents.jsonl", Respondent)]


@ON_SQLITE
async def test_every_line_has_the_shape_that_the_importer_takes(database: Database, tmp_path: Path) -> None:
    await filled(database)
    await exported(database, tmp_path / "o", Format.CONSULT)
    inputs = tmp_path / "o" / "inputs"
    respondents = lines(inputs / "respondents.jsonl", Respondent)
    assert [each.themefinder_id for each in respondents] == [1, 2, 3]
    parts = sorted(inputs.glob("question_part_*"))
    questions = [Question.model_validate_json((part / "question.json").read_text("utf-8")) for part in parts]
    assert [(each.question_number, each.has_free_text, each.multi_choice_options) for each in questions] == [
        (1, False, ["Yes", "No"]),
        (2, False, ["More lights, soon", "Buses"]),
        (3, True, None),
    ]
    assert lines(parts[0] / "multi_choice.jsonl", Choices) == [Choices(themefinder_id=1, options=["Yes"])]
    assert lines(parts[1] / "multi_choice.jsonl", Choices)[0].options == ["More lights, soon", "Buses"]
    assert lines(parts[2] / "responses.jsonl", Text) == [Text(themefinder_id=1, text=HARD_MASKED)]
    assert sorted(path.name for path in parts[2].glob("*")) == ["question.json", "responses.jsonl"]


def campaign() -> Script[None]:
    yield Run(
        "INSERT INTO campaign (id, survey, name, keyword, place, state, made_at, made_by, changed_at)"
        " VALUES ('mosque', 'stoke', 'Mosque', 'MOSQUE', 'Shelton', 'running', 0, 'ann', 0)"
    )


@ON_SQLITE
async def test_channel_language_area_and_demographic_questions_are_filters(database: Database, tmp_path: Path) -> None:
    await filled(database)
    await database.run(campaign)
    await exported(database, tmp_path / "o", Format.CONSULT)
    full, sparse, empty = lines(tmp_path / "o" / "inputs" / "respondents.jsonl", Respondent)
    assert full.demographic_data == {
        "Channel": ["sms"],
        "Language": ["English"],
        "Source": ["sms"],
        "Campaign": ["mosque"],
        "Area": ["Shelton"],
        "What about years?": ["34"],
        "What about rate?": ["2.5"],
        "What about moved?": ["2021-05-03"],
        "How old are you?": ["Prefer not to say"],
    }
    assert sparse.demographic_data["Channel"] == ["whatsapp"]
    assert "Area" not in sparse.demographic_data
    assert "How old are you?" not in sparse.demographic_data
    assert empty.themefinder_id == 3


async def test_a_response_keeps_its_integer_id_and_no_other_gets_it(database: Database, tmp_path: Path) -> None:
    await filled(database)
    await exported(database, tmp_path / "one", Format.CONSULT)

    def withdraw() -> Script[None]:
        yield Run("DELETE FROM answer WHERE response_id IN ('aa01', 'cc03')")
        yield Run("DELETE FROM response WHERE id IN ('aa01', 'cc03')")

    await database.run(withdraw)
    await database.run(keep(Response("dd04", began=BEGAN + 1), Response("ee05", began=BEGAN + 10_000_000)))
    await exported(database, tmp_path / "two", Format.CONSULT)
    await exported(database, tmp_path / "three", Format.CONSULT)
    assert (ids(tmp_path / "one"), ids(tmp_path / "two"), ids(tmp_path / "three")) == ([1, 2, 3], [4, 2, 5], [4, 2, 5])

    def kept() -> Script[list[Row]]:
        found = yield Fetch("SELECT response_id, kind, value, method FROM annotation ORDER BY response_id")
        return list(found.rows)

    assert await database.read(kept) == [
        *(("bb02", "consult_id", "2", "export"), ("dd04", "consult_id", "4", "export")),
        ("ee05", "consult_id", "5", "export"),
    ]


@ON_SQLITE
async def test_a_shareable_one_has_ids_of_its_own(database: Database, tmp_path: Path) -> None:
    await filled(database)
    await exported(database, tmp_path / "o", Format.CONSULT, shareable=True)
    assert ids(tmp_path / "o") == [1, 2, 3]

    def kept() -> Script[int]:
        found = yield Fetch("SELECT COUNT(*) FROM annotation")
        assert found.first is not None
        return int(found.first[0])

    assert await database.read(kept) == 0


@ON_SQLITE
async def test_a_filter_has_a_name_that_consult_can_keep_and_no_other_has(database: Database, tmp_path: Path) -> None:
    """The name has at most 128 characters (consultations/models.py); one that is longer fails the whole import."""
    wordy = {"en": "How long have you lived here? " * 10}
    asked = [ask(name, QuestionType.TEXT, role=Role.DEMOGRAPHIC, label=wordy) for name in ("one", "two")]
    own = ask("channel", QuestionType.INTEGER, label={"en": "Channel"})
    await database.run(publish(version("1", *asked, own)))
    given = [Answer("one", "b" * 5_000), Answer("two", "c"), Answer("channel", "4", number=4.0)]
    await database.run(keep(Response("r1", answers=given)))
    await exported(database, tmp_path / "o", Format.CONSULT)
    [respondent] = lines(tmp_path / "o" / "inputs" / "respondents.jsonl", Respondent)
    fields = respondent.demographic_data
    assert {name: value for name, value in fields.items() if name in ("Channel", "Channel (question_channel)")} == {
        "Channel": ["sms"],
        "Channel (question_channel)": ["4"],
    }
    long_ones = [name for name in fields if name.startswith("How long")]
    assert [len(name) for name in long_ones] == [128, 128]
    assert fields[long_ones[0]] == ["b" * 200], "an index of Consult's holds the values too"


@ON_SQLITE
async def test_a_very_small_number_is_written_as_people_write_it(database: Database, tmp_path: Path) -> None:
    await database.run(publish(version("1", ask("dose", QuestionType.DECIMAL))))
    await database.run(keep(Response("r1", answers=[Answer("dose", "0.00001", number=0.00001)])))
    await exported(database, tmp_path / "o", Format.CONSULT)
    [respondent] = lines(tmp_path / "o" / "inputs" / "respondents.jsonl", Respondent)
    assert respondent.demographic_data["What about dose?"] == ["0.00001"]


@ON_SQLITE
async def test_what_consult_would_lose_is_reported(database: Database, tmp_path: Path) -> None:
    long = "کمیونٹی سینٹر " * 900
    await filled(database, Response("dd04", began=1, answers=[Answer("why", long), Answer("safe", "9", "gone")]))
    done = await exported(database, tmp_path / "o", Format.CONSULT)
    [first, *_] = lines(tmp_path / "o" / "inputs" / "question_part_3" / "responses.jsonl", Text)
    assert (first.themefinder_id, first.text) == (1, long), "the text itself is whole"
    told = " ".join(done.notes)
    assert "why: 1 texts may have more than 8,192 tokens; Consult would cut them to 1,000 characters: 1" in told
    assert "safe: 1 answers chose an option that no version has" in told
    assert "no place for them: sum." in told
    assert "To filter by: channel, language, source, campaign, area, years, rate, moved, band." in told
    assert "Name it (at most 256 characters): Stoke" in told
    assert (tmp_path / "o" / "read-me.txt").read_text("utf-8").splitlines() == list(done.notes)


@pytest.mark.parametrize(
    ("text", "may_be_cut"),
    [
        pytest.param("a" * MOST_TOKENS, False, id="no more bytes than tokens"),
        pytest.param("The buses stop at six. " * 500, False, id="eleven thousand letters of English"),
        pytest.param("The buses stop at six. " * 2_000, True, id="46,000 letters of English"),
        pytest.param("کمیونٹی سینٹر " * 900, True, id="Urdu that Consult is known to cut"),
        pytest.param("\U0001f600" * 3_000, True, id="emoji"),
    ],
)
def test_a_text_that_consult_may_cut_is_known(text: str, may_be_cut: bool) -> None:
    assert (most_tokens(text) > MOST_TOKENS) == may_be_cut


def test_what_consults_database_cannot_store_is_taken_out() -> None:
    assert storable("a\0b\ud800c\u2028\u0085d\r\n") == "abc\u2028\u0085d\r\n"
    assert json.loads(json.dumps(storable("\0"))) == ""

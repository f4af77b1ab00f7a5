"""Answering page by page, over a real database: one response, one revision for each change, all of it or nothing."""

import asyncio
import csv
from dataclasses import replace
from pathlib import Path

import pytest
from msgspec import json

from bot.analysis.export import Format, export
from bot.analysis.reconciliation import reconcile
from bot.core.form import Became, Posted
from bot.service.forms import Forms, NotOpen, Source, TooManyBegun
from bot.service.library import Library
from storage.entries import BEGUN_A_MINUTE, Holder
from storage.keys import KeyRing
from storage.script import Database, Many, Run, Script
from tests.service.forms_scene import DAY, HALLS, WHOLE, Hall, campaign, hall, publish

OTHER = "b" * 64
HELD = "the secret that a browser holds"


@pytest.fixture
async def halls(database: Database, keys: KeyRing) -> Hall:
    return await hall(database, keys)


async def answers(halls: Hall) -> list[tuple[object, ...]]:
    return await halls.rows("SELECT question, item, revision, state, value_code FROM answer ORDER BY id")


# -- what is written ---------------------------------------------------------------------------------------------------


async def test_a_whole_survey_stands_in_the_export_as_from_any_channel(halls: Hall) -> None:
    await halls.begin(language="en", is_chosen=True, campaign="c1")
    await halls.answer_everything()
    row = await halls.row()
    expected = {
        "survey": "halls",
        "source": "web",
        "channel": "web",
        "campaign": "c1",
        "language": "en",
        "language_source": "chosen",
        "status": "complete",
        "assisted": "0",
        "late": "0",
        "use": "yes",
        "often": "no",
        "needs": "lights parks",
        "needs/buses": "0",
        "needs/parks": "1",
        "since": "2020-05-03",
        "texts": "",
        "texts__state": "not_applicable",
        "age": "34",
        "faith": "no",
    }
    assert {name: str(row[name]) for name in expected} == expected
    assert row["why__state"] == "answered"


async def test_words_stand_as_they_were_written_with_how_they_came(halls: Hall) -> None:
    await halls.begin()
    await halls.answer_everything()
    found = await halls.rows("SELECT said, channel, input, wording, lang FROM answer WHERE question = 'why'")
    assert found == [("=Trees, at last\nand benches", "web", "web", "full", "en")]


async def test_the_export_has_one_row_for_each_response_and_the_report_balances(halls: Hall, tmp_path: Path) -> None:
    await halls.begin()
    await halls.answer_everything()
    halls.secret = OTHER
    await halls.begin()
    out = tmp_path / "answers.csv"
    how = {"raw": False, "labels": None, "include_test": False}
    await export(halls.database, "halls", Format.CSV, out, who="a test", now=halls.now, **how)  # type: ignore[arg-type]
    with out.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [(row["source"], row["status"], row["use"]) for row in rows] == [
        ("web", "complete", "yes"),
        ("web", "partial", ""),
    ]
    report = await reconcile(halls.database, "halls", include_test=False, now=halls.now)
    assert (report.is_balanced, report.messages.inbound, report.answers) == (True, 0, {"web": 7})


async def test_what_is_left_in_the_middle_is_partial_then_a_break_off(halls: Hall) -> None:
    await halls.begin()
    await halls.post("use", choices=("no",))
    assert (await halls.row())["status"] == "partial"
    halls.now += 31 * DAY
    assert (await halls.row())["status"] == "breakoff"


async def test_a_question_that_does_not_apply_is_so_in_the_export(halls: Hall) -> None:
    await halls.begin()
    await halls.post("use", choices=("no",))
    assert (await halls.row())["often__state"] == "not_applicable"
    assert (await halls.sheet()).state.standing == "needs"


# -- once, and whole ---------------------------------------------------------------------------------------------------


async def test_start_pressed_twice_begins_one_response(halls: Hall) -> None:
    first, second = await asyncio.gather(halls.begin(), halls.begin())
    assert first == second == await halls.begin()
    assert await halls.rows("SELECT COUNT(*) FROM response") == [(1,)]
    assert await halls.rows("SELECT COUNT(*) FROM respondent") == [(1,)]


async def test_a_page_sent_many_times_at_once_is_one_revision(halls: Hall) -> None:
    await halls.begin()
    sheet = await halls.sheet()
    posted = Posted("use", 0, sheet.mark, choices=("yes",))
    went = await asyncio.gather(*(halls.forms.take(halls.holder, posted) for _ in range(5)))
    became = sorted(str(each[1].became) for each in went if each is not None)
    assert became == ["kept", "same", "same", "same", "same"]
    assert await answers(halls) == [("use", "", 1, "answered", "yes")]


async def test_words_sent_twice_are_one_revision_and_changed_ones_two(halls: Hall) -> None:
    await halls.begin()
    for question, fields in WHOLE[:3]:
        await halls.post(question, **fields)
    assert await halls.post("why", text="Trees", step=0) is Became.KEPT
    assert await halls.post("why", text="Trees", step=0) is Became.SAME
    assert await halls.post("why", text="Trees.") is Became.KEPT
    found = await halls.rows("SELECT revision, said FROM answer WHERE question = 'why' ORDER BY revision")
    assert found == [(1, "Trees"), (2, "Trees.")]


async def test_a_page_is_kept_whole_or_not_at_all(halls: Hall) -> None:
    """The answer's row is in the way: then the state must not move either."""
    await halls.begin()

    def in_the_way() -> Script[None]:
        yield Run(
            "INSERT INTO answer (response_id, question, item, revision, state, channel, input, version, answered_at)"
            " SELECT id, 'use', '', 1, 'answered', 'web', 'web', '1', 0 FROM response"
        )

    await halls.database.run(in_the_way)
    before = await halls.rows("SELECT state, updated_at FROM entry")
    halls.now += 1_000
    with pytest.raises(Exception, match=r"(?i)unique"):
        await halls.post("use", choices=("yes",))
    assert await halls.rows("SELECT state, updated_at FROM entry") == before


async def test_a_page_of_other_answers_changes_nothing(halls: Hall) -> None:
    await halls.begin()
    mark = (await halls.sheet()).mark
    halls.secret = OTHER
    await halls.begin()
    assert await halls.post("use", choices=("yes",), mark=mark) is Became.OTHER_ANSWERS
    assert await answers(halls) == []


async def test_who_holds_no_secret_has_nothing_and_nor_has_an_old_one(halls: Hall) -> None:
    await halls.begin()
    stranger = Holder("halls", OTHER)
    assert await halls.forms.sheet(stranger) is None
    assert await halls.forms.take(stranger, Posted("use", 0)) is None
    assert await halls.forms.give_code(stranger, HELD) == ""
    assert await halls.forms.sheet(Holder("other", halls.secret)) is None
    assert await halls.forms.sheet(Holder("halls", halls.secret, since=halls.now + 1)) is None


async def test_the_state_holds_no_words(halls: Hall) -> None:
    await halls.begin()
    await halls.answer_everything()
    assert "Trees" not in str(await halls.rows("SELECT * FROM entry"))


# -- versions and times ------------------------------------------------------------------------------------------------


async def test_an_entry_stays_with_its_version_also_on_a_server_that_has_not_read_it(halls: Hall) -> None:
    await halls.begin()
    late = Library(halls.database, halls.library._wording)
    forms = Forms(halls.database, halls.keys, late, now=lambda: halls.now)
    sheet = await forms.sheet(halls.holder)
    assert sheet is not None
    await publish(halls.database, replace(HALLS, version="2", questions=HALLS.questions[1:2]))
    await halls.library.load()
    await halls.post("use", choices=("no",))
    assert (await halls.sheet()).state.standing == "needs"
    assert await halls.rows("SELECT DISTINCT version FROM answer") == [("1",)]


async def test_nothing_begins_when_the_survey_is_closed_or_not_there(halls: Hall) -> None:
    with pytest.raises(NotOpen):
        await halls.begin(survey="nowhere")
    await halls.close()
    with pytest.raises(NotOpen):
        await halls.begin()
    assert await halls.rows("SELECT COUNT(*) FROM entry") == [(0,)]


async def test_an_answer_after_the_close_is_kept_and_marked_late(halls: Hall) -> None:
    await halls.begin()
    await halls.close()
    assert await halls.post("use", choices=("yes",)) is Became.LATE
    row = await halls.row()
    assert (row["use"], str(row["late"])) == ("yes", "1")
    assert await halls.post("use", choices=("no",)) is Became.CLOSED


async def test_a_late_answer_is_passed_once_the_survey_is_open_again_and_stays_late(halls: Hall) -> None:
    await halls.begin()
    await halls.post("use", choices=("yes",))
    await halls.close()
    await halls.post("often", choices=("no",))
    await publish(halls.database, replace(HALLS, version="2"))
    await halls.library.load()
    assert await halls.post("often", choices=("no",)) is Became.SAME
    assert await halls.post("needs", choices=("parks",)) is Became.KEPT
    late = await halls.rows("SELECT question, MAX(CASE WHEN late THEN 1 ELSE 0 END) FROM answer GROUP BY 1 ORDER BY 1")
    assert late == [("needs", 0), ("often", 1), ("use", 0)]
    assert str((await halls.row())["late"]) == "1"


async def test_no_more_begin_within_a_minute_than_people_do(halls: Hall) -> None:
    def many() -> Script[None]:
        yield Many(
            "INSERT INTO response (id, respondent_id, survey, version, source, channel, started_at)"
            " VALUES (:id, :id, 'halls', '1', 'web', 'web', :at)",
            [{"id": f"p{each}", "at": halls.now} for each in range(BEGUN_A_MINUTE)],
        )

    def people() -> Script[None]:
        yield Many(
            "INSERT INTO respondent (id, made_at) VALUES (:id, 0)", [{"id": f"p{n}"} for n in range(BEGUN_A_MINUTE)]
        )

    entry = await halls.begin()
    await halls.database.run(people)
    await halls.database.run(many)
    with pytest.raises(TooManyBegun):
        await halls.begin(secret_hash=OTHER)
    assert await halls.begin() == entry, "what was begun goes on"
    await halls.begin(secret_hash="c" * 64, source=Source.PAPER, entered_by="amina")
    halls.now += 60_001
    assert await halls.begin(secret_hash=OTHER)


# -- campaigns ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("how", "invites"),
    [
        pytest.param({}, True, id="running"),
        pytest.param({"state": "paused"}, False, id="paused"),
        pytest.param({"state": "ended"}, False, id="ended"),
        pytest.param({"state": "draft"}, False, id="draft"),
        pytest.param({"starts_on": "2026-01-15"}, False, id="from tomorrow"),
        pytest.param({"starts_on": "2026-01-14", "ends_on": "2026-01-14"}, True, id="today alone"),
        pytest.param({"ends_on": "2026-01-13"}, False, id="until yesterday"),
    ],
)
async def test_a_campaign_invites_while_it_runs(halls: Hall, how: dict[str, object], invites: bool) -> None:
    assert halls.forms.invites(campaign(**how)) is invites


async def test_a_campaign_is_found_by_its_word_in_any_case(halls: Hall) -> None:
    found = await halls.forms.campaign("hall7")
    assert found is not None
    assert found.id == "c1"


# -- with help ---------------------------------------------------------------------------------------------------------


async def test_what_a_helper_enters_is_marked_and_audited_and_nobody_elses(halls: Hall) -> None:
    entry = await halls.begin(source=Source.PAPER, campaign="c1", entered_by="amina")
    own = Holder("halls", id=entry, entered_by="amina")
    sheet = await halls.forms.sheet(own)
    assert sheet is not None
    went = await halls.forms.take(own, Posted("use", 0, sheet.mark, choices=("yes",)))
    assert went is not None
    row = await halls.row()
    assert (row["source"], row["channel"], str(row["assisted"]), row["campaign"]) == ("paper", "paper", "1", "c1")
    assert await halls.rows("SELECT input FROM answer") == [("assisted",)]
    assert await halls.rows("SELECT who, action, detail FROM audit") == [
        ("amina", "began an assisted answer", "paper c1")
    ]
    assert await halls.forms.sheet(Holder("halls", id=entry, entered_by="ben")) is None
    assert await halls.forms.sheet(halls.holder) is None
    assert await halls.forms.give_code(Holder("halls", id=entry), HELD) == ""


async def test_a_question_for_other_ways_is_not_asked(halls: Hall) -> None:
    entry = await halls.begin(source=Source.PHONE, entered_by="amina")
    sheet = await halls.forms.sheet(Holder("halls", id=entry, entered_by="amina"))
    assert sheet is not None
    asked = [question.name for question in sheet.questionnaire.route("phone")]
    assert "faith" not in asked
    assert json.decode(sheet.state.to_json())["standing"] == "use"


async def test_another_language_is_kept_with_what_was_answered(halls: Hall) -> None:
    await halls.begin()
    await halls.post("use", choices=("yes",))
    sheet = await halls.forms.speak(halls.holder, "ur")
    assert sheet is not None
    assert (sheet.language, sheet.state.standing) == ("ur", "often")
    assert (await halls.sheet()).language == "ur"
    assert (await halls.row())["use"] == "yes"
    assert await halls.forms.speak(Holder("halls", OTHER), "ur") is None
    await halls.close()
    halls.now += 1
    sheet = await halls.forms.speak(halls.holder, "en")
    assert sheet is not None
    assert sheet.language == "ur", "nothing changes any more"

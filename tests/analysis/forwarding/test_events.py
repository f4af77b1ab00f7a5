"""Events as others get them: masked, valid by their schemas, and the same bytes whenever they are asked for."""

import json
from collections.abc import AsyncIterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from bot.analysis.columns import FIXED
from bot.analysis.export import Format, export
from bot.analysis.forwarding.events import SCHEMAS, Rendering, schema
from bot.core.survey import Choice, Question, QuestionType
from bot.service.privacy import erase
from storage import events as store
from storage import installation, surveys
from storage.events import EventType, Happened, record
from storage.keys import KeyRing
from storage.script import Database, Run, Script
from tests.service.privacy_scene import NAME, NEIGHBOUR, RESIDENT, SURVEY, WHOLE_CONVERSATION, Town, hits, town

SEVERAL = 1_000


@pytest.fixture
async def stoke(database: Database, keys: KeyRing) -> AsyncIterator[Town]:
    async with town(database, keys) as running:
        yield running


async def bodies(stoke: Town, after: int = 0, survey: str = "") -> list[dict[str, Any]]:
    """Read the events after a number, each held against the schema that it names."""
    page = await Rendering(stoke.database).page(after, SEVERAL, survey)
    return [valid(body) for body in page.bodies]


def valid(body: bytes) -> dict[str, Any]:
    event: dict[str, Any] = json.loads(body)
    form = schema(event["schema"].removeprefix("earshot/"))
    jsonschema.Draft202012Validator(form, format_checker=jsonschema.FormatChecker()).validate(event)
    return event


def test_the_schemas_are_schemas() -> None:
    for name in SCHEMAS:
        jsonschema.Draft202012Validator.check_schema(schema(name))
        assert schema(name)["$id"] == f"earshot/{name}"


async def test_an_event_shows_what_the_export_shows(stoke: Town, tmp_path: Path) -> None:
    await stoke.answer_everything()
    *_, last = await bodies(stoke)
    await export(
        stoke.database, "stoke", Format.JSONL, tmp_path / "out.jsonl",
        raw=False, labels=None, include_test=True, who="ann", now=stoke.now,
    )  # fmt: skip
    (line,) = (tmp_path / "out.jsonl").read_text(encoding="utf-8").splitlines()
    exported = json.loads(line)
    data = last["data"]
    of_others = {"duplicate_group", "is_primary", "quality"}
    assert {name: data[name] for name in FIXED if name not in of_others} == {
        name: exported[name] for name in FIXED if name not in of_others
    }
    assert data["answers"] == {name: value for name, value in exported.items() if name not in FIXED}
    assert (last["type"], data["status"], data["revision"], data["text"]) == (
        "response.completed", "complete", len(WHOLE_CONVERSATION), "masked",
    )  # fmt: skip


async def test_no_event_names_anybody_and_raw_words_are_given_only_where_they_are_asked_for(stoke: Town) -> None:
    await stoke.answer_everything()
    needles = (RESIDENT[1:], "07700900321", NAME)
    rendering = Rendering(stoke.database)
    for body in (await rendering.page(0, SEVERAL)).bodies:
        assert hits(body, needles) == []
    events = await stoke.database.read(partial(store.after, 0, SEVERAL))
    raw = valid((await rendering(events, True))[events[-1].seq])
    assert raw["data"]["text"] == "raw"
    assert NAME in raw["data"]["answers"]["why"]


async def test_an_event_is_the_same_bytes_whatever_happens_later(stoke: Town) -> None:
    for text in ("STOKE", "1", "1 3"):
        await stoke.text(text)
    first = (await Rendering(stoke.database).page(0, SEVERAL)).bodies
    await stoke.text("CHANGE 1")
    await stoke.text("2")
    question = Question("new", QuestionType.SELECT_ONE, {"en": "New?"}, choices=(Choice("yes", {"en": "Yes"}),))
    newer = replace(SURVEY, version="2", questions=(question, *SURVEY.questions))
    await stoke.database.run(lambda: surveys.publish("stoke", "2", newer.hash, newer.to_json(), stoke.now))
    await stoke.text("STOP")
    later = (await Rendering(stoke.database).page(0, SEVERAL)).bodies
    assert list(later[: len(first)]) == list(first)
    answered = [json.loads(body)["data"]["answers"]["safe"] for body in later]
    assert answered == [None, "yes", "yes", "no", "no"]
    assert "new" not in json.loads(later[-1])["data"]["answers"]
    assert json.loads(later[-1])["data"]["status"] == "stopped"


async def test_an_old_event_stays_as_it_was_when_an_erasure_frees_the_ids_of_answers(stoke: Town) -> None:
    for who in (RESIDENT, NEIGHBOUR):
        await stoke.text("STOKE", who)
        await stoke.text("1", who)
    await stoke.text("1 3", NEIGHBOUR)
    again = Happened(EventType.UPDATED, (await bodies(stoke))[0]["data"]["response_id"], stoke.now)
    await stoke.database.run(partial(record, [again]))
    before = (await bodies(stoke))[-1]
    await erase(stoke.database, stoke.keys, NEIGHBOUR, who="ann", now=stoke.now)
    await stoke.text("1 3")
    (after,) = [event for event in await bodies(stoke) if event["id"] == before["id"]]
    assert after == before
    assert (await bodies(stoke))[-1]["data"]["answers"] != before["data"]["answers"]


async def test_what_was_withdrawn_has_no_answers_in_any_event(stoke: Town) -> None:
    for text in ("STOKE", "1"):
        await stoke.text(text)
    await stoke.text("STOKE", NEIGHBOUR)
    await erase(stoke.database, stoke.keys, RESIDENT, who="ann", now=stoke.now)
    started, updated, other, withdrawn = await bodies(stoke)
    gone = {"response_id": started["data"]["response_id"], "survey": "stoke", "withdrawn": True}
    assert started["data"] == {**gone, "revision": 1}
    assert updated["data"] == {**gone, "revision": 2}
    assert (withdrawn["type"], withdrawn["data"]) == ("response.withdrawn", {**gone, "revision": 3})
    assert "answers" in other["data"]


async def test_an_import_is_told_by_its_counts(stoke: Town) -> None:
    def imported() -> Script[None]:
        columns = (
            "id, survey, source, file_name, file_hash, map_hash, added, changed, unchanged, applied_at, applied_by"
        )
        yield Run(
            f"INSERT INTO import_batch ({columns}) VALUES ('b1', 'stoke', 'jadu', 'f', 'h', 'm', 3, 2, 1, 9, 'ann')"
        )
        yield from record([Happened(EventType.IMPORTED, "b1", stoke.now, "stoke")])

    await stoke.database.run(imported)
    (event,) = await bodies(stoke)
    assert (event["type"], event["id"], event["schema"]) == ("import.applied", "evt_b1", "earshot/import/1")
    assert event["data"] == {
        "import_id": "b1", "survey": "stoke", "source": "jadu", "added": 3, "changed": 2, "unchanged": 1,
    }  # fmt: skip


async def test_a_cursor_goes_through_everything_once_and_by_survey(stoke: Town) -> None:
    for text in ("STOKE", "1", "1 3"):
        await stoke.text(text)
    rendering, after, seen = Rendering(stoke.database), 0, []
    while True:
        page = await rendering.page(after, 2)
        seen += [json.loads(body)["seq"] for body in page.bodies]
        after = page.next
        if not page.has_more:
            break
    assert seen == sorted(set(seen))
    assert len(seen) == 3
    assert (await rendering.page(after, 2)).next == after
    assert await bodies(stoke, survey="another") == []
    assert len(await bodies(stoke, survey="stoke")) == 3


async def test_trials_are_told_in_a_demos_database_alone(stoke: Town) -> None:
    def make_trial() -> Script[None]:
        for table in ("event", "inbound", "response"):
            yield Run(f"UPDATE {table} SET test = :yes", {"yes": True})

    await stoke.text("STOKE")
    await stoke.database.run(make_trial)
    assert await bodies(stoke) == []
    await stoke.database.run(installation.mark_demo)
    assert len(await bodies(stoke)) == 1

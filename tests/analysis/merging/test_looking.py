"""A look over a survey: what was planted is marked, in the export too, and a second look changes nothing."""

from pathlib import Path

import pytest

from bot.analysis import quality
from bot.analysis.columns import UnknownSurvey
from bot.analysis.merging.letters import FEWEST_SENDERS
from bot.analysis.merging.looking import Looked, TooManyToLookOver, look_over
from storage.annotations import METHOD, Noticed, keep, kept, looked_at
from storage.erasure import erase_contact
from storage.keys import KeyRing, rotate_data_keys
from storage.script import Database, Fetch, Many, Row, Run, Script
from tests.analysis.filling import BEGAN, DAY, MINUTE, NOW, STOKE, Answer, Response, exported, publish, rows_of
from tests.analysis.filling import keep as keep_responses
from tests.analysis.merging.letters_scene import LETTER
from tests.conftest import SECRET

LETTERS = [f"l{n}" for n in range(FEWEST_SENDERS)]
BLOCK = [f"n{n}" for n in range(4)]
CROWD = [f"b{n:02}" for n in range(25)]
QUIET = [f"q{n:02}" for n in range(15)]


def responses() -> list[Response]:
    """Letters, a crowd, a block of numbers, and ordinary people before any campaign and after."""
    return [
        *(Response(id, [_why(LETTER, BEGAN)], began=BEGAN + n * DAY) for n, id in enumerate(LETTERS)),
        *(Response(id, [_why("more police", BEGAN)], began=BEGAN + 5 * DAY + n * 1000) for n, id in enumerate(CROWD)),
        *(Response(id, began=BEGAN + 6 * DAY + n * MINUTE, campaign="hall7") for n, id in enumerate(BLOCK)),
        *(Response(id, began=BEGAN + n * 7 * 60 * MINUTE, campaign="hall7") for n, id in enumerate(QUIET)),
        Response("web1", source="web", began=BEGAN + 4 * DAY),
    ]


def _why(said: str, at: int) -> Answer:
    return Answer("why", said=said, at=at)


def texted(keys: KeyRing, numbers: dict[str, int]) -> Script[None]:
    """Give each response the phone that it came from."""
    contacts, conversations = [], []
    for response, number in numbers.items():
        address, id = f"+447700900{number:03}", f"c-{response}"
        blob = keys.encrypt(address, id)
        contacts.append({"id": id, "blob": blob, "hmac": keys.lookup("sms", address), "key": keys.current_key_id})
        conversations.append({"id": f"v-{response}", "contact": id, "response": response})
    yield Many(
        "INSERT INTO contact (id, channel, address_encrypted, address_hmac, key_id, made_at)"
        " VALUES (:id, 'sms', :blob, :hmac, :key, 0)",
        contacts,
    )
    yield Many(
        "INSERT INTO conversation (id, contact_id, survey, version, respondent_id, response_id, state, updated_at)"
        " VALUES (:id, :contact, 'stoke', '1', :response, :response, '{}', 0)",
        conversations,
    )
    yield Run(
        "INSERT INTO campaign (id, survey, name, keyword, state, made_at, made_by, changed_at)"
        " VALUES ('hall7', 'stoke', 'Hall', 'HALL7', 'running', :at, 'ann', 0)",
        {"at": BEGAN + DAY},
    )


@pytest.fixture
async def town(database: Database, keys: KeyRing) -> Database:
    await database.run(publish(STOKE))
    await database.run(keep_responses(*responses()))
    numbers = {id: 7 * n for n, id in enumerate([*LETTERS, *CROWD, *QUIET])} | {
        id: 800 + n for n, id in enumerate(BLOCK)
    }
    await database.run(lambda: texted(keys, numbers))
    return database


async def look(database: Database, keys: KeyRing | None, now: int = NOW) -> Looked:
    return await look_over(database, keys, "stoke", include_test=False, who="ann", now=now)


async def rows(database: Database) -> list[Row]:
    def script() -> Script[list[Row]]:
        return list((yield Fetch("SELECT * FROM annotation WHERE method = :m ORDER BY id", {"m": METHOD})).rows)

    return await database.read(script)


async def test_what_was_planted_is_marked_and_nothing_else(town: Database, keys: KeyRing, tmp_path: Path) -> None:
    looked = await look(town, keys)
    assert looked.marked == {"similar_text": 3, "burst": 25, "sequential_numbers": 4, "no_campaign": 27}
    assert looked.groups == {"similar_text": 1, "burst": 1, "sequential_numbers": 1, "no_campaign": 0}
    await exported(town, tmp_path / "o.csv", now=NOW)
    assert (
        {row["response_id"]: row["quality"] for row in rows_of(tmp_path / "o.csv")}
        == {
            "l0": "similar_text",  # before there was a campaign
            **dict.fromkeys(LETTERS[1:], "similar_text no_campaign"),
            **dict.fromkeys(CROWD, "burst no_campaign"),
            **dict.fromkeys(BLOCK, "sequential_numbers"),
            **dict.fromkeys([*QUIET, "web1"], ""),
        }
    )


async def test_groups_are_named_by_their_smallest_response_and_say_the_question(town: Database, keys: KeyRing) -> None:
    await look(town, keys)
    noticed = await town.read(lambda: kept("stoke"))
    assert [each for each in noticed if each.kind == quality.SIMILAR_TEXT] == [
        Noticed(id, quality.SIMILAR_TEXT, "l0", "why") for id in LETTERS
    ]
    assert {each.group for each in noticed if each.kind == quality.BURST} == {"b00"}


async def test_a_second_look_leaves_the_very_same_rows_and_says_that_it_looked(town: Database, keys: KeyRing) -> None:
    await look(town, keys)
    first = await rows(town)
    assert first
    await look(town, keys, NOW + DAY)
    assert await rows(town) == first
    assert await town.read(lambda: looked_at("stoke")) == NOW + DAY


async def test_what_no_longer_holds_is_taken_back(town: Database, keys: KeyRing) -> None:
    await look(town, keys)
    await town.run(lambda: erase_contact("c-l2", NOW))
    await look(town, keys)
    assert [each for each in await town.read(lambda: kept("stoke")) if each.kind == quality.SIMILAR_TEXT] == []


async def test_marks_of_other_methods_and_surveys_are_left_alone(town: Database, keys: KeyRing) -> None:
    def other() -> Script[None]:
        yield Run(
            "INSERT INTO annotation (survey, response_id, kind, value, method, at)"
            " VALUES ('stoke', 'l0', 'consult_id', '7', 'export', 0)"
        )

    def found() -> Script[list[Row]]:
        return list((yield Fetch("SELECT value FROM annotation WHERE method = 'export'")).rows)

    await town.run(other)
    await look(town, keys)
    assert [tuple(row) for row in await town.read(found)] == [("7",)]


async def test_a_response_that_goes_while_we_look_is_left_out(town: Database) -> None:
    gone, there = Noticed("gone", "burst", "gone"), Noticed("l0", "burst", "gone")
    await town.run(lambda: keep("stoke", [gone, there], "two", "ann", NOW))
    assert await town.read(lambda: kept("stoke")) == [there]


async def test_without_keys_no_number_is_read_and_what_was_found_stays(town: Database, keys: KeyRing) -> None:
    looked = await look(town, None)
    assert (looked.numbers_read, looked.marked[quality.SEQUENTIAL]) == (False, 0)
    assert looked.marked[quality.SIMILAR_TEXT] == 3
    await look(town, keys)
    assert (await look(town, None)).marked[quality.SEQUENTIAL] == 4


async def test_keys_that_another_process_has_made_are_taken_up(town: Database, keys: KeyRing) -> None:
    elsewhere = await KeyRing.open(town, SECRET)
    await rotate_data_keys(town, elsewhere)
    assert (await look(town, keys)).marked[quality.SEQUENTIAL] == 4


async def test_no_number_is_kept_anywhere_by_a_look(town: Database, keys: KeyRing) -> None:
    await look(town, keys)
    assert "7700" not in str(await rows(town))
    assert await town.read(lambda: looked_at("sto")) is None


async def test_an_unknown_survey_is_said(town: Database, keys: KeyRing) -> None:
    with pytest.raises(UnknownSurvey):
        await look_over(town, keys, "park", include_test=False, who="ann", now=NOW)


async def test_more_responses_than_the_caller_can_hold_are_not_looked_over(database: Database) -> None:
    await database.run(publish(STOKE))
    await database.run(keep_responses(Response("r1"), Response("r2")))
    with pytest.raises(TooManyToLookOver):
        await look_over(database, None, "stoke", include_test=False, who="ann", now=NOW, most=1)
    assert (await look_over(database, None, "stoke", include_test=False, who="ann", now=NOW, most=2)).responses == 2

"""Codes by which answers are gone on with elsewhere: from the form itself, or from a text of the same person."""

import asyncio

import pytest

from bot.core.link_code import is_code
from bot.service.forms import Led, Source, TooManyCodes
from storage import links
from storage.entries import RESUME_MS, TRIES, TRY_MS, Holder
from storage.keys import KeyRing
from storage.script import Database, Run, Script
from tests.service.forms_scene import Hall, hall

OTHER = "b" * 64
HELD = "a browser's"


@pytest.fixture
async def halls(database: Database, keys: KeyRing) -> Hall:
    return await hall(database, keys)


async def test_a_code_brings_the_answers_to_another_phone_and_away_from_the_first(halls: Hall) -> None:
    entry = await halls.begin()
    await halls.post("use", choices=("yes",))
    code = await halls.forms.give_code(halls.holder, HELD)
    assert is_code(code)
    assert code not in str(await halls.rows("SELECT * FROM entry"))
    first, halls.secret = halls.holder, OTHER
    assert await halls.go_on(code)
    assert (await halls.sheet()).entry.id == entry
    assert (await halls.sheet()).state.standing == "often"
    assert await halls.forms.sheet(first) is None


async def test_a_code_serves_also_where_other_answers_were_begun(halls: Hall) -> None:
    entry = await halls.begin()
    code = await halls.forms.give_code(halls.holder, HELD)
    halls.secret = OTHER
    await halls.begin()
    assert await halls.go_on(code)
    assert (await halls.sheet()).entry.id == entry


async def test_a_code_sent_twice_by_one_page_serves_and_nobody_else_after(halls: Hall) -> None:
    entry = await halls.begin()
    code = await halls.forms.give_code(halls.holder, HELD)
    went = await asyncio.gather(*(halls.forms.go_on(code, halls.beginning(), OTHER) for _ in range(3)))
    assert went == [Led.BROUGHT] * 3
    assert await halls.forms.go_on(code, halls.beginning(), "c" * 64) is Led.NOWHERE
    sheet = await halls.forms.sheet(Holder("halls", OTHER))
    assert sheet is not None
    assert sheet.entry.id == entry


async def test_a_code_does_not_open_what_a_helper_entered(halls: Hall) -> None:
    """Its row has no secret of a browser's, whatever somebody sends as theirs."""
    await halls.begin(source=Source.PAPER, entered_by="amina")
    assert await halls.forms.go_on("2BCDFG34", halls.beginning(secret_hash=OTHER), halls.secret) is Led.NOWHERE


async def test_a_code_lasts_a_week_after_the_last_page(halls: Hall) -> None:
    await halls.begin()
    code = await halls.forms.give_code(halls.holder, HELD)
    halls.now += RESUME_MS + 1
    assert not await halls.go_on(code, secret_hash=OTHER)


async def test_a_browser_has_the_same_code_until_it_is_used(halls: Hall) -> None:
    await halls.begin()
    assert await halls.forms.code(halls.holder, HELD) == "", "none was asked for"
    code = await halls.forms.give_code(halls.holder, HELD)
    assert code == await halls.forms.give_code(halls.holder, HELD) == await halls.forms.code(halls.holder, HELD)
    assert await halls.forms.code(halls.holder, "another browser's") == ""
    assert await halls.forms.code(Holder("halls", OTHER), HELD) == ""
    await halls.forms.go_on(code, halls.beginning(), OTHER)
    assert await halls.forms.code(Holder("halls", OTHER), HELD) == ""


async def test_a_new_code_takes_the_place_of_the_one_before(halls: Hall) -> None:
    await halls.begin()
    first, second = await halls.forms.give_code(halls.holder, HELD), await halls.forms.give_code(halls.holder, OTHER)
    assert not await halls.go_on(first, secret_hash=OTHER)
    assert await halls.go_on(second, secret_hash=OTHER)


async def test_codes_cannot_be_tried_without_end(halls: Hall) -> None:
    for _ in range(TRIES):
        assert not await halls.go_on("2BCDFG34")
    with pytest.raises(TooManyCodes):
        await halls.go_on("2BCDFG34")
    halls.now += TRY_MS
    assert not await halls.go_on("2BCDFG34")
    assert await halls.rows("SELECT COUNT(*) FROM entry") == [(0,)]


async def texter(halls: Hall, code: str, which: str = "1") -> None:
    """Somebody who has begun by text, and has asked for a code there."""
    of = {"r": f"r-text{which}", "response": f"by-text{which}", "k": f"k{which}", "v": f"v{which}", "h": f"h{which}"}

    def script() -> Script[None]:
        yield Run("INSERT INTO respondent (id, made_at) VALUES (:r, 0)", of)
        yield Run(
            "INSERT INTO response (id, respondent_id, survey, version, source, channel, started_at)"
            " VALUES (:response, :r, 'halls', '1', 'sms', 'sms', 1)",
            of,
        )
        yield Run(
            "INSERT INTO contact (id, channel, address_encrypted, address_hmac, key_id, current_conversation_id,"
            " made_at) VALUES (:k, 'sms', :blob, :h, 1, :v, 0)",
            {**of, "blob": b"x"},
        )
        yield Run(
            "INSERT INTO conversation (id, contact_id, survey, version, respondent_id, response_id, state, updated_at)"
            " VALUES (:v, :k, 'halls', '1', :r, :response, '{}', 0)",
            of,
        )
        yield from links.offer(of["k"], code, halls.now, halls.keys)

    await halls.database.run(script)


@pytest.mark.parametrize("has_begun", [True, False], ids=["what was begun here", "nothing was begun here"])
async def test_a_code_from_a_text_joins_both_as_one_person_once(halls: Hall, has_begun: bool) -> None:
    await texter(halls, "2BCDFG34")
    if has_begun:
        await halls.begin()
    assert await halls.go_on("2BCDFG34")
    people = await halls.rows("SELECT person_id FROM respondent")
    assert len(people) == 2
    assert len(set(people)) == 1
    assert people[0][0]
    assert str((await halls.row())["duplicate_group"])
    assert not await halls.go_on("2BCDFG34", secret_hash=OTHER)


@pytest.mark.parametrize("whose", [None, "00", "zz"], ids=["nobody's yet", "joined before", "joined after"])
async def test_two_phones_are_joined_to_one_page_and_so_to_each_other(halls: Hall, whose: str | None) -> None:
    """Also the third phone, which the second was joined to already."""
    await texter(halls, "2BCDFG34")
    await texter(halls, "3BCDFG34", "2")
    if whose:
        await texter(halls, "4BCDFG34", "3")

    def join() -> Script[None]:
        yield Run("UPDATE contact SET person_id = :whose WHERE id <> 'k1'", {"whose": whose})
        yield Run("UPDATE respondent SET person_id = :whose WHERE id <> 'r-text1'", {"whose": whose})

    await halls.database.run(join)
    await halls.begin()
    assert await halls.go_on("2BCDFG34")
    assert await halls.go_on("3BCDFG34")
    people = {person for (person,) in await halls.rows("SELECT person_id FROM respondent")}
    assert len(people) == 1
    assert {person for (person,) in await halls.rows("SELECT person_id FROM contact")} == people


async def test_a_phone_that_said_stop_has_said_it_for_the_one_that_a_page_joins_to_it(halls: Hall) -> None:
    await texter(halls, "2BCDFG34")
    await texter(halls, "3BCDFG34", "2")
    await halls.go_on("2BCDFG34")

    def stop() -> Script[None]:
        yield Run("UPDATE contact SET opted_out_at = 1 WHERE id = 'k1'")

    await halls.database.run(stop)
    assert await halls.go_on("3BCDFG34")
    assert await halls.rows("SELECT id FROM contact WHERE opted_out_at IS NULL") == []


async def test_a_trial_s_code_leads_nobody_else_there(halls: Hall) -> None:
    await texter(halls, "2BCDFG34")

    def trial() -> Script[None]:
        yield Run("UPDATE contact SET test = TRUE")

    await halls.database.run(trial)
    assert not await halls.go_on("2BCDFG34")

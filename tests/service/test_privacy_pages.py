"""Answers on pages and those who help with them: what leads to them goes in its time, and new keys cut nobody off."""

import pytest

from bot.core.phrases import Phrases
from bot.service.forms import Forms
from bot.service.library import Library, Wording
from bot.service.privacy import RetentionPolicy, make_new_keys, retention
from bot.service.word_files import load_words
from storage import subject, volunteers
from storage.entries import RESUME_MS, Holder
from storage.erasure import erase_contact
from storage.keys import KeyRing
from storage.retention import Kept
from storage.script import Database, Script
from storage.volunteers import VolunteerLink
from tests.conftest import SECRET
from tests.service.forms_scene import DAY, NOON, Hall, hall
from tests.service.safeguarding_scene import DANGER, WATCH
from tests.service.test_form_codes import texter

OTHER = "b" * 64
LINK = VolunteerLink("s" * 64, "c1", "Hanley hall", "argon2", 0, "amina", NOON, NOON + 1_000)


@pytest.fixture
async def halls(database: Database, keys: KeyRing) -> Hall:
    return await hall(database, keys)


async def go(halls: Hall) -> dict[Kept, int]:
    """Let go what is due now; say what went."""
    report = await retention(halls.database, halls.keys, RetentionPolicy(), halls.now, apply=True)
    return {line.kept: line.count for line in report.lines if line.count}


async def test_a_week_after_the_last_page_no_browser_and_no_code_leads_to_the_answers(halls: Hall) -> None:
    await halls.begin(campaign="c1")
    await halls.post("use", choices=("yes",))
    code = await halls.forms.give_code(halls.holder, "a browser's")
    halls.now += RESUME_MS
    assert await go(halls) == {}
    assert await halls.forms.sheet(halls.holder) is not None
    halls.now += 1
    assert await go(halls) == {Kept.PAGE_SECRETS: 1}
    assert await halls.forms.sheet(halls.holder) is None
    assert not await halls.go_on(code, secret_hash=OTHER)
    assert (await halls.row())["use"] == "yes"
    assert await go(halls) == {}


async def test_who_entered_an_answer_stays_beside_it(halls: Hall) -> None:
    entry = await halls.begin(entered_by="amina", source="paper")
    halls.now += RESUME_MS + 1
    await go(halls)
    assert await halls.forms.sheet(Holder("halls", id=entry, entered_by="amina")) is not None


@pytest.mark.parametrize("is_ended", [True, False], ids=["ended by hand", "over"])
async def test_a_volunteer_s_link_goes_thirty_days_after_its_end_with_the_browsers_that_it_let_in(
    halls: Hall, is_ended: bool
) -> None:
    def script() -> Script[None]:
        yield from volunteers.add(LINK)
        yield from volunteers.let_in("v" * 64, LINK, NOON)
        if is_ended:
            yield from volunteers.end(LINK.secret_hash, "c1", NOON + 1_000, "amina")

    await halls.database.run(script)
    halls.now += 30 * DAY + 1_000
    assert await go(halls) == {}
    halls.now += 1
    assert await go(halls) == {Kept.VOLUNTEER_LINKS: 1}
    assert await halls.rows("SELECT COUNT(*) FROM volunteer_visit") == [(0,)]
    assert await halls.rows("SELECT action FROM audit ORDER BY id LIMIT 1") == [("made a volunteer link",)]


async def test_a_code_from_before_and_after_new_keys_serves_in_every_process(halls: Hall) -> None:
    await halls.begin()
    elsewhere = Forms(halls.database, await KeyRing.open(halls.database, SECRET), halls.library, now=lambda: halls.now)
    before = await halls.forms.give_code(halls.holder, "a browser's")
    await make_new_keys(halls.database, halls.keys, who="a test", now=halls.now)
    assert await halls.go_on(before, forms=elsewhere, secret_hash=OTHER)
    after = await halls.forms.give_code(halls.holder, "a browser's")
    assert await halls.go_on(after, forms=elsewhere), "a process that still holds the old keys takes the new up"
    assert await halls.go_on(await elsewhere.give_code(halls.holder, "a browser's"))
    assert not await halls.go_on("2BCDFG34", forms=elsewhere)


async def test_what_was_joined_to_a_phone_is_shown_and_goes_with_it(halls: Hall) -> None:
    halls.library = Library(halls.database, Wording(Phrases(), {"": load_words()}, watch=WATCH))
    await halls.library.load()
    halls.__post_init__()
    await texter(halls, "2BCDFG34")
    halls.secret = OTHER
    await halls.begin()
    await halls.post("use", choices=("yes",))
    await halls.post("why", text=DANGER)
    halls.secret = "a" * 64
    assert await halls.go_on("2BCDFG34")
    await halls.post("use", text=DANGER)
    held = await halls.database.read(lambda: subject.everything(["h1"]))
    assert len(held.responses) == 2
    assert len({response.person_id for response in held.responses}) == 1
    await halls.database.run(lambda: erase_contact("k1", halls.now))
    assert len(await halls.rows("SELECT id FROM response")) == 1, "what nobody joined to it stays"
    words = await halls.rows("SELECT filed, text, response_id FROM inbound WHERE response_id IS NULL")
    assert words == [("erased", "", None)]

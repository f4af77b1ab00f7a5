"""What is written on a page and speaks of danger: in the lead's queue with its answer, and nowhere else."""

import asyncio

import pytest

from bot.analysis.reconciliation import reconcile
from bot.core.form import Became, Posted
from bot.service.privacy import RetentionPolicy, retention
from bot.service.safeguarding import Alerts, Safeguarding
from bot.service.unread import UnreadMessages
from storage import replaying
from storage.entries import Holder
from storage.keys import KeyRing
from storage.script import Database, Run, Script
from tests.service.forms_scene import DAY, WHOLE, Hall, hall
from tests.service.safeguarding_scene import AMINA, DANGER, LINK, WATCH, Told

CALM = "These pages are not watched all the time. If you or anyone is in danger, call 999. Other help: 116 123."
BEFORE_WHY = WHOLE[:3]


@pytest.fixture
async def halls(database: Database, keys: KeyRing) -> Hall:
    """Somebody in the campaign has come as far as the first question for words."""
    halls = await hall(database, keys, watch=WATCH)
    await begin(halls)
    return halls


async def begin(halls: Hall, **how: object) -> None:
    await halls.begin(campaign="c1", **how)
    for question, fields in BEFORE_WHY:
        halls.now += 1_000
        assert await halls.post(question, **fields) is Became.KEPT


async def calm(halls: Hall) -> str:
    sheet = await halls.sheet()
    return sheet.calm.text if sheet.calm is not None else ""


def queue(halls: Hall) -> Safeguarding:
    return Safeguarding(halls.database, halls.keys, now=lambda: halls.now)


def no_flags() -> Script[None]:
    yield Run("DELETE FROM flag", {})


async def flagged(halls: Hall) -> list[str]:
    return [row[0] for row in await halls.rows("SELECT id FROM flag ORDER BY flagged_at, id")]


async def test_the_answer_is_kept_flagged_and_answered_with_calm_words_until_the_next_page(halls: Hall) -> None:
    assert await halls.post("why", text=DANGER) is Became.KEPT
    assert (await calm(halls)).endswith(CALM)
    assert (await halls.sheet()).state.standing == "since"
    (flag,) = await flagged(halls)
    opened = await queue(halls).open(flag, AMINA)
    assert opened is not None
    assert (opened.words, opened.channel, opened.survey, opened.language) == (DANGER, "web", "halls", "en")
    assert (opened.is_page, opened.was_calmed, opened.can_be_found, opened.campaign) == (
        True,
        True,
        False,
        "Church hall",
    )
    halls.now += 1_000
    await halls.post("since", day="3", month="5", year="2020")
    assert await calm(halls) == ""


async def test_calm_words_come_once_a_day_and_every_text_is_flagged(halls: Hall) -> None:
    await halls.post("why", text=DANGER)
    halls.now += 1_000
    await halls.post("why", text=f"{DANGER} soon")
    assert await calm(halls) == ""
    halls.now += DAY + 1
    await halls.post("why", text=f"{DANGER} tonight")
    assert (await calm(halls)).endswith(CALM)
    assert len(await flagged(halls)) == 3


async def test_a_page_sent_many_times_is_one_flag(halls: Hall) -> None:
    await asyncio.gather(*(halls.post("why", text=DANGER) for _ in range(3)))
    halls.now += 1_000
    await halls.post("why", text=DANGER)
    assert len(await flagged(halls)) == 1
    assert await halls.rows("SELECT COUNT(*) FROM inbound") == [(1,)]


@pytest.mark.parametrize(
    ("question", "text", "filed"),
    [
        pytest.param("why", DANGER, "answer", id="an answer"),
        pytest.param("why", DANGER + " x" * 10_000, "unparsed", id="a text that is too long to be taken"),
        pytest.param("needs", DANGER, "unparsed", id="a page that has no field for words"),
        pytest.param("nowhere", DANGER, "unparsed", id="a question that there is not"),
    ],
)
async def test_whatever_becomes_of_the_page_a_person_reads_it(
    halls: Hall, question: str, text: str, filed: str
) -> None:
    await halls.post(question, text=text)
    ((kept, words, about),) = await halls.rows("SELECT filed, text, question FROM inbound")
    assert (kept, words, about) == (filed, text, "" if question == "nowhere" else question)
    assert (await calm(halls)).endswith(CALM)


async def test_who_skips_takes_the_words_back_and_what_is_harmless_is_not_kept_twice(halls: Hall) -> None:
    await halls.post("why", text=DANGER, skips=True)
    await halls.post("why", text="More trees")
    assert await flagged(halls) == []
    assert await halls.rows("SELECT COUNT(*) FROM inbound") == [(0,)]
    assert await calm(halls) == ""


async def test_words_that_come_after_the_close_are_flagged_as_late(halls: Hall) -> None:
    await halls.close()
    halls.now += 1_000
    assert await halls.post("why", text=DANGER) is Became.LATE
    assert await halls.rows("SELECT filed FROM inbound") == [("late",)]
    assert (await calm(halls)).endswith(CALM)


async def test_what_a_helper_enters_names_the_helper_to_the_lead(database: Database, keys: KeyRing) -> None:
    halls = await hall(database, keys, watch=WATCH)
    entry = await halls.begin(entered_by="amina", source="paper", campaign="c1")
    holder = Holder(survey="halls", id=entry, entered_by="amina")
    sheet = await halls.forms.sheet(holder)
    assert sheet is not None
    await halls.forms.take(holder, Posted("use", 0, sheet.mark, text=DANGER))
    (flag,) = await flagged(halls)
    opened = await queue(halls).open(flag, AMINA)
    assert opened is not None
    assert (opened.entered_by, opened.channel) == ("amina", "paper")


async def test_the_lead_is_told(halls: Hall) -> None:
    told = Told()
    alerts = Alerts(halls.database, [told], link=LINK, remind_hours=4, now=lambda: halls.now)
    assert not await alerts.send_due()
    await halls.post("why", text=DANGER)
    assert await alerts.send_due()
    assert told.links == [LINK]


async def test_no_count_list_or_replay_tells_that_there_is_a_flag(halls: Hall) -> None:
    await halls.post("why", text=DANGER)
    await halls.post("nowhere", text=f"{DANGER} now")
    report = await reconcile(halls.database, "halls", include_test=False, now=halls.now)
    assert (report.is_balanced, report.messages.inbound, report.unattached.inbound) == (True, 0, 0)
    await halls.database.run(no_flags)  # their own date is another
    unread = UnreadMessages(halls.database, {}, now=lambda: halls.now)
    assert await unread.waiting() == (0, [])
    ((response,),) = await halls.rows("SELECT id FROM response")
    assert await halls.database.read(lambda: replaying.messages(response)) == []


async def test_the_words_go_with_the_answers_and_by_their_own_date(halls: Hall) -> None:
    await halls.post("why", text=DANGER)
    await halls.close()
    halls.now += 100 * DAY
    await retention(halls.database, halls.keys, RetentionPolicy(), halls.now, apply=True)
    assert await halls.rows("SELECT text, filed FROM inbound") == [("", "answer")]
    assert await halls.rows("SELECT said FROM answer WHERE question = 'why'") == [(DANGER,)]
    policy = RetentionPolicy(answers_after_close=100)
    await retention(halls.database, halls.keys, policy, halls.now, apply=True)
    assert await halls.rows("SELECT filed, response_id FROM inbound") == [("erased", None)]
    assert len(await flagged(halls)) == 1

"""From a resident's text to the lead's outcome: flagged by every way in, told without content, and nowhere else."""

import asyncio
import csv
import json
from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg
import pytest
from structlog.testing import capture_logs

from bot.analysis.export import Format, export
from bot.analysis.reconciliation import reconcile
from bot.service.privacy import RetentionPolicy, erase, make_new_keys, retention, subject_access
from bot.service.safeguarding import Alerts, Safeguarding
from storage.keys import KeyRing
from storage.safeguarding import Outcome
from storage.script import Database, Run, Script
from storage.transcribing import Verdict
from tests.channels.voices import voice_note
from tests.service.privacy_scene import DAY, RESIDENT, found_in
from tests.service.safeguarding_scene import AMINA, BEN, DANGER, LINK, Told, Watched, watched
from tests.service.voice_scene import AMINA as SPEAKER
from tests.service.voice_scene import voices


@pytest.fixture
async def stoke(database: Database, keys: KeyRing) -> AsyncIterator[Watched]:
    async with watched(database, keys) as scene:
        yield scene


async def test_a_text_is_stored_answered_once_and_flagged(stoke: Watched) -> None:
    for text in ("STOKE", "1", "1"):
        await stoke.town.text(text)
    reply = await stoke.town.text(DANGER)
    assert reply.startswith("Thank you. This number is not watched all the time.")
    assert "116 123" in reply
    assert "May we text you later?" in reply
    assert await stoke.town.column("SELECT said FROM answer WHERE question = 'why'") == [DANGER]
    assert "999" not in await stoke.town.text("and I want to die")
    assert await stoke.town.rows("SELECT calmed FROM flag ORDER BY flagged_at") == [(True,), (False,)]
    stoke.wait(hours=25)
    assert "999" in await stoke.town.text("he beats me every night")


@pytest.mark.parametrize(
    "before",
    [
        pytest.param((), id="from a stranger"),
        pytest.param(("STOKE",), id="in a closed question"),
        pytest.param(("STOKE", "STOP"), id="after STOP"),
        pytest.param(("STOKE", "1", "1", "parks", "no", "34"), id="after the end"),
        pytest.param(("STOKE", "DELETE"), id="before removing everything"),
    ],
)
async def test_it_is_flagged_by_whatever_way_it_comes(stoke: Watched, before: tuple[str, ...]) -> None:
    for text in before:
        await stoke.town.text(text)
    reply = await stoke.town.text(DANGER)
    assert len(await stoke.flagged()) == 1
    assert ("999" in reply) is ("STOP" not in before)


async def test_after_the_survey_has_closed_too(stoke: Watched) -> None:
    await stoke.town.text("STOKE")
    await stoke.town.close_survey()
    assert "999" in await stoke.town.text(DANGER)
    assert len(await stoke.flagged()) == 1


async def test_a_text_that_the_provider_delivers_again_is_flagged_once(stoke: Watched) -> None:
    await stoke.town.text(DANGER, sid="SM" + "7" * 32)
    await stoke.town.text(DANGER, sid="SM" + "7" * 32)
    assert len(await stoke.flagged()) == 1


async def test_the_list_has_no_words_and_every_look_and_step_is_audited(stoke: Watched) -> None:
    await stoke.town.text("STOKE")
    await stoke.town.text(DANGER)
    queue = await stoke.queue.queue(AMINA)
    (listed,) = queue.flags
    assert (queue.open, listed.survey, listed.channel, listed.opened_at) == (1, "stoke", "sms", None)
    assert "husband" not in repr(queue)
    flag = await stoke.queue.open(listed.id, AMINA)
    assert flag is not None
    assert (flag.words, flag.was_calmed, flag.can_be_found) == (DANGER, True, True)
    assert "husband" not in repr(flag)
    assert await stoke.queue.acknowledge(listed.id, AMINA)
    assert not await stoke.queue.acknowledge(listed.id, BEN)
    assert await stoke.queue.conclude(listed.id, Outcome.PASSED_ON, "Told the duty desk.", BEN, seen=None)
    closed = await stoke.queue.queue(BEN)
    assert (closed.open, closed.flags[0].outcome) == (0, "passed_on")
    assert await stoke.audit() == [
        ("amina", "safeguarding list seen"),
        ("amina", "safeguarding flag opened"),
        ("amina", "safeguarding flag acknowledged"),
        ("ben", "safeguarding outcome passed_on"),
        ("ben", "safeguarding list seen"),
    ]
    rows = await stoke.town.rows("SELECT opened_by, acknowledged_by, closed_by, note FROM flag")
    assert rows == [("staff-1", "staff-1", "staff-2", "Told the duty desk.")]


async def test_what_is_not_there_cannot_be_opened_or_settled(stoke: Watched) -> None:
    assert await stoke.queue.open("nothing", AMINA) is None
    assert not await stoke.queue.conclude("nothing", Outcome.NO_DANGER, "x", AMINA, seen=None)
    assert not await stoke.queue.ask("nothing", "x", AMINA)
    assert await stoke.queue.address("nothing", AMINA) == ""
    assert await stoke.audit() == []


async def test_an_address_takes_two_people_and_holds_for_a_day(stoke: Watched) -> None:
    await stoke.town.text(DANGER)
    (flag,) = await stoke.flagged()
    assert await stoke.queue.address(flag, AMINA) == ""
    assert not await stoke.queue.grant(flag, BEN, seen=stoke.now())
    assert await stoke.queue.ask(flag, "She is in danger tonight.", AMINA)
    assert not await stoke.queue.grant(flag, AMINA, seen=stoke.now())
    assert await stoke.queue.address(flag, AMINA) == ""
    assert await stoke.queue.grant(flag, BEN, seen=stoke.now())
    assert await stoke.queue.address(flag, AMINA) == RESIDENT
    assert ("amina", "safeguarding address seen") in await stoke.audit()
    stoke.wait(hours=24)
    assert await stoke.queue.address(flag, AMINA) == ""
    assert await stoke.queue.ask(flag, "Once more.", BEN)
    assert not await stoke.queue.grant(flag, BEN, seen=stoke.now())


async def test_a_day_after_it_was_granted_anybody_may_ask_again(stoke: Watched) -> None:
    await stoke.town.text(DANGER)
    (flag,) = await stoke.flagged()
    await stoke.queue.ask(flag, "Tonight.", AMINA)
    await stoke.queue.grant(flag, BEN, seen=stoke.now())
    opened = await stoke.queue.open(flag, BEN)
    assert opened is not None
    assert (opened.asked_at, opened.granted_at) == (stoke.now(), stoke.now())
    stoke.wait(hours=24)
    opened = await stoke.queue.open(flag, BEN)
    assert opened is not None
    assert (opened.asked_at, opened.granted_at) == (None, None)


async def test_a_grant_is_for_the_request_that_was_read_and_is_given_once(stoke: Watched) -> None:
    await stoke.town.text(DANGER)
    (flag,) = await stoke.flagged()
    await stoke.queue.ask(flag, "Tonight.", AMINA)
    read = stoke.now()
    stoke.wait(minutes=1)
    await stoke.queue.ask(flag, "For another reason.", AMINA)
    assert not await stoke.queue.grant(flag, BEN, seen=read)
    assert await stoke.queue.grant(flag, BEN, seen=stoke.now())
    read = stoke.now()
    stoke.wait(hours=23)
    assert not await stoke.queue.grant(flag, BEN, seen=read)
    stoke.wait(hours=1)
    assert await stoke.queue.address(flag, AMINA) == ""


async def test_a_new_request_takes_back_what_was_granted(stoke: Watched) -> None:
    await stoke.town.text(DANGER)
    (flag,) = await stoke.flagged()
    await stoke.queue.ask(flag, "Tonight.", AMINA)
    await stoke.queue.grant(flag, BEN, seen=stoke.now())
    await stoke.queue.ask(flag, "Tomorrow too.", AMINA)
    assert await stoke.queue.address(flag, AMINA) == ""
    assert [listed.is_asking for listed in (await stoke.queue.queue(BEN)).flags] == [True]


async def test_an_outcome_that_nobody_has_read_is_not_written_over(stoke: Watched) -> None:
    await stoke.town.text(DANGER)
    (flag,) = await stoke.flagged()
    assert await stoke.queue.conclude(flag, Outcome.CONTACTED, "She is safe.", BEN, seen=None)
    written = stoke.now()
    stoke.wait(minutes=1)
    assert not await stoke.queue.conclude(flag, Outcome.NO_DANGER, "A joke.", AMINA, seen=None)
    assert await stoke.town.column("SELECT note FROM flag") == ["She is safe."]
    assert await stoke.queue.conclude(flag, Outcome.PASSED_ON, "She is safe. Told the desk.", AMINA, seen=written)
    assert await stoke.town.column("SELECT outcome FROM flag") == ["passed_on"]


async def test_an_address_is_still_read_after_new_keys_were_made(stoke: Watched, database: Database) -> None:
    await stoke.town.text(DANGER)
    (flag,) = await stoke.flagged()
    await stoke.queue.ask(flag, "Why.", AMINA)
    await stoke.queue.grant(flag, BEN, seen=stoke.now())
    other = await KeyRing.open(database, "a secret that is only for tests")
    await make_new_keys(database, other, who="test", now=stoke.now())
    assert await stoke.queue.address(flag, AMINA) == RESIDENT


async def test_the_lead_is_told_without_content_and_again_until_somebody_opens_it(stoke: Watched) -> None:
    assert not await stoke.alerts.send_due()
    await stoke.town.text(DANGER)
    assert await stoke.alerts.send_due()
    assert not await stoke.alerts.send_due()
    stoke.wait(hours=3.9)
    assert not await stoke.alerts.send_due()
    stoke.wait(hours=0.2)
    assert await stoke.alerts.send_due()
    assert stoke.told.links == [LINK, LINK]
    (flag,) = await stoke.flagged()
    await stoke.queue.open(flag, AMINA)
    stoke.wait(hours=9)
    assert not await stoke.alerts.send_due()


async def test_several_flags_are_one_alert(stoke: Watched) -> None:
    await stoke.town.text(DANGER)
    await stoke.town.text("I want to die", sender="+447700900654")
    await stoke.alerts.send_due()
    assert stoke.told.links == [LINK]


async def test_an_alert_in_whose_middle_the_process_died_goes_out_again(stoke: Watched) -> None:
    class Death(Exception):
        pass

    class Dying:
        async def send(self, link: str) -> None:
            raise Death

    await stoke.town.text(DANGER)
    dying = Alerts(stoke.town.database, [Dying()], link=LINK, remind_hours=4, now=stoke.now)
    with pytest.raises(Death):
        await dying.send_due()
    assert not await stoke.alerts.send_due()
    stoke.wait(minutes=5)
    assert await stoke.alerts.send_due()


async def test_a_failure_is_logged_without_content_noted_and_tried_again(stoke: Watched) -> None:
    await stoke.town.text(DANGER)
    stoke.told.problem = "the mail server refused"
    with capture_logs() as logs:
        assert not await stoke.alerts.send_due()
    assert logs == [{"event": "alert not sent", "log_level": "error", "reason": "the mail server refused"}]
    assert await stoke.town.column("SELECT alert_problem FROM flag") == ["the mail server refused"]
    stoke.told.problem = ""
    stoke.wait(minutes=5)
    assert await stoke.alerts.send_due()
    assert await stoke.town.rows("SELECT alert_problem, alerts FROM flag") == [("", 1)]


async def test_one_way_that_works_is_enough_and_without_any_nothing_is_sent(stoke: Watched) -> None:
    await stoke.town.text(DANGER)
    nobody = Alerts(stoke.town.database, [], link=LINK, remind_hours=4, now=stoke.now)
    assert not await nobody.send_due()
    broken = Told()
    broken.problem = "down"
    both = Alerts(stoke.town.database, [broken, stoke.told], link=LINK, remind_hours=4, now=stoke.now)
    assert await both.send_due()
    kept = ("down, though another way went through", 1)
    assert await stoke.town.rows("SELECT alert_problem, alerts FROM flag") == [kept]


@pytest.mark.parametrize("database_url", ["postgres"], indirect=True)
async def test_of_two_servers_that_look_at_once_one_tells_the_lead(stoke: Watched, database_url: str) -> None:
    await stoke.town.text(DANGER)
    (flag,) = await stoke.flagged()
    other = await asyncpg.connect(database_url)
    async with other.transaction():
        assert await other.fetchval("SELECT id FROM flag FOR UPDATE") == flag  # the other server is at it
        async with asyncio.timeout(10):
            assert not await stoke.alerts.send_due()
    await other.close()
    assert await stoke.alerts.send_due()


async def test_what_is_opened_while_the_lead_is_told_is_not_told_of_again(stoke: Watched) -> None:
    class Prompt:
        async def send(self, link: str) -> None:
            await stoke.queue.open((await stoke.flagged())[0], AMINA)

    await stoke.town.text(DANGER)
    await Alerts(stoke.town.database, [Prompt()], link=LINK, remind_hours=4, now=stoke.now).send_due()
    assert await stoke.town.rows("SELECT alerts FROM flag") == [(0,)]


@pytest.mark.parametrize("by", ["resident", "staff"])
async def test_when_the_sender_is_erased_the_words_go_and_what_was_done_stays(stoke: Watched, by: str) -> None:
    for text in ("STOKE", "1", "1", DANGER):
        await stoke.town.text(text)
    (flag,) = await stoke.flagged()
    await stoke.queue.conclude(flag, Outcome.CONTACTED, "Spoke to them.", AMINA, seen=None)
    if by == "resident":
        await stoke.town.text("DELETE")
        await stoke.town.text("YES")
    else:
        await erase(stoke.town.database, stoke.town.keys, RESIDENT, who="test", now=stoke.now())
    assert await found_in(stoke.town.database, [DANGER], frozenset()) == []
    opened = await stoke.queue.open(flag, AMINA)
    assert opened is not None
    assert (opened.words, opened.can_be_found, opened.filed) == ("", False, "erased")
    assert (opened.outcome, opened.note) == ("contacted", "Spoke to them.")
    assert await stoke.queue.address(flag, AMINA) == ""


async def test_the_words_of_a_flag_stand_nowhere_but_where_words_may(stoke: Watched) -> None:
    for text in ("STOKE", "1", "1", DANGER):
        await stoke.town.text(text)
    await stoke.alerts.send_due()
    (flag,) = await stoke.flagged()
    await stoke.queue.open(flag, AMINA)
    allowed = frozenset({("inbound", "text"), ("answer", "said"), ("outbox", "text")})
    assert await found_in(stoke.town.database, ["husband"], allowed) == []


async def twin_exports(database: Database, folder: Path, now: int) -> dict[str, bytes]:
    made = {}
    for form in Format:
        out = folder / f"{form}.RAW.{'zip' if form.is_folder else 'out'}"
        await export(database, "stoke", form, out, raw=True, labels=None, include_test=True, who="test", now=now)
        made[form.value] = out.read_bytes()
    return made


async def test_no_export_report_log_or_metric_tells_whether_a_text_was_flagged(stoke: Watched, tmp_path: Path) -> None:
    with capture_logs() as logs:
        for text in ("STOKE", "1", "1", DANGER, "no", "34"):
            await stoke.town.text(text)
    await stoke.alerts.send_due()
    (flag,) = await stoke.flagged()
    await stoke.queue.open(flag, AMINA)
    await stoke.queue.conclude(flag, Outcome.PASSED_ON, "zzznote", AMINA, seen=None)
    database, now = stoke.town.database, stoke.now()

    def flagged(text: str) -> list[str]:
        return [word for word in ("flag", "danger", "safeguard", "calm", "zzznote") if word in text.casefold()]

    for folder in ("with", "without"):
        (tmp_path / folder).mkdir()
    with_flag = await twin_exports(database, tmp_path / "with", now)
    report = repr(await reconcile(database, "stoke", include_test=True, now=now))
    shown = await subject_access(database, stoke.town.keys, RESIDENT, who="test", now=now)
    metrics = stoke.town.metrics.text().decode()
    await remove_flags(database)
    # Byte for byte what there would be without the flag.
    assert await twin_exports(database, tmp_path / "without", now) == with_flag
    assert repr(await reconcile(database, "stoke", include_test=True, now=now)) == report
    assert flagged(report) == flagged(metrics) == flagged(json.dumps(logs)) == []
    for form, content in with_flag.items():
        header = next(csv.reader(content.decode("utf-8-sig", "ignore").splitlines()), [])
        assert flagged(" ".join(header)) == [], form
    kept = {name for name in json.loads(shown)}
    assert flagged(" ".join(kept)) == []


async def remove_flags(database: Database) -> None:
    def script() -> Script[None]:
        yield Run("DELETE FROM flag")

    await database.run(script)


async def test_retention_lets_the_words_go_and_leaves_what_was_done(stoke: Watched) -> None:
    await stoke.town.text(DANGER)
    (flag,) = await stoke.flagged()
    stoke.town.now += 500 * DAY
    await retention(stoke.town.database, stoke.town.keys, RetentionPolicy(), stoke.now(), apply=True)
    opened = await stoke.queue.open(flag, AMINA)
    assert opened is not None
    assert (opened.words, opened.can_be_found, opened.filed) == ("", False, "noise")
    await stoke.queue.conclude(flag, Outcome.CANNOT_ACT, "Too late.", AMINA, seen=None)
    for days, left in ((2191, [flag]), (2, [])):
        stoke.town.now += days * DAY
        await retention(stoke.town.database, stoke.town.keys, RetentionPolicy(), stoke.now(), apply=True)
        assert await stoke.flagged() == left


async def test_a_voice_note_is_flagged_by_what_is_written_down_of_it(database: Database, keys: KeyRing) -> None:
    async with voices(database, keys) as scene:
        for text in ("PARKS", "1", "2"):
            await scene.write(text)
        await scene.speak(voice_note(5, b"sound"))
        await scene.box.fetch_waiting()
        note = await scene.note()
        assert await scene.transcribing.write(note, DANGER, SPEAKER) is Verdict.ANSWERED
        assert await scene.transcribing.write(note, DANGER, SPEAKER) is Verdict.GONE
        assert await scene.rows("SELECT id, calmed FROM flag") == [(note, False)]
        opened = await Safeguarding(database, keys, now=scene.clock).open(note, AMINA)
        assert opened is not None
        assert (opened.words, opened.is_spoken) == (DANGER, True)


async def test_a_voice_note_that_was_no_answer_is_flagged_without_its_words(database: Database, keys: KeyRing) -> None:
    async with voices(database, keys) as scene:
        await scene.write("PARKS")
        await scene.speak(voice_note(5, b"sound"))
        await scene.write("1")
        await scene.box.fetch_waiting()
        assert await scene.transcribing.write(await scene.note(), DANGER, SPEAKER) is Verdict.ANSWERED_SINCE
        (flag,) = await scene.rows("SELECT id FROM flag")
        opened = await Safeguarding(database, keys, now=scene.clock).open(flag[0], AMINA)
        assert opened is not None
        assert (opened.words, opened.is_spoken) == ("", True)

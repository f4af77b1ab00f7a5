"""Voice notes from the phone to the export: listed, written down, and fetched whatever the provider does."""

import csv
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from bot.analysis.export import Format, export
from bot.analysis.reconciliation import reconcile
from bot.service.transcribing import NO_QUESTION, Transcribing
from bot.service.voice import AGAIN_MS, GIVEN_UP, Fetching
from storage import surveys
from storage.script import Run, Script
from storage.transcribing import Hand, Verdict, leave
from tests.fakes.telegram import Refuse as TelegramRefuse
from tests.fakes.twilio import Drop, Refuse
from tests.service.voice_scene import AMINA, ANSWERS, MINUTE, NOTES, SOUND, WHATSAPP, Voices, ask
from tests.storage.overtaken import OvertakenDatabase

ZOFIA = Hand("staff-2", "zofia")
SEEN_TO = "SELECT who FROM audit WHERE action = 'voice note seen to'"


async def long_form(scene: Voices, folder: Path) -> list[dict[str, str]]:
    out = folder / "answers.csv"
    await export(
        scene.database, "parks", Format.LONG_CSV, out,
        raw=False, labels=None, include_test=True, who="test", now=scene.now,
    )  # fmt: skip
    return list(csv.DictReader(out.read_text(encoding="utf-8-sig").splitlines()))


async def test_a_voice_note_becomes_the_answer_once_it_is_written_down(either: Voices, tmp_path: Path) -> None:
    await ask(either, "1", "2")
    shown = await either.speak(SOUND)
    assert shown.startswith("Thank you. A person will listen and write it down.")
    assert "3/3 What would make them better?" in shown

    assert await either.box.fetch_waiting() == Fetching(fetched=1)
    desk = await either.transcribing.waiting()
    (note,) = desk.notes
    assert (desk.count, note.question, note.seconds, note.is_here) == (1, "What would make them better?", 75, True)
    heard = await either.box.hear(note.id, AMINA)
    assert heard is not None
    assert (heard.content, heard.media_type) == (SOUND, "audio/ogg")

    assert await either.transcribing.write(note.id, "More benches", AMINA) is Verdict.ANSWERED
    (row,) = [row for row in await long_form(either, tmp_path) if row["question"] == "better"]
    assert (row["said"], row["input"], row["state"], row["channel"]) == (
        "More benches",
        "voice",
        "answered",
        either.app,
    )
    assert (await either.transcribing.waiting()).count == 0
    assert await either.rows("SELECT transcriber, became FROM voice_note") == [("staff-1", "answered")]
    assert await either.rows("SELECT who, action FROM audit WHERE who = 'amina' ORDER BY id") == [
        ("amina", "voice note heard"),
        ("amina", "voice note seen to"),
    ]
    report = await reconcile(either.database, "parks", include_test=True, now=either.now)
    assert report.is_balanced
    assert report.messages.filed["answer"] == 3


async def test_the_question_goes_on_standing_and_a_voice_note_is_no_try(either: Voices) -> None:
    await ask(either)
    for _ in range(4):
        assert "1/3 Do you use the parks?" in await either.speak(SOUND)
    assert (await either.write("yes")).startswith("2/3")
    assert await either.rows(ANSWERS) == [("use_parks", 1, "answered", "yes", "yes", "typed")]


async def test_a_resident_who_passed_on_gets_their_spoken_answer_and_can_still_change_it(park: Voices) -> None:
    await ask(park)
    await park.speak(SOUND)
    await park.write("SKIP")
    await park.box.fetch_waiting()
    assert await park.transcribing.write(await park.note(), "yes", AMINA) is Verdict.ANSWERED
    await park.write("CHANGE 1")
    assert (await park.write("no")).startswith("2/3")
    assert [row[:4] + row[5:] for row in await park.rows(ANSWERS)] == [
        ("use_parks", 1, "skipped", None, "typed"),
        ("use_parks", 2, "answered", "yes", "voice"),
        ("use_parks", 3, "answered", "no", "typed"),
    ]


async def test_a_written_answer_lets_the_resident_go_on_from_the_same_question(park: Voices) -> None:
    await ask(park)
    await park.speak(SOUND)
    await park.box.fetch_waiting()
    await park.transcribing.write(await park.note(), "yes", AMINA)
    assert "1/3 Do you use the parks?" in await park.write("START")
    assert (await park.write("2")).startswith("2/3")
    assert [row[1:4] for row in await park.rows(ANSWERS)] == [(1, "answered", "yes"), (2, "answered", "no")]


async def test_what_is_no_clear_answer_keeps_its_words_and_chooses_nothing(park: Voices) -> None:
    await ask(park)
    await park.speak(SOUND)
    await park.box.fetch_waiting()
    said = "well my neighbour goes there with her dog"
    assert await park.transcribing.write(await park.note(), said, AMINA) is Verdict.UNPARSED
    assert await park.rows(ANSWERS) == [("use_parks", 1, "unparsed", None, said, "voice")]
    assert (await reconcile(park.database, "parks", include_test=True, now=park.now)).is_balanced
    assert (await park.write("1")).startswith("2/3")


async def test_an_unclear_voice_note_never_takes_an_earlier_answer_away(park: Voices) -> None:
    await ask(park, "1")
    await park.write("CHANGE 1")
    await park.speak(SOUND)
    await park.box.fetch_waiting()
    note = await park.note()
    assert await park.transcribing.write(note, "it depends on the weather really", AMINA) is Verdict.UNCLEAR
    assert [row[1:4] for row in await park.rows(ANSWERS)] == [(1, "answered", "yes")]
    assert await park.transcribing.write(note, "no", AMINA) is Verdict.ANSWERED


async def test_what_the_resident_answered_by_hand_since_stays(park: Voices) -> None:
    await ask(park, "1", "2")
    await park.speak(SOUND)
    await park.write("Call 07700 900123 about the benches")
    await park.box.fetch_waiting()
    (note,) = (await park.transcribing.waiting()).notes
    assert note.answered_since == "Call 07700 900123 about the benches"
    assert await park.transcribing.write(note.id, "More benches", AMINA) is Verdict.ANSWERED_SINCE
    assert await park.transcribing.leave(note.id, AMINA) is Verdict.LEFT
    assert (await park.rows(ANSWERS))[-1][4] == "Call 07700 900123 about the benches"
    assert (await park.transcribing.waiting()).count == 0


async def test_two_voice_notes_on_an_open_question_are_one_answer(park: Voices) -> None:
    await ask(park, "1", "2")
    await park.speak(SOUND)
    await park.speak(SOUND)
    await park.box.fetch_waiting()
    for note, said in zip((await park.transcribing.waiting()).notes, ("More benches", "and more shade"), strict=True):
        assert await park.transcribing.write(note.id, said, AMINA) is Verdict.ANSWERED
    assert (await park.rows(ANSWERS))[-1] == ("better", 2, "answered", None, "More benches\nand more shade", "voice")


async def test_a_voice_note_is_written_down_once(park: Voices) -> None:
    await ask(park)
    await park.speak(SOUND)
    await park.box.fetch_waiting()
    note = await park.note()
    assert await park.transcribing.write(note, "yes", AMINA) is Verdict.ANSWERED
    assert await park.transcribing.write(note, "no", AMINA) is Verdict.GONE
    assert await park.transcribing.leave(note, AMINA) is Verdict.GONE
    assert len(await park.rows(ANSWERS)) == 1


async def test_a_voice_note_that_a_colleague_leaves_meanwhile_stays_left(park: Voices) -> None:
    await ask(park)
    await park.speak(SOUND)
    await park.box.fetch_waiting()
    note = await park.note()
    database = OvertakenDatabase(park.database, "UPDATE voice_note", lambda: leave(note, ZOFIA, park.now))
    late = Transcribing(database, park.library, now=park.clock)
    assert await late.write(note, "yes", AMINA) is Verdict.GONE
    assert await park.rows(ANSWERS) == []
    assert await park.rows("SELECT transcriber, became FROM voice_note") == [("staff-2", "left")]
    assert await park.rows(SEEN_TO) == [("zofia",)]


async def test_a_voice_note_that_was_erased_meanwhile_is_gone_and_nobody_has_seen_to_it(park: Voices) -> None:
    await ask(park)
    await park.speak(SOUND)
    await park.box.fetch_waiting()
    note = await park.note()
    await park.write("DELETE")
    await park.write("YES")
    assert await park.transcribing.write(note, "yes", AMINA) is Verdict.GONE
    assert await park.transcribing.leave(note, AMINA) is Verdict.GONE
    assert await park.rows(SEEN_TO) == []


async def test_leave_to_write_is_never_given_by_voice(park: Voices) -> None:
    await ask(park, "1", "2", "More benches")
    assert "We can only read words here" in await park.speak(SOUND)
    assert await park.rows(NOTES) == []


@pytest.mark.parametrize("before", [(), ("PARKS", "STOP")], ids=["from a stranger", "while on STOP"])
async def test_a_voice_note_that_answers_nothing_is_not_kept(park: Voices, before: tuple[str, ...]) -> None:
    for text in before:
        await park.write(text)
    await park.twilio.speak(WHATSAPP, SOUND)
    assert await park.rows(NOTES) == []


async def test_a_voice_note_after_the_last_question_is_kept_to_be_heard_and_changes_no_answer(
    either: Voices, tmp_path: Path
) -> None:
    await ask(either, "1", "2", "More benches", "1")
    before = await either.rows(ANSWERS)
    await either.speak(SOUND)
    await either.box.fetch_waiting()
    (shown,) = (await either.transcribing.waiting()).notes
    assert (shown.question, shown.is_here, shown.answered_since) == (NO_QUESTION, True, None)
    heard = await either.box.hear(shown.id, AMINA)
    assert heard is not None
    assert heard.content == SOUND
    assert await either.transcribing.write(shown.id, "More trees too", AMINA) is Verdict.NOT_ASKED
    assert await either.transcribing.leave(shown.id, AMINA) is Verdict.LEFT
    assert await either.rows(ANSWERS) == before
    await long_form(either, tmp_path)


async def test_the_sixth_voice_note_in_a_row_is_kept_too(park: Voices) -> None:
    await ask(park)
    for _ in range(6):
        await park.speak(SOUND)
    await park.box.fetch_waiting()
    assert [note.is_here for note in (await park.transcribing.waiting()).notes] == [True] * 6


async def test_after_the_close_it_is_kept_and_marked_as_late(park: Voices) -> None:
    await ask(park)
    await park.database.run(lambda: surveys.close("parks", park.now))
    await park.library.load()
    assert "marked as late" in await park.speak(SOUND)
    await park.box.fetch_waiting()
    assert await park.transcribing.write(await park.note(), "yes", AMINA) is Verdict.ANSWERED
    assert await park.rows("SELECT late FROM response") in ([(True,)], [(1,)])
    assert await park.rows("SELECT filed FROM inbound ORDER BY id DESC LIMIT 1") == [("late",)]


# Fetching


async def test_a_failed_download_is_tried_again_later_each_time(either: Voices) -> None:
    await ask(either)
    await either.speak(SOUND)
    # A dropped connection is tried twice by the HTTP client itself, where nothing can be done twice.
    twice_dropped = (Drop(), Drop()) if either.app == "whatsapp" else (Drop(),)
    faults: list[tuple[tuple[Refuse | Drop, ...], tuple[TelegramRefuse | Drop, ...]]] = [
        ((Refuse(503),), (TelegramRefuse(502),)),
        (twice_dropped, twice_dropped),
        ((Refuse(429),), (TelegramRefuse(429),)),
    ]
    for tried, (twilios, telegrams) in enumerate(faults):
        either.twilio.fail_next(*twilios)
        either.telegram.fail_next(*telegrams)
        assert await either.box.fetch_waiting() == Fetching()
        either.now += AGAIN_MS[tried] - 1
        assert await either.box.fetch_waiting() == Fetching()
        either.now += 1
    assert await either.box.fetch_waiting() == Fetching(fetched=1)
    assert [row[1] for row in await either.rows(NOTES)] == [4]


async def test_a_download_that_never_succeeds_ends_with_a_note(either: Voices) -> None:
    await ask(either)
    await either.speak(SOUND)
    with capture_logs() as logs:
        for wait in AGAIN_MS:
            either.twilio.fail_next(Refuse(500))
            either.telegram.fail_next(TelegramRefuse(502))
            last = await either.box.fetch_waiting()
            either.now += wait
    assert last == Fetching(given_up=1)
    assert await either.box.fetch_waiting() == Fetching()
    assert [row[1:] for row in await either.rows(NOTES)] == [(len(AGAIN_MS), GIVEN_UP, "", "")]
    (note,) = (await either.transcribing.waiting()).notes
    assert (note.is_here, note.problem) == (False, GIVEN_UP)
    assert [entry["event"] for entry in logs].count("voice note given up") == 1


async def test_one_that_is_gone_is_given_up_at_once(either: Voices) -> None:
    await ask(either)
    await either.speak(b"")
    either.twilio.media.kept.clear()
    assert await either.box.fetch_waiting() == Fetching(given_up=1)
    (note,) = (await either.transcribing.waiting()).notes
    assert note.problem == ("the provider no longer has it" if either.app == "whatsapp" else "it is empty")


async def test_one_that_is_too_large_is_refused(either: Voices) -> None:
    await ask(either)
    await either.speak(b"OggS" + bytes(21 * 1024 * 1024))
    assert await either.box.fetch_waiting() == Fetching(given_up=1)
    (note,) = (await either.transcribing.waiting()).notes
    assert note.problem == f"it is larger than {16 if either.app == 'whatsapp' else 20} MB"


async def test_a_voice_note_that_came_while_we_were_away_is_fetched_too(park: Voices) -> None:
    await ask(park)
    await park.twilio.speak(WHATSAPP, SOUND, is_lost=True)
    missed = await park.channels["whatsapp"].received_since("whatsapp:+447700900999", park.now - MINUTE)
    await park.inbox.handle(missed[-1])
    assert missed[-1].media == ("audio/ogg",)
    assert await park.box.fetch_waiting() == Fetching(fetched=1)


async def test_a_redelivered_voice_note_is_kept_once(park: Voices) -> None:
    await ask(park)
    sid = await park.twilio.speak(WHATSAPP, SOUND)
    await park.twilio.redeliver(sid)
    assert len(await park.rows(NOTES)) == 1


async def test_a_voice_note_whose_turn_failed_is_kept_when_it_runs_again(park: Voices) -> None:
    await ask(park)
    await park.speak(SOUND)

    def as_after_a_failed_turn() -> Script[None]:
        yield Run("DELETE FROM voice_note")
        yield Run("UPDATE inbound SET filed = 'unhandled', response_id = NULL, question = '' WHERE kind = 'media'")

    await park.database.run(as_after_a_failed_turn)
    assert await park.inbox.rerun_unhandled(park.now + MINUTE) == 1
    assert await park.box.fetch_waiting() == Fetching(fetched=1)

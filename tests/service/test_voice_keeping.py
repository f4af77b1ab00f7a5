"""Where a voice note is kept, who may hear it, and when it goes."""

import json

from structlog.testing import capture_logs

from bot.service.privacy import RetentionPolicy, erase, make_new_keys, retention, subject_access
from bot.service.replay import replay
from bot.service.voice import AGAIN_MS, Fetching
from storage.keys import KeyRing
from storage.transcribing import Verdict
from tests.fakes.telegram import Refuse as TelegramRefuse
from tests.fakes.twilio import Refuse
from tests.service.voice_scene import AMINA, DAY, NOTES, SOUND, TELEGRAM, Voices, ask


async def test_the_sound_is_sealed_and_its_reference_dropped(either: Voices) -> None:
    await ask(either)
    await either.speak(SOUND)
    (before,) = await either.rows("SELECT fields FROM inbound WHERE kind = 'media'")
    assert "voice" in json.loads(before[0])
    await either.box.fetch_waiting()
    ((content, reference, fields),) = await either.rows(
        "SELECT v.content, v.reference, i.fields FROM voice_note v JOIN inbound i ON i.id = v.id"
    )
    assert b"benches" not in bytes(content)
    assert reference == ""
    assert "voice" not in json.loads(fields or "{}")


async def test_nothing_of_a_voice_note_is_logged(either: Voices) -> None:
    await ask(either)
    with capture_logs() as logs:
        await either.speak(SOUND)
        either.twilio.fail_next(Refuse(429))
        either.telegram.fail_next(
            TelegramRefuse(400, "Bad Request: wrong file_id or the file is temporarily unavailable")
        )
        await either.box.fetch_waiting()
        either.now += AGAIN_MS[0]
        await either.box.fetch_waiting()
        await either.box.hear(await either.note(), AMINA)
        await either.transcribing.write(await either.note(), "yes of course", AMINA)
    written = str(logs)
    assert "voice note fetched" in written
    for secret in ("7700900123", str(TELEGRAM), "benches", "of course", "AwACAgQ", either.telegram.token, "AC0000"):
        assert secret not in written


async def test_a_voice_note_goes_with_its_sender(either: Voices) -> None:
    await ask(either)
    await either.speak(SOUND)
    await either.box.fetch_waiting()
    await either.write("DELETE")
    await either.write("YES")
    assert await either.rows(NOTES) == []


async def test_staff_erase_it_at_once_even_while_it_is_on_its_way(park: Voices) -> None:
    await ask(park)
    await park.speak(SOUND)
    await erase(park.database, park.keys, "+447700900123", who="test", now=park.now)
    assert await park.rows(NOTES) == []
    assert await park.box.fetch_waiting() == Fetching()


async def test_it_is_gone_after_its_date_and_no_sooner(park: Voices) -> None:
    await ask(park)
    await park.speak(SOUND)
    await park.box.fetch_waiting()
    note = await park.note()
    for days, left in ((29, 1), (30, 0)):
        now = park.now + days * DAY
        await retention(park.database, park.keys, RetentionPolicy(), now, apply=True)
        assert len(await park.rows(NOTES)) == left
    park.now += 30 * DAY
    assert await park.box.hear(note, AMINA) is None
    assert await park.transcribing.write(note, "yes", AMINA) is Verdict.GONE


async def test_a_resident_is_shown_their_voice_note(park: Voices) -> None:
    await ask(park)
    await park.speak(SOUND)
    await park.box.fetch_waiting()
    document = json.loads(await subject_access(park.database, park.keys, "+447700900123", who="test", now=park.now))
    (held,) = document["voice_notes_from_you"]
    assert (held["question"], held["media_type"], held["became"]) == ("use_parks", "audio/ogg", "")
    assert held["sound"].startswith("T2dnUw")  # OggS


async def test_new_data_keys_open_it_and_the_old_ones_do_not(park: Voices) -> None:
    await ask(park)
    await park.speak(SOUND)
    await park.box.fetch_waiting()
    before = await park.rows("SELECT key_id FROM voice_note")
    other = await KeyRing.open(park.database, "a secret that is only for tests")
    assert await make_new_keys(park.database, other, who="test", now=park.now) == 1
    assert await park.rows("SELECT key_id FROM voice_note") != before
    assert await park.rows("SELECT id FROM data_key WHERE purpose = 'encrypt'") == [(other.current_key_id,)]
    heard = await park.box.hear(await park.note(), AMINA)  # by a ring that has not read the new keys
    assert heard is not None
    assert heard.content == SOUND


async def test_a_sound_is_sealed_with_the_newest_keys_whoever_made_them(park: Voices) -> None:
    await ask(park)
    await park.speak(SOUND)
    other = await KeyRing.open(park.database, "a secret that is only for tests")
    await make_new_keys(park.database, other, who="test", now=park.now)
    assert await park.box.fetch_waiting() == Fetching(fetched=1)
    assert await park.rows("SELECT key_id FROM voice_note") == [(other.current_key_id,)]


async def test_replay_leaves_out_what_was_spoken(park: Voices) -> None:
    await ask(park)
    await park.speak(SOUND)
    await park.write("SKIP")
    await park.box.fetch_waiting()
    await park.transcribing.write(await park.note(), "yes", AMINA)
    assert await replay(park.database, park.library, park.channels, "parks") == []

"""The rows of `voice_note`: kept with the turn, fetched later, listened to by a person, and gone on their date.

A recording is sealed by the key ring for its own row. What was said becomes an answer in `storage.transcribing`.
"""

from msgspec import Struct, json

from storage.errors import UnknownKey
from storage.keys import CURRENT_KEYS, KeyRing
from storage.script import Fetch, Run, Script
from storage.staff import note

VOICE_FIELD = "voice"
"""Under this name the reference stands in `inbound.fields` until it is of no more use."""

WAITS = """
    INSERT INTO voice_note (id, contact_id, response_id, question, channel, reference, received_at, try_at, test)
    VALUES (:id, :contact, :response, :question, :channel, :reference, :at, :at, :test)"""
"""Keep that a voice note waits to be fetched."""

OPEN_AT_ONCE = 20
"""Voice notes that one page shows."""

_DUE = """
    SELECT id, channel, reference, tries FROM voice_note
    WHERE fetched_at IS NULL AND problem = '' AND try_at <= :now ORDER BY try_at, id LIMIT 1 FOR UPDATE SKIP LOCKED"""
_TRY = "UPDATE voice_note SET tries = tries + 1, try_at = :again WHERE id = :id"
_KEEP = """
    UPDATE voice_note SET content = :content, key_id = :key, media_type = :media_type, seconds = :seconds,
        fetched_at = :at, keep_until = :until, reference = ''
    WHERE id = :id AND fetched_at IS NULL"""
_GIVE_UP = """
    UPDATE voice_note SET problem = :problem, keep_until = :until, reference = ''
    WHERE id = :id AND fetched_at IS NULL"""
_OPEN = "v.became = '' AND (v.keep_until IS NULL OR v.keep_until > :now)"


class Waiting(Struct, frozen=True):
    """A voice note that is to be fetched now. `tries` counts this one too."""

    id: str
    channel: str
    reference: str
    tries: int


def claim(now: int, again: tuple[int, ...]) -> Script[Waiting | None]:
    """Take the voice note that has waited longest, and put the next try off: a crash loses a try, never the note.

    `again` are milliseconds until the next try, by how many there were; the last one holds for all that follow.
    """
    found = (yield Fetch(_DUE, {"now": now})).first
    if found is None:
        return None
    note_id, channel, reference, tries = found
    yield Run(_TRY, {"id": note_id, "again": now + again[min(tries, len(again) - 1)]})
    return Waiting(note_id, channel, reference, tries + 1)


class Fetched(Struct, frozen=True):
    """A recording to be kept. `until` is its date, epoch milliseconds UTC."""

    content: bytes
    media_type: str
    seconds: int | None
    at: int
    until: int

    def __repr__(self) -> str:
        """Say what it is, never what it holds."""
        return f"Fetched({self.media_type})"


def keep(note_id: str, fetched: Fetched, keys: KeyRing) -> Script[bool]:
    """Seal a recording and keep it; False where its row is gone meanwhile. Raises UnknownKey after keys were rotated.

    The current keys are locked first: a rotation that is under way would else delete the key it is sealed with.
    """
    if tuple(row[0] for row in (yield Fetch(CURRENT_KEYS)).rows) != keys.ids:
        raise UnknownKey("Another process has made new keys.")
    kept = yield Run(
        _KEEP,
        {
            "id": note_id,
            "content": keys.seal(fetched.content, note_id),
            "key": keys.current_key_id,
            "media_type": fetched.media_type,
            "seconds": fetched.seconds,
            "at": fetched.at,
            "until": fetched.until,
        },
    )
    yield from _drop_reference(note_id)
    return kept.count == 1


def give_up(note_id: str, problem: str, until: int) -> Script[None]:
    """Note why a recording cannot be had; the row stays for a person to see until its date."""
    yield Run(_GIVE_UP, {"id": note_id, "problem": problem, "until": until})
    yield from _drop_reference(note_id)


def _drop_reference(note_id: str) -> Script[None]:
    found = (yield Fetch("SELECT fields FROM inbound WHERE id = :id", {"id": note_id})).first
    if found is None or not found[0]:
        return
    fields = json.decode(found[0], type=dict[str, str])
    fields.pop(VOICE_FIELD, None)
    left = json.encode(fields).decode() if fields else ""
    yield Run("UPDATE inbound SET fields = :fields WHERE id = :id", {"id": note_id, "fields": left})


class OpenNote(Struct, frozen=True):
    """A voice note that nobody has seen to, as a list shows it: no address, no sound. Times are epoch milliseconds."""

    id: str
    response_id: str
    survey: str
    version: str
    question: str
    channel: str
    language: str
    received_at: int
    seconds: int | None
    fetched_at: int | None
    problem: str
    keep_until: int | None


class GivenAnswer(Struct, frozen=True):
    """The newest revision of a question's answer. `codes` are in the order in which they are kept."""

    state: str
    codes: tuple[str, ...]
    number: float | None
    said: str
    input: str
    answered_at: int

    def is_newer_than(self, received_at: int) -> bool:
        """Whether the resident has answered by their own hand since: a skip, and what nobody could read, is none."""
        return self.input != "voice" and self.state in ("answered", "refused") and self.answered_at >= received_at


def open_notes(now: int, *, include_test: bool) -> Script[tuple[int, list[OpenNote]]]:
    """Count the voice notes that nobody has seen to, and give the oldest of them."""
    params = {"now": now, "test": include_test, "most": OPEN_AT_ONCE}
    where = f"FROM voice_note v JOIN response r ON r.id = v.response_id WHERE {_OPEN} AND (:test OR NOT v.test)"
    count = yield Fetch(f"SELECT COUNT(*) {where}", params)
    found = yield Fetch(
        f"""SELECT v.id, v.response_id, r.survey, r.version, v.question, v.channel, r.language, v.received_at,
            v.seconds, v.fetched_at, v.problem, v.keep_until {where} ORDER BY v.received_at, v.id LIMIT :most""",
        params,
    )
    assert count.first is not None
    return int(count.first[0]), [OpenNote(*row) for row in found.rows]


def newest_answer(response_id: str, question: str) -> Script[GivenAnswer | None]:
    """Read the newest revision of one answer."""
    found = yield Fetch(
        """SELECT revision, state, value_code, value_number, said, input, answered_at FROM answer
            WHERE response_id = :response AND question = :question ORDER BY revision DESC, id""",
        {"response": response_id, "question": question},
    )
    newest = [row for row in found.rows if row[0] == found.rows[0][0]]
    if not newest:
        return None
    _, state, _, number, said, how, at = newest[0]
    return GivenAnswer(state, tuple(row[2] for row in newest if row[2]), number, said or "", how, at)


class Sealed(Struct, frozen=True):
    """An encrypted recording."""

    content: bytes
    key_id: int
    media_type: str

    def __repr__(self) -> str:
        """Say what it is, never what it holds."""
        return f"Sealed({self.media_type})"


def listen(note_id: str, now: int) -> Script[Sealed | None]:
    """Read a recording that is to be listened to, seen to or not; None once its date has passed."""
    found = yield Fetch(
        """SELECT content, key_id, media_type FROM voice_note
            WHERE id = :id AND content IS NOT NULL AND keep_until > :now""",
        {"id": note_id, "now": now},
    )
    return Sealed(bytes(found.first[0]), found.first[1], found.first[2]) if found.first else None


def settle(note_id: str, became: str, staff_id: str, who: str, now: int) -> Script[bool]:
    """Note what came of a voice note and at whose hands, in the audit log too; False when it was seen to already."""
    settled = yield Run(
        """UPDATE voice_note SET became = :became, transcribed_at = :now, transcriber = :staff
            WHERE id = :id AND became = ''""",
        {"id": note_id, "became": became, "staff": staff_id, "now": now},
    )
    if settled.count == 1:
        yield from note(now, who, "voice note seen to", f"{note_id} {became}")
    return settled.count == 1

"""Everything that is kept about one address in one document, to hand to the person whose address it is.

A phone can be shared. Where several people answered from one address, each response says which of them gave it, and
the document says so at its top: whoever hands it over gives a person only their own part.
"""

import json
from base64 import b64encode
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import TypeAlias

from bot.core.survey import Choice, Question, SurveyDefinition, short_wording, wording
from bot.service.privacy.addresses import lookups, spellings
from storage import subject, surveys
from storage.keys import KeyRing
from storage.script import Database
from storage.staff import note
from storage.subject import (
    AnswerHeld,
    ContactHeld,
    Held,
    LedgerEntry,
    ReceiptHeld,
    ResponseHeld,
    TextIn,
    TextOut,
    VoiceNoteHeld,
)

Document: TypeAlias = dict[str, object]
Definitions: TypeAlias = Mapping[tuple[str, str], SurveyDefinition]

_NOTHING = "Nothing is kept about this address."
_ONE = "Everything that is kept about this address. All times are UTC."
_SEVERAL = (
    "Everything that is kept about this address. All times are UTC. {count} people have answered from it: `person` "
    "says which of them each response and text is from. Give each person only their own part."
)


async def subject_access(database: Database, keys: KeyRing, address: str, *, who: str, now: int) -> str:
    """Write down, as JSON, all that is kept about an address on any channel, and nothing about anyone else.

    An address that nobody has gets a document that says so. The audit log gets `who` and counts, neither the address
    nor a word. `now` is epoch milliseconds UTC.
    """
    hmacs = await lookups(database, keys, address)
    held = await database.read(lambda: subject.everything(hmacs))
    versions = await database.read(surveys.every_version)
    definitions = {(row.survey, row.version): SurveyDefinition.from_json(row.definition) for row in versions}
    people = _people(held)
    document: Document = {
        "address": spellings(address)[0],
        "written_at": _time(now),
        "summary": _summary(held, len(set(people.values()))),
        "contacts": [_contact(contact, held, keys) for contact in held.contacts],
        "responses": [_response(response, held, people, definitions) for response in held.responses],
        "texts_from_you": [_text_in(text, people) for text in held.texts_in],
        "voice_notes_from_you": [_voice_note(one, keys, people) for one in held.voice_notes],
        "texts_to_you": [_text_out(text, held.receipts, people) for text in held.texts_out],
        "agreed_to_be_written_to": [_opt_in(entry) for entry in held.opt_ins],
        "stop_and_start": [_opt_out(entry) for entry in held.opt_outs],
    }
    detail = f"{len(held.contacts)} contacts, {len(held.responses)} responses, {_texts(held)} texts"
    # Before it is handed over, so that no copy goes unrecorded.
    await database.run(lambda: note(now, who, "subject access", detail))
    return json.dumps(document, ensure_ascii=False, indent=2)


def _summary(held: Held, people: int) -> str:
    if not (held.contacts or held.opt_ins or held.opt_outs):
        return _NOTHING
    return _SEVERAL.format(count=people) if people > 1 else _ONE


def _texts(held: Held) -> int:
    return len(held.texts_in) + len(held.texts_out)


def _people(held: Held) -> Mapping[str, int]:
    """Give, by response id, a number for the person behind it, in the order in which they first answered."""
    numbers: dict[str, int] = {}
    for response in held.responses:
        numbers.setdefault(response.person_id, len(numbers) + 1)
    return {response.id: numbers[response.person_id] for response in held.responses}


def _contact(contact: ContactHeld, held: Held, keys: KeyRing) -> Document:
    return {
        "channel": contact.channel,
        "address": keys.decrypt(bytes(contact.address_encrypted), contact.id, contact.key_id),
        "also_known_by": [
            keys.decrypt(bytes(alias.address_encrypted), contact.id, alias.key_id)
            for alias in held.aliases
            if alias.contact_id == contact.id
        ],
        "joined_to_another_address_by_link": bool(contact.is_joined),
        "language": contact.language,
        "since": _time(contact.made_at),
        "last_heard_from": _time(contact.last_inbound_at),
        "on_stop_since": _time(contact.opted_out_at),
    }


def _response(response: ResponseHeld, held: Held, people: Mapping[str, int], definitions: Definitions) -> Document:
    definition = definitions.get((response.survey, response.version))
    answers = [answer for answer in held.answers if answer.response_id == response.id]
    newest = {answer.question: answer.revision for answer in answers}  # in the order in which they came
    return {
        "survey": response.survey,
        "title": wording(definition.title, response.language, definition.default_language) if definition else "",
        "version": response.version,
        "person": people[response.id],
        "language": response.language,
        "invited_by": response.campaign or None,
        "started": _time(response.started_at),
        "last_answer": _time(response.last_answer_at),
        "completed": _time(response.completed_at),
        "stopped": _time(response.stopped_at),
        "answers": [_answer(a, definitions.get((response.survey, a.version)), newest[a.question]) for a in answers],
    }


def _answer(answer: AnswerHeld, definition: SurveyDefinition | None, newest: int) -> Document:
    asked = label = ""
    question = _question(definition, answer.question)
    if definition is not None and question is not None:
        asked = _as_sent(question, answer, definition.default_language)
        chosen = [choice for choice in question.choices if choice.name == answer.code]
        label = _as_sent(chosen[0], answer, definition.default_language) if chosen else ""
    return {
        "question": answer.question,
        "asked": asked,
        "state": answer.state,
        "said": answer.said,
        "understood_as": label or (answer.code if answer.code is not None else answer.number),
        "language": answer.language,
        "at": _time(answer.answered_at),
        "replaced_by_a_later_answer": answer.revision < newest,
    }


def _as_sent(shown: Question | Choice, answer: AnswerHeld, default: str) -> str:
    """Write a question or choice in the wording that the person was sent."""
    if answer.wording == "sms":
        return short_wording(shown.label, shown.sms_label, answer.language, default)
    return wording(shown.label, answer.language, default)


def _question(definition: SurveyDefinition | None, name: str) -> Question | None:
    questions = definition.questions if definition else ()
    return next((question for question in questions if question.name == name), None)


def _text_in(text: TextIn, people: Mapping[str, int]) -> Document:
    return {
        "at": _time(text.received_at),
        "kind": text.kind,
        "text": text.text,
        "tapped": text.choice_id,
        "attachments": text.media,
        "filed_as": text.filed,
        "person": people.get(text.response_id or ""),
        "provider_id": text.provider_id,
        "provider_also_sent": json.loads(text.fields) if text.fields else {},
    }


def _voice_note(one: VoiceNoteHeld, keys: KeyRing, people: Mapping[str, int]) -> Document:
    """Write a voice note down with its sound, as base64: it is the person's own."""
    sound = keys.unseal(bytes(one.content), one.id, one.key_id) if one.content is not None and one.key_id else b""
    return {
        "at": _time(one.received_at),
        "question": one.question,
        "person": people.get(one.response_id),
        "kept_until": _time(one.keep_until),
        "written_down": _time(one.transcribed_at),
        "became": one.became,
        "media_type": one.media_type,
        "sound": b64encode(sound).decode(),
    }


def _text_out(text: TextOut, receipts: Sequence[ReceiptHeld], people: Mapping[str, int]) -> Document:
    return {
        "at": _time(text.made_at),
        "purpose": text.purpose,
        "text": text.text,
        "state": text.state,
        "delivery": text.status,
        "person": people.get(text.response_id or ""),
        "provider_id": text.provider_id,
        "delivery_reports": [
            {"at": _time(receipt.received_at), "status": receipt.status, "code": receipt.code}
            for receipt in receipts
            if receipt.outbox_id == text.id
        ],
    }


def _opt_in(entry: LedgerEntry) -> Document:
    return {
        "at": _time(entry.at),
        "channel": entry.channel,
        "survey": entry.survey,
        "purpose": entry.purpose,
        "agreed": bool(entry.given),
        "wording": entry.wording,
        "language": entry.language,
    }


def _opt_out(entry: LedgerEntry) -> Document:
    what = "START" if entry.given else "STOP"
    return {"at": _time(entry.at), "channel": entry.channel, "what": what, "by": entry.by}


def _time(at: int | None) -> str | None:
    return None if at is None else datetime.fromtimestamp(at / 1000, UTC).isoformat(timespec="seconds")

"""An event as others get it: JSON that is the same, byte for byte, whenever and by whichever way it is asked for.

The rule: never an address, and no words that could name somebody, unless a destination has asked for raw text. What
was withdrawn since has no answers in any event of it, earlier ones too: a resident's deletion comes first.
"""

import asyncio
import json
from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from importlib import resources
from typing import Any, Final, NamedTuple

import msgspec
from msgspec import Struct

from bot.analysis.cells import as_is, minute
from bot.analysis.columns import FIXED, Published
from bot.analysis.masking import mask
from bot.analysis.rows import ResponseRow, WideRows
from bot.core.survey import SurveyDefinition
from storage import events as store
from storage.event_subjects import Subjects, Version, read_subjects
from storage.events import EventRow, EventType
from storage.installation import is_demo
from storage.script import Database, Script

SCHEMAS: Final = ("response/1", "import/1", "manifest/1")
"""The schemas that ship. A schema only ever gains fields; what would break a reader gets a new number."""
RESPONSE: Final = "earshot/response/1"
IMPORT: Final = "earshot/import/1"

MASKED: Final = "masked"
RAW: Final = "raw"

# They depend on other responses, and change without an event of this one.
_OF_OTHERS: Final = frozenset(("duplicate_group", "is_primary", "quality"))


class Page(Struct, frozen=True):
    """Some events, as they are sent. Whoever goes on from `next` misses nothing."""

    bodies: Sequence[bytes]
    next: int
    has_more: bool


class Rendering:
    """Writes events of one database."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._published: dict[Version, Published] = {}
        self._forms: dict[tuple[Version, bool], _Form] = {}

    async def __call__(self, events: Sequence[EventRow], is_raw: bool = False) -> Mapping[int, bytes]:
        """Write events, with masked text or raw: the body of each by its number."""
        subjects = await self._database.read(partial(_read, events, tuple(self._published)))
        self._learn(subjects)
        return await asyncio.to_thread(self._write, events, subjects, is_raw)

    async def page(self, after: int, limit: int, survey: str = "") -> Page:
        """Write the events after a number, with masked text. Those of trials are a demo's alone."""
        known = tuple(self._published)

        def read() -> Script[tuple[list[EventRow], Subjects]]:
            include_test = yield from is_demo()
            found = yield from store.after(after, limit + 1, survey, include_test=include_test)
            return found, (yield from _read(found[:limit], known))

        found, subjects = await self._database.read(read)
        self._learn(subjects)
        events = found[:limit]
        bodies = await asyncio.to_thread(self._write, events, subjects, False)
        return Page([*bodies.values()], events[-1].seq if events else after, len(found) > limit)

    def _learn(self, subjects: Subjects) -> None:
        """Keep the versions that were read: what is published never changes."""
        for (survey, version), text in subjects.definitions.items():
            self._published[survey, version] = Published(survey, (SurveyDefinition.from_json(text),), None)

    def _write(self, events: Iterable[EventRow], subjects: Subjects, is_raw: bool) -> dict[int, bytes]:
        return {event.seq: msgspec.json.encode(self._body(event, subjects, is_raw)) for event in events}

    def _body(self, event: EventRow, subjects: Subjects, is_raw: bool) -> dict[str, Any]:
        is_import = event.type == EventType.IMPORTED
        return {
            "type": event.type,
            "timestamp": minute(event.at).replace("Z", ":00Z"),  # RFC 3339 wants seconds
            "id": event.id,
            "seq": event.seq,
            "schema": IMPORT if is_import else RESPONSE,
            "data": _imported(event, subjects) if is_import else self._response(event, subjects, is_raw),
        }

    def _response(self, event: EventRow, subjects: Subjects, is_raw: bool) -> dict[str, Any]:
        named = {"response_id": event.subject, "revision": event.revision, "survey": event.survey}
        head = subjects.responses.get(event.subject)
        if head is None or event.type == EventType.WITHDRAWN:
            return named | {"withdrawn": True}
        answers = [each[1:] for each in subjects.answers.get(event.subject, ()) if each[0] <= event.answers_until]
        row = ResponseRow(
            head.id,
            head.version,
            head.source,
            head.channel,
            head.campaign,
            event.language,
            event.language_source,
            event.status,
            head.started_at,
            event.last_answer_at,
            event.completed_at,
            head.assisted,
            event.late,
            msgspec.json.encode(answers).decode(),
        )
        form = self._form((head.survey, head.version), is_raw)
        cells = (None if cell == "" else cell for cell in form.rows.row(row, None))
        # The first ends with the fixed names, before it has taken a cell of the answers.
        fixed = {name: cell for name, cell in zip(FIXED, cells, strict=False) if name not in _OF_OTHERS}
        answered = dict(zip(form.names, cells, strict=True))
        return named | fixed | {"text": RAW if is_raw else MASKED, "answers": answered}

    def _form(self, version: Version, is_raw: bool) -> "_Form":
        """Give what writes the rows of one version: the columns are its own, whatever is published later."""
        if (version, is_raw) not in self._forms:
            published = self._published[version]
            rows = WideRows(published, write_text=as_is if is_raw else mask, write_code=as_is, labels=None)
            self._forms[version, is_raw] = _Form(published.header[len(FIXED) :], rows)
        return self._forms[version, is_raw]


class _Form(NamedTuple):
    """How the answers to one version are written: the names of their columns, and what writes a row."""

    names: Sequence[str]
    rows: WideRows


def _read(events: Sequence[EventRow], known: Sequence[Version]) -> Script[Subjects]:
    imports = {event.subject for event in events if event.type == EventType.IMPORTED}
    responses = {event.subject for event in events} - imports
    return (yield from read_subjects(sorted(responses), sorted(imports), known))


def _imported(event: EventRow, subjects: Subjects) -> dict[str, Any]:
    named = {"import_id": event.subject, "survey": event.survey}
    counts = subjects.imports.get(event.subject)
    if counts is None:
        return named
    return named | {
        "source": counts.source,
        "added": counts.added,
        "changed": counts.changed,
        "unchanged": counts.unchanged,
    }


def schema(name: str) -> dict[str, Any]:
    """Read one of SCHEMAS: JSON Schema, draft 2020-12."""
    file = resources.files(__package__) / "schemas" / f"{name.replace('/', '-')}.json"
    found: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    return found

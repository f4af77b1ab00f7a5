"""What the privacy tests share: residents who answer a survey by signed Twilio forms, through the whole server."""

import itertools
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from html import unescape
from re import findall, sub
from typing import Any
from urllib.parse import unquote

import httpx2
from twilio.request_validator import RequestValidator

from bot.core.danger import Watch
from bot.core.phrases import Phrases
from bot.core.survey import Choice, Language, Question, QuestionType, Role, SurveyDefinition
from bot.service.inbox import Inbox
from bot.service.library import Library, Wording
from bot.service.privacy import RetentionPolicy, RetentionReport, retention
from bot.service.receipts import Receipts
from bot.service.word_files import load_words
from bot.web.app import Application, build
from bot.web.metrics import Metrics
from bot.web.webhooks import Webhooks
from channels.sms import SmsChannel
from storage import surveys
from storage.ids import TimeOrderedIds
from storage.keys import KeyRing
from storage.retention import Kept
from storage.script import Database, Fetch, Params, Row, Script
from storage.tables import metadata
from tests.channels.webhooks import BASE, NOON, sms_channel
from tests.fakes.twilio import ACCOUNT_SID, AUTH_TOKEN, NUMBER

DAY = 24 * 60 * 60 * 1000
RESIDENT = "+447700900321"
NEIGHBOUR = "+447700900654"
NAME = "Parveen Zubeida Akhtar"
WORDS = f"Fix the lights on Lichfield Street. My name is {NAME}, ring 07700 900 321 or +44 7700 900321"

YES_NO = (Choice("yes", {"en": "Yes"}), Choice("no", {"en": "No"}))
NEEDS = (Choice("lights", {"en": "More lights"}), Choice("buses", {"en": "Buses"}), Choice("parks", {"en": "Parks"}))
SURVEY = SurveyDefinition(
    id="stoke",
    version="1",
    title={"en": "Stoke together"},
    default_language="en",
    keywords=("STOKE",),
    questions=(
        Question("safe", QuestionType.SELECT_ONE, {"en": "Do you feel safe here?"}, choices=YES_NO),
        Question("needs", QuestionType.SELECT_MULTIPLE, {"en": "What is needed?"}, choices=NEEDS),
        Question("why", QuestionType.TEXT, {"en": "What would you change?"}, role=Role.OPEN),
        Question("news", QuestionType.SELECT_ONE, {"en": "May we text you later?"}, choices=YES_NO, role=Role.CONTACT),
        Question("age", QuestionType.INTEGER, {"en": "How old are you?"}, role=Role.DEMOGRAPHIC),
    ),
    languages=(Language("en", "English"),),
    privacy_url="https://stoke.example/p",
)
WHOLE_CONVERSATION = ("STOKE", "1", "1 3", WORDS, "yes", "34")
POLICY = RetentionPolicy()

_numbers = itertools.count(1)


@dataclass
class Town:
    """One running server and the residents who text it. `now` is the server's clock."""

    database: Database
    keys: KeyRing
    inbox: Inbox
    library: Library
    metrics: Metrics
    app: Application = field(init=False)
    now: int = NOON
    replies: list[str] = field(default_factory=list)

    async def post(self, path: str, form: Mapping[str, str], token: str = AUTH_TOKEN) -> httpx2.Response:
        """Post a form as Twilio does."""
        signature = RequestValidator(token).compute_signature(BASE + path, dict(form))
        async with httpx2.AsyncClient(transport=httpx2.ASGITransport(self.app), base_url=BASE) as client:
            return await client.post(path, data=dict(form), headers={"x-twilio-signature": signature})

    async def get(self, path: str) -> httpx2.Response:
        async with httpx2.AsyncClient(transport=httpx2.ASGITransport(self.app), base_url=BASE) as client:
            return await client.get(path)

    async def text(self, body: str, sender: str = RESIDENT, sid: str = "", **more: str) -> str:
        """Text the server, with every field that Twilio sends along; give the reply."""
        self.now += 60_000
        response = await self.post("/channels/sms", text_form(body, sender, sid, **more))
        assert response.status_code == 200
        reply = unescape("".join(findall(r"<Message[^>]*>(.*?)</Message>", response.text.replace("\n", " "))))
        self.replies.append(reply)
        return reply

    async def answer_everything(self, sender: str = RESIDENT) -> None:
        """Answer the whole survey, and have the last reply delivered."""
        for body in WHOLE_CONVERSATION:
            await self.text(body, sender)
        assert "Thank you" in self.replies[-1]
        await self.deliver(sender)

    async def deliver(self, sender: str = RESIDENT) -> None:
        """Have Twilio report that every open reply was delivered."""
        for (outbox_id,) in await self.rows("SELECT id FROM outbox WHERE state = 'replied' ORDER BY id"):
            form = {"AccountSid": ACCOUNT_SID, "MessageSid": new_sid(), "MessageStatus": "delivered", "To": sender}
            response = await self.post(f"/channels/sms/status?o={outbox_id}", form | {"From": NUMBER})
            assert response.status_code == 204

    async def close_survey(self) -> None:
        await self.database.run(lambda: surveys.close("stoke", self.now))
        await self.library.load()

    async def rows(self, sql: str, **params: object) -> list[Row]:
        return await rows(self.database, sql, params)

    async def column(self, sql: str, **params: object) -> list[Any]:
        return [row[0] for row in await self.rows(sql, **params)]


async def rows(database: Database, sql: str, params: Params | None = None) -> list[Row]:
    def script() -> Script[list[Row]]:
        return list((yield Fetch(sql, params or {})).rows)

    return await database.read(script)


def new_sid() -> str:
    return f"SM{next(_numbers):032}"


def text_form(body: str, sender: str = RESIDENT, sid: str = "", **more: str) -> dict[str, str]:
    """Fill in what Twilio posts for one text, with who and where the resident is."""
    sid = sid or new_sid()
    return {
        "AccountSid": ACCOUNT_SID, "MessageSid": sid, "SmsMessageSid": sid, "SmsSid": sid, "ApiVersion": "2010-04-01",
        "From": sender, "To": NUMBER, "Body": body, "NumMedia": "0", "NumSegments": "1", "SmsStatus": "received",
        "FromCity": "ZZHANLEY", "FromState": "ZZSTAFFS", "FromZip": "ZZ11AA", "FromCountry": "GB",
        "ToCity": "ZZSTOKE", "ToState": "", "ToZip": "", "ToCountry": "GB",
        "ProfileName": NAME, "WaId": sender.lstrip("+"), "FromFullName": NAME, "X-New-Field": f"about {sender}",
    } | more  # fmt: skip


@asynccontextmanager
async def town(
    database: Database, keys: KeyRing, definition: SurveyDefinition = SURVEY, watch: Watch | None = None
) -> AsyncIterator[Town]:
    """Run the server over an open database."""
    await database.run(
        lambda: surveys.publish(definition.id, definition.version, definition.hash, definition.to_json(), NOON)
    )
    library = Library(database, Wording(Phrases(), {"": load_words()}, watch=watch))
    await library.load()
    channels: dict[str, SmsChannel] = {"sms": sms_channel()}
    inbox = Inbox(database, keys, channels, library, new_id=TimeOrderedIds())
    running = Town(database, keys, inbox, library, Metrics())
    webhooks = Webhooks(channels, inbox, Receipts(database).keep, running.metrics, lambda: running.now)
    running.app = build(webhooks, (), running.metrics, _is_ready)
    try:
        yield running
    finally:
        await inbox.close()


async def _is_ready() -> bool:
    return True


async def after(town: Town, days: int, policy: RetentionPolicy = POLICY, *, apply: bool = True) -> RetentionReport:
    """Let old things go so many days from now."""
    return await retention(town.database, town.keys, policy, town.now + days * DAY, apply=apply)


def counts(report: RetentionReport) -> dict[Kept, int]:
    """Say what went, without the classes of which nothing did."""
    return {line.kept: line.count for line in report.lines if line.count}


# The only places for words and addresses (storage/tables.py says so).
WORDS_ALLOWED = frozenset({("inbound", "text"), ("answer", "said"), ("outbox", "text")})


async def found_in(database: Database, needles: Sequence[str], but: frozenset[tuple[str, str]]) -> list[str]:
    """Search every column of every table for any of these; say where one stands, as `table.column: needle`."""
    places = []
    for table in metadata.sorted_tables:
        columns = [column.name for column in table.columns if (table.name, column.name) not in but]
        quoted = ", ".join(f'"{column}"' for column in columns)
        for row in await rows(database, f"SELECT {quoted} FROM {table.name}"):
            for column, value in zip(columns, row, strict=True):
                places += [f"{table.name}.{column}: {needle}" for needle in hits(value, needles)]
    return sorted(set(places))


def hits(value: object, needles: Sequence[str]) -> list[str]:
    """Say which of these a value holds: in any case, with or without gaps between the digits, percent-encoded too."""
    text = value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)
    ways = {text.casefold(), unquote(text).casefold()}
    ways |= {sub(r"[\s().+-]", "", way) for way in ways}
    return [needle for needle in needles if any(needle.casefold() in way for way in ways)]


async def filled_tables(database: Database) -> dict[str, list[Row]]:
    """Read the whole database, to compare it later."""
    return {
        table.name: await rows(database, f"SELECT * FROM {table.name} ORDER BY 1") for table in metadata.sorted_tables
    }

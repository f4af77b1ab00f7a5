"""A small survey behind the pages: a scripted phone, and the application round it."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass

from fastapi import FastAPI

from bot.web.account import account_routes
from bot.web.figures import Figures
from bot.web.pages import STATIC_URL, Pages, static_files
from bot.web.refusals import Refusals
from bot.web.simulator import Phone, SimulatedMessage, SimulatorSetup, simulator_routes
from bot.web.staff import staff_routes
from channels.looks import Key
from storage.keys import KeyRing
from storage.script import Database

COUNCIL = "Stoke-on-Trent City Council"
NOON = 1_795_348_800_000  # 22 November 2026, 12:00 UTC

OPENING = (
    "Stoke-on-Trent City Council asks what would help people from different backgrounds get on well where you live."
    " 8 questions, for age 16 and over. STOP ends it. Usual text price. Not for emergencies."
)
QUESTIONS = {
    "belonging": "1/3 How strongly do you feel you belong to your local area?\n1 Very strongly\n2 Fairly strongly\n"
    "3 Not very strongly\n4 Not at all strongly",
    "priorities": "2/3 Which of these matter most? Choose up to three, like 1 3\n1 Safe streets\n2 Things for young"
    " people\n3 Places to meet\n4 Help with English",
    "comments": "3/3 کیا آپ کچھ اور کہنا چاہیں گے؟\nIs there anything else you would like to say?",
}
THANKS = "Thank you. The council publishes what it heard in the spring."


class ScriptedPhone:
    """Answers any address with the next line of the script, and keeps what was said as its export row."""

    is_charged = True
    keys_go = False
    takes_media = False

    def __init__(self) -> None:
        self.said: dict[str, list[str]] = {}
        self.sent: list[tuple[str, str]] = []
        """What came by itself: an id and a text for whoever has texted."""

    async def text(self, address: str, text: str) -> tuple[SimulatedMessage, ...]:
        if text == "STOP":
            return ()
        await asyncio.sleep(0)  # a real turn waits for the database, and others go on meanwhile
        said = self.said.setdefault(address, [])
        said.append(text)
        lines = [f"{OPENING}\n{QUESTIONS['belonging']}", *list(QUESTIONS.values())[1:], THANKS]
        line = lines[min(len(said), len(lines)) - 1]
        return (SimulatedMessage(line, 1 + len(line) // 153),)

    async def tap(self, address: str, key: Key) -> tuple[SimulatedMessage, ...]:
        raise AssertionError("SMS has nothing to tap")

    async def media(self, address: str, media_type: str) -> tuple[SimulatedMessage, ...]:
        raise AssertionError("by SMS nothing but words is sent")

    def arrived(self, address: str, after: str) -> tuple[tuple[str, SimulatedMessage], ...]:
        ids = [id for id, _ in self.sent]
        new = self.sent[ids.index(after) + 1 if after in ids else 0 :] if address in self.said else []
        return tuple((id, SimulatedMessage(text, 1)) for id, text in new)

    async def row(self, address: str) -> Mapping[str, str] | None:
        if address not in self.said:
            return None
        answers = self.said[address][1:]
        row = {
            "response_id": f"r-{address[-3:]}",
            "survey": "stoke-community-cohesion",
            "survey_version": "1",
            "source": "sms",
            "channel": "simulator",
            "campaign": "",
            "language": "en",
            "status": "complete" if len(answers) >= len(QUESTIONS) else "partial",
            "started_at": "2026-11-22T12:00Z",
            "completed_at": "",
        }
        for place, name in enumerate(QUESTIONS):
            row[name] = answers[place] if place < len(answers) else ""
            row[f"{name}__state"] = "answered" if row[name] else "not_reached"
        return row


def simulator_application(phones: Mapping[str, Phone], base: str) -> FastAPI:
    """Build the simulator alone, which needs no database of its own."""
    app = FastAPI(openapi_url=None)
    setup = SimulatorSetup(COUNCIL, ("STOKE", "STOKE URDU"), 2.4)
    app.include_router(simulator_routes(phones, Pages(COUNCIL), setup, base))
    app.mount(STATIC_URL, static_files())
    return app


@dataclass
class Clock:
    """A clock that tests turn forward."""

    now: int = NOON

    def __call__(self) -> int:
        return self.now

    def pass_minutes(self, minutes: float) -> None:
        self.now += round(minutes * 60_000)


def application(
    database: Database, clock: Clock, phone: ScriptedPhone, base: str, keys: KeyRing | None = None
) -> FastAPI:
    """Build the pages round a database, as bot/web/app.py does round the real bot; those of accounts need `keys`."""
    app = simulator_application({"sms": phone}, base)
    pages = Pages(COUNCIL, Refusals(database, clock).note)
    app.include_router(staff_routes(database, Figures(database, clock, keys), pages, clock, base))
    if keys is not None:
        app.include_router(account_routes(database, keys, pages, clock, base))
    return app

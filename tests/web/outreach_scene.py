"""A survey with two campaigns and some answers, and the campaign and council pages round it."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from itertools import count

import httpx2
from fastapi import FastAPI

from bot.core.survey import Choice, QuestionType, Role
from bot.outreach.campaigns import CampaignState, Numbers, Wanted, change, create
from bot.service.unread import UnreadMessages
from bot.web.accounts import create_staff
from bot.web.campaigns import campaign_routes
from bot.web.cookie_secrets import fingerprint, form_token, new_secret
from bot.web.council import council_routes
from bot.web.pages import STATIC_URL, Pages, static_files
from bot.web.visits import COOKIE
from channels.simulator import SimulatorChannel
from storage import staff as store
from storage.campaigns import CampaignRow
from storage.script import Database, Fetch, Params, Row, Rows, Run, Script
from tests.analysis.filling import BEGAN, MINUTE, Answer, Response, ask, publish, version

BASE = "https://earshot.example"
COUNCIL = "Stoke-on-Trent City Council"
NUMBERS = Numbers(sms="+447700900321", whatsapp="+447700900322", telegram="stoke_asks_bot", base_url=BASE)
HOUR = 60 * MINUTE
FORM = {
    "survey": "stoke",
    "name": "Bentilee hall",
    "partner": "St Mary's",
    "place": "Bentilee",
    "keyword": "hall7",
    "target": "50",
    "starts_on": "",
    "ends_on": "2027-01-31",
    "language-en": "yes",
    "language-ur": "yes",
    "channel-sms": "yes",
    "channel-web": "yes",
    "do": "run",
}
"""A campaign as a worker fills the form in, to run at once."""

AGES = tuple(Choice(name, {"en": label}) for name, label in (("young", "16-34"), ("middle", "35-64"), ("old", "65 up")))
FAITHS = tuple(
    Choice(name, {"en": label}) for name, label in (("none", "None"), ("muslim", "Muslim"), ("elsewhere", "Another"))
)
SURVEY = replace(
    version(
        "1",
        ask("safe", choices=(Choice("yes", {"en": "Yes"}), Choice("no", {"en": "No"}))),
        ask("why", QuestionType.TEXT, role=Role.OPEN),
        ask("age", choices=AGES, role=Role.DEMOGRAPHIC),
        ask("faith", choices=FAITHS, role=Role.DEMOGRAPHIC),
        closes="2027-06-30",
    ),
    organisation={"en": COUNCIL},
    privacy_url="https://stoke.example/privacy",
    verify_url="https://stoke.example/real",
    contact={"en": "01632 960 123"},
    min_age=16,
    draft_languages=("ur",),
)


@dataclass
class Office:
    """The pages, and the database behind them."""

    database: Database
    app: FastAPI
    now: int = BEGAN + HOUR

    def clock(self) -> int:
        return self.now

    async def sign_in(self, name: str, role: str) -> "Desk":
        staff = await create_staff(self.database, name, role, None, self.now)
        secret = new_secret()
        session = store.Secret(fingerprint(secret), store.SESSION, self.now, self.now + HOUR)
        await self.database.run(lambda: store.keep_secret(staff, session))
        client = httpx2.AsyncClient(
            transport=httpx2.ASGITransport(self.app),
            base_url=BASE,
            headers={"sec-fetch-site": "same-origin"},
            cookies={COOKIE: secret},
        )
        return Desk(client, secret)

    async def campaign(self, name: str, by: str, keyword: str = "", place: str = "") -> CampaignRow:
        wanted = Wanted("stoke", name, place=place, keyword=keyword, languages=("en", "ur"), target=50)
        made = await create(self.database, wanted, by, self.now)
        return await change(self.database, made.id, CampaignState.RUNNING, by, self.now)

    async def hear(self, text: str, *, filed: str = "unparsed", survey: str = "stoke", name: str = "m1") -> str:
        """Keep a message that the bot could not handle, from a resident of its own."""
        at = self.now - HOUR
        await self.change(
            """INSERT INTO contact (id, channel, address_encrypted, address_hmac, key_id, our_address, language,
                   last_inbound_at, made_at) VALUES (:id, 'sms', :blob, :id, 1, '+447700900321', 'ur', :at, :at)""",
            {"id": f"c-{name}", "blob": b"sealed", "at": at},
        )
        await self.change(
            """INSERT INTO inbound (id, provider, account, event_id, contact_id, channel, kind, text, our_address,
                   arrival, received_at, filed, survey, question)
               VALUES (:id, 'twilio', 'AC', :id, :contact, 'sms', 'text', :text, '+447700900321', 'webhook', :at,
                   :filed, :survey, 'safe')""",
            {"id": name, "contact": f"c-{name}", "text": text, "at": at, "filed": filed, "survey": survey},
        )
        return name

    async def rows(self, sql: str, params: Params | None = None) -> list[Row]:
        def script() -> Script[Rows]:
            return (yield Fetch(sql, params or {}))

        return list((await self.database.read(script)).rows)

    async def change(self, sql: str, params: Params | None = None) -> None:
        def script() -> Script[None]:
            yield Run(sql, params or {})

        await self.database.run(script)


@dataclass
class Desk:
    """One member of staff in their browser."""

    client: httpx2.AsyncClient
    secret: str

    async def get(self, path: str) -> httpx2.Response:
        return await self.client.get(path)

    async def post(self, path: str, **form: str) -> httpx2.Response:
        return await self.client.post(path, data={"token": form_token(self.secret), **form})


async def open_office(database: Database) -> Office:
    """Publish the survey and put the pages over it."""
    await database.run(publish(SURVEY))
    app, pages = FastAPI(openapi_url=None), Pages(COUNCIL)
    office = Office(database, app)
    app.include_router(campaign_routes(database, NUMBERS, pages, office.clock, BASE))
    unread = UnreadMessages(database, {"sms": SimulatorChannel("sms")}, now=office.clock)
    app.include_router(council_routes(database, unread, pages, office.clock, BASE))
    app.mount(STATIC_URL, static_files())
    return office


_numbers = count(1)


def residents(
    many: int, campaign: str = "", *, age: str = "", faith: str = "", source: str = "sms", began: int = BEGAN
) -> Iterable[Response]:
    """Give so many residents who answered everything, or who went no further than the first question without an age."""
    for _ in range(many):
        answers = [Answer("safe", code="yes", at=began + MINUTE)]
        answers += [Answer("age", code=age, at=began + MINUTE)] if age else []
        answers += [Answer("faith", code=faith, at=began + MINUTE)] if faith else []
        completed = began + MINUTE if age else None
        yield Response(
            f"r{next(_numbers)}", answers, campaign=campaign, source=source, began=began, completed=completed
        )

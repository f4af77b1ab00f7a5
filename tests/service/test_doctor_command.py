"""`doctor` as a whole: with everything on, every single check has its line, and only what is wrong is a problem.

The council of these tests has yet to name its safeguarding lead.
"""

import shutil
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from bot.cli.doctoring import examine
from bot.service.doctor import Finding
from bot.service.doctor.finding import Level
from bot.settings import Settings, load
from tests.channels.settings import EVERY_CHANNEL
from tests.conftest import SECRET
from tests.fakes.notify import FakeNotify
from tests.fakes.telegram import TOKEN, FakeTelegram
from tests.fakes.twilio import ACCOUNT_SID, AUTH_TOKEN, SERVICE_SID
from tests.fakes.twilio_account import FakeTwilioAccount

BASE = "https://bot.example"
SENDER = "+447700900500"


@dataclass
class Office:
    """Every provider, set up right, and the settings of a council that uses all of them."""

    twilio: FakeTwilioAccount
    notify: FakeNotify
    telegram: FakeTelegram
    folder: Path

    def settings(self, **changes: str) -> Settings:
        given: dict[str, str] = {
            **EVERY_CHANNEL,
            "database_url": f"sqlite:///{self.folder / 'earshot.db'}",
            "secret_key": SECRET,
            "public_base_url": BASE,
            "twilio_account_sid": ACCOUNT_SID,
            "twilio_auth_token": AUTH_TOKEN,
            "twilio_sms_from": SERVICE_SID,
            "twilio_whatsapp_from": SENDER,
            "twilio_api_base_url": self.twilio.url,
            "notify_api_base_url": self.notify.url,
            "telegram_bot_token": TOKEN,
            "telegram_api_base_url": self.telegram.url,
        }
        return load(**(given | changes))

    async def lines(self, changes: Mapping[str, str] | None = None, *, offline: bool = False) -> list[str]:
        return [str(found) async for found in examine(self.settings(**(changes or {})), offline=offline)]


@asynccontextmanager
async def everything(folder: Path) -> AsyncIterator[Office]:
    async with FakeTwilioAccount() as twilio, FakeNotify() as notify, FakeTelegram() as telegram:
        sms, whatsapp = (f"{BASE}/channels/{name}#rc=5&rp=all" for name in ("sms", "whatsapp"))
        twilio.set_service(SERVICE_SID, inbound_request_url=sms, fallback_url=sms, validity_period=14_400)
        twilio.set_sender(f"whatsapp:{SENDER}", callback_url=whatsapp, fallback_url=whatsapp)
        notify.templates = {"one": "((message))"}
        telegram.webhook["url"] = f"{BASE}/channels/telegram"
        yield Office(twilio, notify, telegram, folder)


@pytest.fixture
async def office(migrated: Path, tmp_path: Path) -> AsyncIterator[Office]:
    shutil.copy(migrated, tmp_path / "earshot.db")
    async with everything(tmp_path) as office:
        yield office


EVERY_CHECK = {
    "settings": "ok       The settings can be read.",
    "tables": "ok       SQLite answers, with the tables of revision",
    "durability": "ok       What is committed survives a power cut.",
    "disk": "GB are free beside the database",
    "backup": "warning  There is no backup of this database.",
    "secret": "ok       SECRET_KEY is set",
    "ledger": "ok       The suppression ledger",
    "safeguarding": "problem  SAFEGUARDING_LEAD is not set",
    "surveys": "warning  No survey is published",
    "address": f"ok       PUBLIC_BASE_URL is {BASE}",
    "signature of SMS": f"ok       A text that Twilio signs for {BASE}/channels/sms is believed",
    "signature of WhatsApp": f"ok       A text that Twilio signs for {BASE}/channels/whatsapp is believed",
    "Twilio's account": "ok       Twilio accepts the account and its token.",
    "Messaging Service": "ok       The Messaging Service is set up right.",
    "WhatsApp sender": f"ok       What is written to whatsapp:{SENDER} reaches us",
    "clock": "ok       This machine's clock agrees with Twilio's.",
    "Notify's key": "ok       GOV.UK Notify accepts the key.",
    "Notify's template": "ok       There is a template that says",
    "Telegram": "ok       Telegram knows the bot",
    "Advanced Opt-Out": "  Opt-out message:  ",
}


async def test_every_single_check_has_its_line(office: Office) -> None:
    lines = await office.lines()
    assert [check for check, line in EVERY_CHECK.items() if not any(line in each for each in lines)] == []
    problems = [line for line in lines if line.startswith("problem")]
    assert [line for line in problems if "danger" not in line and "SAFEGUARDING_NUMBERS" not in line] == []


async def test_offline_no_provider_is_asked(office: Office) -> None:
    lines = await office.lines(offline=True)
    assert "ok       Not asked, because of --offline: the providers." in lines
    assert (office.twilio.requests, office.notify.requests, office.telegram.requests) == ([], [], [])


@pytest.mark.parametrize(
    ("changes", "level", "text"),
    [
        pytest.param({"public_base_url": "http://bot.example"}, Level.PROBLEM, "begins with http://", id="no https"),
        pytest.param({"database_url": "sqlite:////nowhere/x.db"}, Level.PROBLEM, "no folder", id="no database"),
        pytest.param({"secret_key": ""}, Level.PROBLEM, "SECRET_KEY is not set", id="no secret"),
        pytest.param({"suppression_ledger": "off"}, Level.WARNING, "no suppression ledger", id="no ledger"),
    ],
)
async def test_what_is_wrong_with_the_settings_is_said(
    office: Office, changes: dict[str, str], level: Level, text: str
) -> None:
    found = [each async for each in examine(office.settings(**changes), offline=True)]
    assert any(isinstance(each, Finding) and each.level is level and text in each.text for each in found)


async def test_a_slip_in_the_name_of_a_setting_is_said(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TWILIO_ACOUNT_SID", "a secret")
    lines = await office.lines(offline=True)
    (said,) = [line for line in lines if "TWILIO_ACOUNT_SID" in line]
    assert said.startswith("warning  ")
    assert "Did you mean TWILIO_ACCOUNT_SID?" in said
    assert "a secret" not in said


async def test_a_ledger_that_is_another_file_is_a_problem(office: Office) -> None:
    file = office.folder / "secret.key"
    file.write_bytes(b"0123456789abcdef")
    lines = await office.lines({"suppression_ledger": str(file)}, offline=True)
    assert any(line.startswith(f"problem  {file} is no suppression ledger") for line in lines)
    assert file.read_bytes() == b"0123456789abcdef"


async def test_with_no_channel_on_nobody_can_text(office: Office) -> None:
    lines = await office.lines(dict.fromkeys(EVERY_CHANNEL, ""))
    assert any(line.startswith("warning  No channel is on") for line in lines)
    assert any(line.startswith("warning  PUBLIC_BASE_URL is not set") for line in lines)


async def test_a_channel_without_an_address_is_a_problem_that_says_so(office: Office) -> None:
    lines = await office.lines({"public_base_url": ""})
    assert any(line.startswith("problem  PUBLIC_BASE_URL: set it to the address") for line in lines)

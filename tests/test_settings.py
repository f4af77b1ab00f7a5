"""Settings are read once, and what is wrong is named by its variable, never shown."""

import pytest

from bot.cli.numbers import numbers_of, reached_by
from bot.outreach.campaigns import Numbers
from bot.settings import SettingsProblem, load

UUID = "f33517ff-2a88-4f6e-b855-c550268ce08a"
DAYS = ("CONTACTS", "SILENT", "WORDS", "RECEIPTS", "SESSIONS", "AUDIT", "ANSWERS")


@pytest.mark.parametrize("name", [f"RETENTION_{name}_DAYS" for name in DAYS])
@pytest.mark.parametrize("written", ["-1", "1.5", "90 days", "\u0663", "36501"])
def test_what_is_no_number_of_days_is_refused_by_name(name: str, written: str) -> None:
    with pytest.raises(SettingsProblem) as refusal:
        load(**{name.lower(): written})
    assert str(refusal.value) == f"{name}: write a whole number of days, from 0 to 36500."


def test_days_are_read_and_answers_stay_unless_a_number_is_given() -> None:
    assert load(retention_words_days=" 14 ").retention_words_days == 14
    assert load(retention_answers_days="0").retention_answers_days == 0
    assert load().retention_answers_days is None


@pytest.mark.parametrize("written", ["earshot.example.org", "ftp://earshot.example.org", "https://", "https:///path"])
def test_a_public_address_that_is_none_is_refused_by_name(written: str) -> None:
    with pytest.raises(SettingsProblem, match=r"^PUBLIC_BASE_URL: .*https://earshot\.example\.org"):
        load(public_base_url=written)


@pytest.mark.parametrize(
    ("address", "is_open"),
    [
        pytest.param("http://earshot.example.org", True, id="http"),
        pytest.param("http://192.168.1.7:8000", True, id="http in a network of one's own"),
        pytest.param("http://127.0.0.1.example.org", True, id="a name that looks like loopback"),
        pytest.param("https://earshot.example.org", False, id="https"),
        pytest.param("http://127.0.0.1:8000", False, id="loopback"),
        pytest.param("http://[::1]:8000", False, id="loopback of IPv6"),
        pytest.param("http://localhost:8000", False, id="localhost"),
        pytest.param("", False, id="none"),
    ],
)
def test_plain_http_is_told_from_https_and_from_this_machine(address: str, is_open: bool) -> None:
    assert load(public_base_url=address).is_open_to_eavesdroppers is is_open


TWILIO = {"twilio_account_sid": f"AC{'0' * 32}", "twilio_auth_token": "a token"}
BOT = {"telegram_bot_token": "1:AAEm5", "telegram_webhook_secret": "a-secret"}
WHATSAPP = {**TWILIO, "twilio_whatsapp_from": "+447700900998"}


def test_whatsapp_may_be_on_without_sms() -> None:
    settings = load(**WHATSAPP)
    assert settings.has_whatsapp
    assert not settings.has_sms


@pytest.mark.parametrize("written", ["+447700900998", "whatsapp:+447700900998"])
def test_the_whatsapp_sender_is_written_with_its_scheme_or_without(written: str) -> None:
    assert load(**TWILIO, twilio_whatsapp_from=written).twilio_whatsapp_from == "+447700900998"


def test_telegram_needs_no_secret_where_it_is_polled() -> None:
    assert load(telegram_bot_token="1:AAEm5", telegram_mode="polling").has_telegram


@pytest.mark.parametrize(
    ("given", "named"),
    [
        pytest.param({"twilio_whatsapp_from": "Stoke"}, "TWILIO_WHATSAPP_FROM: ", id="a name"),
        pytest.param({"twilio_whatsapp_from": "+447700900998"}, "TWILIO_ACCOUNT_SID", id="whatsapp without an account"),
        pytest.param({**WHATSAPP, "twilio_whatsapp_template": "MG1"}, "TWILIO_WHATSAPP_TEMPLATE: ", id="no template"),
        pytest.param({"twilio_whatsapp_template": "HX1"}, "TWILIO_WHATSAPP_FROM", id="a template alone"),
        pytest.param({"telegram_bot_token": "AAEm5"}, "TELEGRAM_BOT_TOKEN: ", id="half a token"),
        pytest.param({"telegram_bot_token": "1:AAEm5"}, "TELEGRAM_WEBHOOK_SECRET is missing", id="no secret"),
        pytest.param({"telegram_webhook_secret": "s"}, "TELEGRAM_BOT_TOKEN is missing", id="a secret alone"),
        pytest.param(
            {**BOT, "telegram_webhook_secret": "a b"}, "TELEGRAM_WEBHOOK_SECRET: ", id="a secret with a space"
        ),
        pytest.param({**BOT, "telegram_mode": "pull"}, "TELEGRAM_MODE: write webhook or polling", id="no mode"),
    ],
)
def test_half_a_channel_and_what_cannot_be_are_refused_by_name(given: dict[str, str], named: str) -> None:
    with pytest.raises(SettingsProblem) as refusal:
        load(**given)
    assert named in str(refusal.value)
    assert not any(value in str(refusal.value) for value in given.values() if len(value) > 3)


MAIL = {"safeguarding_email": "lead@council.example", "smtp_host": "mail.example", "smtp_from": "bot@council.example"}


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        pytest.param({"smtp_host": ""}, "SAFEGUARDING_EMAIL is set, so SMTP_HOST must be set too", id="no server"),
        pytest.param({"smtp_from": ""}, "SAFEGUARDING_EMAIL is set, so SMTP_FROM must be set too", id="no sender"),
        pytest.param({"smtp_user": "bot"}, "SMTP_USER and SMTP_PASSWORD belong together", id="no password"),
        pytest.param({"smtp_password": "secret"}, "SMTP_USER and SMTP_PASSWORD belong together", id="no user"),
        pytest.param({"safeguarding_email": "Amina <a@b.example>"}, "SAFEGUARDING_EMAIL: write one", id="a name too"),
        pytest.param({"smtp_from": "bot"}, "SMTP_FROM: write one e-mail address", id="no mailbox"),
        pytest.param({"smtp_security": "ssl"}, "SMTP_SECURITY: write starttls, tls or none", id="no such way"),
        pytest.param({"safeguarding_webhook": "http://a.example/"}, "SAFEGUARDING_WEBHOOK: write an", id="plain http"),
        pytest.param({"safeguarding_webhook": "file:///etc"}, "SAFEGUARDING_WEBHOOK: write an", id="a file"),
        pytest.param({"safeguarding_remind_hours": 0}, "SAFEGUARDING_REMIND_HOURS", id="always"),
    ],
)
def test_alerts_that_could_not_go_out_stop_the_start(changes: dict[str, object], why: str) -> None:
    with pytest.raises(SettingsProblem) as refusal:
        load(**(MAIL | changes))
    assert why in str(refusal.value)


def test_alerts_by_mail_and_by_webhook_may_be_on() -> None:
    settings = load(**MAIL, safeguarding_webhook="https://alerts.example/x")
    assert (settings.smtp_port, settings.smtp_security, settings.safeguarding_remind_hours) == (587, "starttls", 4)
    assert load(safeguarding_webhook="http://127.0.0.1:9/x").safeguarding_webhook


@pytest.mark.parametrize("written", ["stoke_asks_bot", "@stoke_asks_bot", "https://t.me/stoke_asks_bot"])
def test_the_bots_name_is_read_however_it_is_copied(written: str) -> None:
    assert load(telegram_bot_name=written).telegram_bot_name == "stoke_asks_bot"


@pytest.mark.parametrize(
    ("name", "written"),
    [
        ("telegram_bot_name", "Stoke asks"),
        ("telegram_bot_name", "bot"),
        ("printed_sms_number", "07700 900999"),
        ("printed_sms_number", "MG0123"),
    ],
)
def test_what_cannot_stand_in_a_link_is_refused_by_name(name: str, written: str) -> None:
    with pytest.raises(SettingsProblem, match=f"^{name.upper()}: write "):
        load(**{name: written})


SERVICE = {**TWILIO, "twilio_sms_from": "MG0123456789"}
NOTIFY = {"notify_api_key": f"earshot-{UUID}-{UUID}", "notify_callback_token": "0123456789"}


@pytest.mark.parametrize(
    ("given", "numbers"),
    [
        pytest.param({**TWILIO, "twilio_sms_from": "+447700900999"}, Numbers(sms="+447700900999"), id="a number"),
        pytest.param(SERVICE, Numbers(), id="a Messaging Service, whose number we do not know"),
        pytest.param(
            {**SERVICE, "printed_sms_number": "+447700900998"}, Numbers(sms="+447700900998"), id="and its number"
        ),
        pytest.param(
            {**NOTIFY, "printed_sms_number": "+447700900998"}, Numbers(sms="+447700900998"), id="GOV.UK Notify"
        ),
        pytest.param({"printed_sms_number": "+447700900998"}, Numbers(), id="a number that nobody listens at"),
        pytest.param(WHATSAPP, Numbers(whatsapp="+447700900998"), id="WhatsApp"),
        pytest.param({**BOT, "telegram_bot_name": "a_bot"}, Numbers(telegram="a_bot"), id="Telegram"),
        pytest.param(BOT, Numbers(), id="a bot without a name"),
        pytest.param({"telegram_bot_name": "a_bot"}, Numbers(), id="a name without a bot"),
        pytest.param(
            {"public_base_url": "https://bot.example/"}, Numbers(base_url="https://bot.example"), id="the web form"
        ),
    ],
)
def test_residents_are_sent_only_where_somebody_listens(given: dict[str, str], numbers: Numbers) -> None:
    assert numbers_of(load(**given)) == numbers


def test_help_names_every_way_of_answering_that_is_set_up() -> None:
    given = {**NOTIFY, **WHATSAPP, **BOT, "printed_sms_number": "+447700900999", "telegram_bot_name": "a_bot"}
    assert reached_by(load(**given, public_base_url="https://bot.example/")) == {
        "sms": "SMS 07700 900999",
        "whatsapp": "WhatsApp 07700 900998",
        "telegram": "Telegram @a_bot",
        "web": "https://bot.example/s/{survey}",
    }
    assert reached_by(load(public_base_url="http://127.0.0.1:8000")) == {}

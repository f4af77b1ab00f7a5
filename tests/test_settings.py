"""Settings are read once, and what is wrong is named by its variable, never shown."""

import pytest

from bot.cli.numbers import numbers_of, reached_by
from bot.outreach.campaigns import Numbers
from bot.settings import SECRETS, SettingsProblem, load

UUID = "f33517ff-2a88-4f6e-b855-c550268ce08a"
DAYS = ("CONTACTS", "SILENT", "WORDS", "RECEIPTS", "SESSIONS", "AUDIT", "ANSWERS")


@pytest.mark.parametrize("name", [f"RETENTION_{name}_DAYS" for name in DAYS])
@pytest.mark.parametrize("written", ["-1", "1.5", "90 days", "\u0663", "36501", pytest.param("1" * 5_000, id="huge")])
def test_what_is_no_number_of_days_is_refused_by_name(name: str, written: str) -> None:
    with pytest.raises(SettingsProblem) as refusal:
        load(**{name.lower(): written})
    assert str(refusal.value) == f"{name}: write a whole number of days, from 0 to 36500."


def test_days_are_read_and_answers_stay_unless_a_number_is_given() -> None:
    assert load(retention_words_days=" 14 ").retention_words_days == 14
    assert load(retention_answers_days="0").retention_answers_days == 0
    assert load().retention_answers_days is None


@pytest.mark.parametrize(
    ("name", "written", "what"),
    [
        ("SMTP_PORT", "0", "write a whole number, from 1 to 65535"),
        ("SMTP_PORT", "65536", "write a whole number, from 1 to 65535"),
        ("SMTP_PORT", "smtp", "write a whole number, from 1 to 65535"),
        ("SAFEGUARDING_REMIND_HOURS", "0", "write a whole number of hours, from 1 to 168"),
        ("SAFEGUARDING_REMIND_HOURS", "4h", "write a whole number of hours, from 1 to 168"),
        *[
            ("PENCE_PER_SEGMENT", each, "write a number of pence, from 0 to 1000, such as 2.4")
            for each in ("-1", "2,4", "nan", "inf", "1e308", "1001")
        ],
    ],
)
def test_what_is_no_such_number_is_refused_by_name(name: str, written: str, what: str) -> None:
    with pytest.raises(SettingsProblem) as refusal:
        load(**{name.lower(): written})
    assert str(refusal.value) == f"{name}: {what}."


NO_ADDRESSES = {
    "no scheme": "earshot.example.org",
    "another scheme": "ftp://earshot.example.org",
    "nothing more": "https://",
    "no name": "https:///path",
    "a fragment": "https://x.example/#f",
    "an empty fragment": "https://x.example#",
    "a blank within": "https://x y.example",
    "a blank after": "https://x.example ",
    "a line break": "https://x.example\n",
    "a user": "https://me:hunter2@x.example",
    "a port too large": "https://x.example:99999",
    "a port of letters": "https://x.example:abc",
    "port 0": "https://x.example:0",
    "half a port": "https://x.example:",
    "half a bracket": "https://[bad",
    "an empty label": "https://x..example",
    "a number that is none": "https://10.0.0.999",
    "letters that no address has": "https://caf\u00e9.example",
    "a backslash": "https://x.example\\@y.example",
    "a name too long": f"https://{'x' * 300}.example",
}
NO_BASES = NO_ADDRESSES | {"a query": "https://x.example/?a=b", "an empty query": "https://x.example?"}
NO_ORIGINS = NO_BASES | {"a path": "https://x.example/earshot"}


@pytest.mark.parametrize("written", NO_ORIGINS.values(), ids=NO_ORIGINS.keys())
def test_a_public_address_that_is_none_is_refused_by_name(written: str) -> None:
    with pytest.raises(SettingsProblem, match=r"^PUBLIC_BASE_URL: .*https://earshot\.example\.org"):
        load(public_base_url=written)


@pytest.mark.parametrize("name", ["TWILIO_API_BASE_URL", "NOTIFY_API_BASE_URL", "TELEGRAM_API_BASE_URL"])
@pytest.mark.parametrize("written", NO_BASES.values(), ids=NO_BASES.keys())
def test_an_api_s_address_that_is_none_is_refused_by_name(name: str, written: str) -> None:
    with pytest.raises(SettingsProblem, match=f"^{name}: write an address such as https://"):
        load(**{name.lower(): written})


@pytest.mark.parametrize("written", NO_ADDRESSES.values(), ids=NO_ADDRESSES.keys())
def test_a_webhook_for_alerts_that_is_none_is_refused_by_name(written: str) -> None:
    with pytest.raises(SettingsProblem, match=r"^SAFEGUARDING_WEBHOOK: write an address that begins with https://"):
        load(safeguarding_webhook=written)


@pytest.mark.parametrize("written", ["mail.example:587", "smtp://mail.example", "mail example", "mail.example/", "@"])
def test_a_mail_server_that_is_none_is_refused_by_name(written: str) -> None:
    with pytest.raises(SettingsProblem, match=r"^SMTP_HOST: write the mail server's name alone"):
        load(smtp_host=written)


def test_an_address_is_read_with_its_port_as_a_number_or_as_a_name() -> None:
    for written in (
        "https://x.example",
        "https://x.example:8443",
        "http://[::1]:8000",
        "http://10.0.0.9",
        "http://bot",
    ):
        assert load(public_base_url=f"{written}/").public_base_url == written
    assert load(twilio_api_base_url="https://x.example/path/").twilio_api_base_url == "https://x.example/path/"
    assert load(safeguarding_webhook="https://x.example/a?key=1").safeguarding_webhook == "https://x.example/a?key=1"
    for host in ("mail.example", "127.0.0.1", "::1", "mail_server"):
        assert load(smtp_host=host).smtp_host == host


@pytest.mark.parametrize("name", [*SECRETS, "TWILIO_ACCOUNT_SID", "FORWARD_TO", "SAFEGUARDING_LEAD", "SMTP_PORT"])
@pytest.mark.parametrize(
    ("written", "what"),
    [
        pytest.param(" " * 20, "it holds nothing but blanks: write its value, or nothing at all", id="blanks"),
        pytest.param("\n", "it holds nothing but blanks: write its value, or nothing at all", id="a line break"),
        pytest.param("Ren\udce9", "it is no text in UTF-8: write it anew", id="latin-1"),
    ],
)
def test_blanks_alone_and_what_is_no_text_are_refused_by_name(name: str, written: str, what: str) -> None:
    with pytest.raises(SettingsProblem) as refusal:
        load(**{name.lower(): written})
    assert str(refusal.value).startswith(f"{name}: {what}.")


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
            {"twilio_auth_token_secondary": "t"},
            "TWILIO_AUTH_TOKEN_SECONDARY is set, so TWILIO_ACCOUNT_SID and TWILIO_AUTH_TOKEN must be set too",
            id="a second token alone",
        ),
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

"""All configuration, read once: environment variables or `.env`; every secret also as NAME_FILE.

A channel is on when its block is complete; half a block is an error that names the missing variable.
"""

# Over 400 lines: every setting stands in one list, with the check of what is written beside it.
import os
import re
from difflib import get_close_matches
from ipaddress import ip_address
from pathlib import Path
from typing import Annotated, Any, TypeAlias
from urllib.parse import SplitResult, urlsplit

from pydantic import BeforeValidator, Field, SecretStr, ValidationError, field_validator, model_validator
from pydantic.fields import FieldInfo
from pydantic_settings import (
    BaseSettings,
    DotEnvSettingsSource,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)

from bot.settings_files import ENV_FILE, SettingsProblem, names_in_env_file, text_of

__all__ = ["LEDGER_OFF", "LONGEST_KEPT_DAYS", "SECRETS", "Settings", "SettingsProblem", "load", "lookalikes"]

_UUID = r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"
SMS_SENDER = r"^(\+[1-9]\d{6,14}|MG[0-9A-Za-z]+)$"
LONGEST_KEPT_DAYS = 36_500
MOST_PENCE = 1_000
LEDGER_OFF = "off"
SECRETS = (
    "DATABASE_URL",  # may hold a password
    "SECRET_KEY",
    "SECRET_KEY_PREVIOUS",
    "TWILIO_AUTH_TOKEN",
    "TWILIO_AUTH_TOKEN_SECONDARY",
    "NOTIFY_API_KEY",
    "NOTIFY_CALLBACK_TOKEN",
    "TELEGRAM_BOT_TOKEN",
    "TELEGRAM_WEBHOOK_SECRET",
    "SMTP_PASSWORD",
    "API_TOKEN",
)


def _whole(what: str, lowest: int, highest: int) -> BeforeValidator:
    def check(value: object) -> object:
        written = str(value).strip()
        is_number = written.isascii() and written.isdecimal() and len(written) <= len(str(highest))
        if not (is_number and lowest <= int(written) <= highest):
            raise ValueError(f"write a whole number{what}, from {lowest} to {highest}")
        return value

    return BeforeValidator(check)


def _as_pence(value: object) -> object:
    try:
        is_price = 0 <= float(str(value)) <= MOST_PENCE  # not of `nan` and `inf`, which float() knows too
    except ValueError:
        is_price = False
    if not is_price:
        raise ValueError(f"write a number of pence, from 0 to {MOST_PENCE}, such as 2.4")
    return value


Days: TypeAlias = Annotated[int, _whole(" of days", 0, LONGEST_KEPT_DAYS)]
Hours: TypeAlias = Annotated[int, _whole(" of hours", 1, 168)]
Port: TypeAlias = Annotated[int, _whole("", 1, 65535)]
Pence: TypeAlias = Annotated[float, BeforeValidator(_as_pence)]


class FromFiles(PydanticBaseSettingsSource):
    """Read a secret from the file that NAME_FILE names, as container platforms hand secrets over."""

    def __init__(self, settings_cls: type[BaseSettings]) -> None:
        super().__init__(settings_cls)
        self._written = DotEnvSettingsSource(settings_cls).env_vars

    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[Any, str, bool]:
        """Return the content of the named file, without the newline at its end."""
        name = f"{field_name.upper()}_FILE"
        path = os.environ.get(name) or self._written.get(name.lower())
        if not path or field_name.upper() not in SECRETS:
            return None, field_name, False
        return text_of(Path(path), f"{name}: the file {path}").strip(), field_name, False

    def __call__(self) -> dict[str, Any]:
        """Return every secret that stands in a file."""
        found = {name: self.get_field_value(info, name)[0] for name, info in self.settings_cls.model_fields.items()}
        return {name: value for name, value in found.items() if value is not None}


class Settings(BaseSettings):
    """Every setting of Earshot. See docs/reference/settings.md, which a test holds against this class."""

    model_config = SettingsConfigDict(
        env_file=ENV_FILE, env_file_encoding="utf-8-sig", extra="ignore", env_ignore_empty=True
    )

    database_url: str = Field(
        "sqlite:///./earshot.db", description="Where everything is kept: `sqlite:///path` or `postgresql://...`."
    )
    suppression_ledger: str = Field(
        "", description="The file outside the database that keeps STOP, START and erasures; `off` for none."
    )
    public_base_url: str = Field("", description="The address at which providers and people reach this server.")
    secret_key: SecretStr = Field(SecretStr(""), description="At least 16 characters. Wraps the stored keys.")
    secret_key_previous: SecretStr = Field(
        SecretStr(""), description="The secret key before this one, while keys are wrapped anew."
    )
    twilio_account_sid: str = Field("", description="Twilio's account: AC and 32 characters.")
    twilio_auth_token: SecretStr = Field(SecretStr(""), description="Checks that a webhook came from Twilio.")
    twilio_auth_token_secondary: SecretStr = Field(
        SecretStr(""), description="A second token that is accepted too, while tokens are changed."
    )
    twilio_sms_from: str = Field("", description="The number (E.164) or Messaging Service (MG...) that sends.")
    twilio_whatsapp_from: str = Field(
        "", description="The WhatsApp sender: its number (E.164) or a Messaging Service (MG...)."
    )
    twilio_whatsapp_template: str = Field(
        "", description="The approved template (HX...) that goes out where 24 hours have passed since the last text."
    )
    twilio_api_base_url: str = Field("", description="Another address for Twilio's API, for tests.")
    twilio_reply: str = Field(
        "inline", description="`inline` answers in the webhook's own response, `rest` by Twilio's API."
    )
    notify_api_key: SecretStr = Field(SecretStr(""), description="GOV.UK Notify's API key: sends and lists texts.")
    notify_callback_token: SecretStr = Field(
        SecretStr(""), description="Checks that a callback came from GOV.UK Notify: at least 10 characters."
    )
    notify_template_id: str = Field(
        "", description="The template that says ((message)). Empty: the one that says so is looked up."
    )
    notify_api_base_url: str = Field("", description="Another address for GOV.UK Notify's API, for tests.")
    telegram_bot_token: SecretStr = Field(SecretStr(""), description="The Telegram bot's token, from @BotFather.")
    telegram_webhook_secret: SecretStr = Field(
        SecretStr(""), description="Checks that an update came from Telegram. Needed where TELEGRAM_MODE is webhook."
    )
    telegram_mode: str = Field(
        "webhook", description="`webhook` lets Telegram call us, `polling` asks Telegram, where it cannot reach us."
    )
    telegram_bot_name: str = Field(
        "", description="The bot's user name, such as stoke_council_bot: it is in its links."
    )
    telegram_api_base_url: str = Field("", description="Another address for Telegram's Bot API, for tests.")
    printed_sms_number: str = Field(
        "", description="The number that residents text, for links and posters, where TWILIO_SMS_FROM does not say it."
    )
    api_token: SecretStr = Field(
        SecretStr(""), description="Opens the reading API to whoever sends it. Empty: the API is off."
    )
    allow_draft_languages: str = Field(
        "", description="Comma-separated language codes that `serve` may offer before a speaker has reviewed them."
    )
    pence_per_segment: Pence = Field(
        2.4, description="Price of one SMS segment, for estimates (GOV.UK Notify, April 2026, without VAT)."
    )
    safeguarding_lead: str = Field("", description="Who reads what speaks of danger: a name, for `doctor`.")
    safeguarding_email: str = Field("", description="Where the lead is told by e-mail that there is something to see.")
    safeguarding_webhook: str = Field("", description="Where the lead is told by a webhook: an https address.")
    safeguarding_remind_hours: Hours = Field(
        4, description="Hours after which the lead is told again of what nobody has opened."
    )
    safeguarding_numbers: str = Field("", description="The TOML file with the help numbers that residents are told.")
    smtp_host: str = Field("", description="The mail server that sends the alerts.")
    smtp_port: Port = Field(587, description="Its port.")
    smtp_security: str = Field("starttls", description="`starttls`, `tls`, or `none` on a private network.")
    smtp_user: str = Field("", description="The name to sign in with at the mail server. Empty: nobody signs in.")
    smtp_password: SecretStr = Field(SecretStr(""), description="The password for it.")
    smtp_from: str = Field("", description="The address that the alerts come from.")
    forward_to: str = Field(
        "", description="Comma-separated addresses and folders that events may be forwarded to. Empty: nowhere."
    )
    retention_contacts_days: Days = Field(
        30, description="Days after the close of their surveys until contacts and conversations go."
    )
    retention_silent_days: Days = Field(
        400, description="Days after the last text until they go where a survey never closes."
    )
    retention_voice_days: Days = Field(30, description="Days after they were fetched until voice notes go.")
    retention_words_days: Days = Field(90, description="Days after the close until texts in and out lose their words.")
    retention_receipts_days: Days = Field(90, description="Days until delivery reports and the provider's ids go.")
    retention_sessions_days: Days = Field(30, description="Days after their end until staff sign-ins go.")
    retention_audit_days: Days = Field(2192, description="Days until lines of the audit log go.")
    retention_answers_days: Days | None = Field(
        None, description="Days after the close until answers go. Empty: kept until the council decides."
    )

    @field_validator("*", mode="before")
    @classmethod
    def _is_text(cls, value: object) -> object:
        if isinstance(value, str) and value and not value.strip():
            raise ValueError("it holds nothing but blanks: write its value, or nothing at all")
        if isinstance(value, str) and re.search("[\ud800-\udfff]", value):  # how Python shows what is not UTF-8
            raise ValueError("it is no text in UTF-8: write it anew")
        return value

    @field_validator("smtp_security")
    @classmethod
    def _is_a_security(cls, value: str) -> str:
        if value not in ("starttls", "tls", "none"):
            raise ValueError("write starttls, tls or none")
        return value

    @field_validator("safeguarding_email", "smtp_from")
    @classmethod
    def _is_a_mailbox(cls, value: str) -> str:
        if value and not re.fullmatch(r"[^@\s<>,;]+@[^@\s<>,;]+", value):
            raise ValueError("write one e-mail address, such as lead@council.example")
        return value

    @field_validator("safeguarding_webhook")
    @classmethod
    def _is_a_private_way(cls, value: str) -> str:
        address = _read_address(value)
        if value and not (address and (address.scheme == "https" or _is_loopback(address.hostname or ""))):
            raise ValueError("write an address that begins with https://, such as https://alerts.example.org/earshot")
        return value

    @field_validator("public_base_url")
    @classmethod
    def _is_an_address(cls, value: str) -> str:
        # A path too would lead nowhere: the links of the pages begin at the server's name.
        if value and not ((address := _read_address(value)) and address.path in ("", "/") and "?" not in value):
            raise ValueError(
                "write https://, the server's name and, where it needs one, a port, with nothing before or after: "
                "for example https://earshot.example.org"
            )
        return value.rstrip("/")

    @field_validator("twilio_api_base_url", "notify_api_base_url", "telegram_api_base_url")
    @classmethod
    def _is_an_api(cls, value: str) -> str:
        if value and not (_read_address(value) and "?" not in value):
            raise ValueError("write an address such as https://api.example.org, or nothing for the provider's own")
        return value

    @field_validator("smtp_host")
    @classmethod
    def _is_a_server(cls, value: str) -> str:
        if value and not _is_host(value):
            raise ValueError("write the mail server's name alone, such as mail.council.example; SMTP_PORT has its port")
        return value

    @field_validator("secret_key", "secret_key_previous")
    @classmethod
    def _is_long_enough(cls, value: SecretStr) -> SecretStr:
        if 0 < len(value.get_secret_value()) < 16:
            raise ValueError("use at least 16 characters, for example from: openssl rand -base64 32")
        return value

    @field_validator("twilio_account_sid")
    @classmethod
    def _is_a_sid(cls, value: str) -> str:
        if value and not (value.startswith("AC") and value.isalnum()):
            raise ValueError("it begins with AC")
        return value

    @field_validator("twilio_sms_from")
    @classmethod
    def _is_a_sender(cls, value: str) -> str:
        if value and not re.match(SMS_SENDER, value):
            raise ValueError("write a number like +447700900999, or a Messaging Service that begins with MG")
        return value

    @field_validator("twilio_whatsapp_from")
    @classmethod
    def _is_a_whatsapp_sender(cls, value: str) -> str:
        bare = value.removeprefix("whatsapp:")
        if bare and not re.match(SMS_SENDER, bare):
            raise ValueError("write a number like +447700900999, or a Messaging Service that begins with MG")
        return bare

    @field_validator("twilio_whatsapp_template")
    @classmethod
    def _is_a_content_sid(cls, value: str) -> str:
        if value and not re.fullmatch(r"HX[0-9A-Za-z]+", value):
            raise ValueError("copy the approved template's Content sid from Twilio: it begins with HX")
        return value

    @field_validator("telegram_bot_token")
    @classmethod
    def _is_a_bot_token(cls, value: SecretStr) -> SecretStr:
        if value.get_secret_value() and not re.fullmatch(r"\d{1,20}:[A-Za-z0-9_-]+", value.get_secret_value()):
            raise ValueError("copy what @BotFather gave: digits, a colon, letters and digits")
        return value

    @field_validator("telegram_bot_name")
    @classmethod
    def _is_a_bot_name(cls, value: str) -> str:
        bare = value.removeprefix("https://t.me/").removeprefix("@")
        if bare and not re.fullmatch(r"[A-Za-z][A-Za-z0-9_]{3,31}", bare):
            raise ValueError("write the bot's user name as @BotFather gave it, such as stoke_council_bot")
        return bare

    @field_validator("printed_sms_number")
    @classmethod
    def _is_a_number(cls, value: str) -> str:
        if value and not re.fullmatch(r"\+[1-9]\d{6,14}", value):
            raise ValueError("write a number like +447700900999")
        return value

    @field_validator("telegram_webhook_secret")
    @classmethod
    def _is_a_webhook_secret(cls, value: SecretStr) -> SecretStr:
        if value.get_secret_value() and not re.fullmatch(r"[A-Za-z0-9_-]{1,256}", value.get_secret_value()):
            raise ValueError("use 1 to 256 of A-Z, a-z, 0-9, _ and -, for example from: openssl rand -hex 32")
        return value

    @field_validator("telegram_mode")
    @classmethod
    def _is_a_mode(cls, value: str) -> str:
        if value not in ("webhook", "polling"):
            raise ValueError("write webhook or polling")
        return value

    @field_validator("twilio_reply")
    @classmethod
    def _is_a_way(cls, value: str) -> str:
        if value not in ("inline", "rest"):
            raise ValueError("write inline or rest")
        return value

    @field_validator("notify_api_key")
    @classmethod
    def _is_a_notify_key(cls, value: SecretStr) -> SecretStr:
        if value.get_secret_value() and not re.search(rf"{_UUID}-{_UUID}$", value.get_secret_value()):
            raise ValueError("copy the whole key from GOV.UK Notify: a name, the service's id and a secret")
        return value

    @field_validator("notify_callback_token")
    @classmethod
    def _is_a_callback_token(cls, value: SecretStr) -> SecretStr:
        if value.get_secret_value() and not re.fullmatch(r"[!-~]{10,}", value.get_secret_value()):
            raise ValueError(
                "use at least 10 letters and digits without a space, for example from: openssl rand -hex 24"
            )
        return value

    @field_validator("notify_template_id")
    @classmethod
    def _is_a_template_id(cls, value: str) -> str:
        if value and not re.fullmatch(_UUID, value):
            raise ValueError("copy the template's id from GOV.UK Notify, such as f33517ff-2a88-4f6e-b855-c550268ce08a")
        return value

    @model_validator(mode="after")
    def _has_whole_blocks(self) -> "Settings":
        block = {
            "TWILIO_ACCOUNT_SID": self.twilio_account_sid,
            "TWILIO_AUTH_TOKEN": self.twilio_auth_token.get_secret_value(),
        }
        senders = {"TWILIO_SMS_FROM": self.twilio_sms_from, "TWILIO_WHATSAPP_FROM": self.twilio_whatsapp_from}
        resting_on_it = {**senders, "TWILIO_AUTH_TOKEN_SECONDARY": self.twilio_auth_token_secondary.get_secret_value()}
        for name in [name for name, value in resting_on_it.items() if value and not all(block.values())]:
            missing = [name for name, value in block.items() if not value]
            raise ValueError(f"{name} is set, so {' and '.join(missing)} must be set too")
        if all(block.values()) and not any(senders.values()):
            raise ValueError(
                "TWILIO_SMS_FROM is missing: the number or Messaging Service that texts come from"
                " (or TWILIO_WHATSAPP_FROM, for WhatsApp alone)"
            )
        if self.twilio_whatsapp_template and not self.twilio_whatsapp_from:
            raise ValueError("TWILIO_WHATSAPP_TEMPLATE is set, so TWILIO_WHATSAPP_FROM must be set too")
        if any(block.values()) and not all(block.values()):
            missing = [name for name, value in block.items() if not value]
            raise ValueError(f"{' and '.join(missing)} is missing: Twilio needs all of {', '.join(block)}")
        return self

    @model_validator(mode="after")
    def _has_a_whole_notify_block(self) -> "Settings":
        block = {
            "NOTIFY_API_KEY": self.notify_api_key.get_secret_value(),
            "NOTIFY_CALLBACK_TOKEN": self.notify_callback_token.get_secret_value(),
        }
        missing = [name for name, value in block.items() if not value]
        if missing and (self.notify_template_id or len(missing) < len(block)):
            are = "is" if len(missing) == 1 else "are"
            raise ValueError(f"{' and '.join(missing)} {are} missing: GOV.UK Notify needs both {' and '.join(block)}")
        return self

    @model_validator(mode="after")
    def _has_a_whole_telegram_block(self) -> "Settings":
        has_token = bool(self.telegram_bot_token.get_secret_value())
        has_secret = bool(self.telegram_webhook_secret.get_secret_value())
        if has_token and not has_secret and self.telegram_mode == "webhook":
            raise ValueError("TELEGRAM_WEBHOOK_SECRET is missing: without it anybody could post as Telegram")
        if has_secret and not has_token:
            raise ValueError("TELEGRAM_BOT_TOKEN is missing: TELEGRAM_WEBHOOK_SECRET is set")
        return self

    @model_validator(mode="after")
    def _has_a_whole_mail_block(self) -> "Settings":
        block = {"SMTP_HOST": self.smtp_host, "SMTP_FROM": self.smtp_from}
        missing = [name for name, value in block.items() if not value]
        if self.safeguarding_email and missing:
            raise ValueError(f"SAFEGUARDING_EMAIL is set, so {' and '.join(missing)} must be set too")
        if bool(self.smtp_user) != bool(self.smtp_password.get_secret_value()):
            raise ValueError("SMTP_USER and SMTP_PASSWORD belong together: set both, or neither")
        return self

    @property
    def has_sms(self) -> bool:
        """Whether SMS through Twilio is on."""
        return bool(self.twilio_sms_from)

    @property
    def has_whatsapp(self) -> bool:
        """Whether WhatsApp through Twilio is on."""
        return bool(self.twilio_whatsapp_from)

    @property
    def has_telegram(self) -> bool:
        """Whether Telegram is on."""
        return bool(self.telegram_bot_token.get_secret_value())

    @property
    def has_notify(self) -> bool:
        """Whether SMS through GOV.UK Notify is on."""
        return bool(self.notify_api_key.get_secret_value())

    @property
    def is_open_to_eavesdroppers(self) -> bool:
        """Whether texts would come over plain http through a network that is not this machine."""
        address = urlsplit(self.public_base_url)
        return address.scheme == "http" and not _is_loopback(address.hostname or "")

    @property
    def drafts_allowed(self) -> frozenset[str]:
        """The draft languages that may be offered."""
        return frozenset(code.strip() for code in self.allow_draft_languages.split(",") if code.strip())

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Take what is given directly first, then the environment, then secret files, then `.env`."""
        return init_settings, env_settings, FromFiles(settings_cls), dotenv_settings


def _read_address(written: str) -> SplitResult | None:
    """Read an http or https address; None for one that is none, or that could be read in two ways."""
    try:
        address = urlsplit(written)
        port = address.port
    except ValueError:
        return None
    is_plain = re.fullmatch(r"https?://[!-~]+", written) and not re.search(r"[\\#\"<>^`{|}]", written)
    is_whole = "@" not in address.netloc and not address.netloc.endswith(":") and port != 0
    return address if is_plain and is_whole and _is_host(address.hostname or "") else None


def _is_host(name: str) -> bool:
    try:
        return bool(ip_address(name))
    except ValueError:
        is_name = len(name) <= 253 and re.fullmatch(r"[A-Za-z0-9_-]{1,63}(?:\.[A-Za-z0-9_-]{1,63})*", name)
        return bool(is_name) and not name.rpartition(".")[2].isdecimal()  # 10.0.0.999 is no number of a machine


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


def load(**given: object) -> Settings:
    """Read the settings. Raises SettingsProblem, which names each wrong variable and never shows its value."""
    names_in_env_file(Path(ENV_FILE))  # before it is read for its values, which passes over what it cannot read
    try:
        return Settings(**given)  # type: ignore[arg-type]  # pydantic checks what is given
    except ValidationError as problem:
        lines = []
        for error in problem.errors(include_input=False, include_url=False, include_context=False):
            name = ".".join(str(part) for part in error["loc"]).upper()
            reason = error["msg"].removeprefix("Value error, ")
            lines.append(f"{name}: {reason}." if name else f"{reason}.")
        raise SettingsProblem(" ".join(lines)) from None


def lookalikes() -> list[str]:
    """Name what is set in the environment or in `.env` under nearly the name of a setting, a sentence for each."""
    known = {name.upper() for name in Settings.model_fields} | {f"{name}_FILE" for name in SECRETS}
    said = []
    for name in sorted({name.upper() for name in (*os.environ, *names_in_env_file(Path(ENV_FILE)))} - known):
        bare = name.removesuffix("_FILE")
        near = [bare] if bare in known else get_close_matches(name, known, 1, 0.8)
        if near:
            said.append(f"{name} is no setting of Earshot, so nothing comes of it. Did you mean {near[0]}?")
    return said

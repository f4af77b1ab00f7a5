"""All configuration, read once: environment variables or `.env`; every secret also as NAME_FILE.

A channel is on when its block is complete; half a block is an error that names the missing variable.
"""

import os
import re
from pathlib import Path
from typing import Any

from pydantic import Field, SecretStr, ValidationError, field_validator, model_validator
from pydantic.fields import FieldInfo
from pydantic_settings import (
    BaseSettings,
    DotEnvSettingsSource,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)

SMS_SENDER = r"^(\+[1-9]\d{6,14}|MG[0-9A-Za-z]+)$"
SECRETS = (
    "DATABASE_URL",  # may hold a password
    "SECRET_KEY",
    "SECRET_KEY_PREVIOUS",
    "TWILIO_AUTH_TOKEN",
    "TWILIO_AUTH_TOKEN_SECONDARY",
)


class SettingsProblem(Exception):
    """A setting is missing or wrong. The message names the variable and what to write, and never shows a value."""


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
        try:
            return Path(path).read_text(encoding="utf-8").strip(), field_name, False
        except OSError as problem:
            raise SettingsProblem(f"{name}: the file {path} cannot be read ({problem.strerror}).") from None

    def __call__(self) -> dict[str, Any]:
        """Return every secret that stands in a file."""
        found = {name: self.get_field_value(info, name)[0] for name, info in self.settings_cls.model_fields.items()}
        return {name: value for name, value in found.items() if value is not None}


class Settings(BaseSettings):
    """Every setting of Earshot. See docs/reference/settings.md, which a test holds against this class."""

    model_config = SettingsConfigDict(env_file=".env", env_file_encoding="utf-8", extra="ignore", env_ignore_empty=True)

    database_url: str = Field(
        "sqlite:///./earshot.db", description="Where everything is kept: `sqlite:///path` or `postgresql://...`."
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
    twilio_api_base_url: str = Field("", description="Another address for Twilio's API, for tests.")
    twilio_reply: str = Field(
        "inline", description="`inline` answers in the webhook's own response, `rest` by Twilio's API."
    )
    allow_draft_languages: str = Field(
        "", description="Comma-separated language codes that `serve` may offer before a speaker has reviewed them."
    )
    pence_per_segment: float = Field(
        2.4, ge=0, description="Price of one SMS segment, for estimates (GOV.UK Notify, April 2026, without VAT)."
    )

    @field_validator("public_base_url")
    @classmethod
    def _is_an_address(cls, value: str) -> str:
        if value and not value.startswith(("http://", "https://")):
            raise ValueError("write it with https:// in front, for example https://earshot.example.org")
        return value.rstrip("/")

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

    @field_validator("twilio_reply")
    @classmethod
    def _is_a_way(cls, value: str) -> str:
        if value not in ("inline", "rest"):
            raise ValueError("write inline or rest")
        return value

    @model_validator(mode="after")
    def _has_whole_blocks(self) -> "Settings":
        block = {
            "TWILIO_ACCOUNT_SID": self.twilio_account_sid,
            "TWILIO_AUTH_TOKEN": self.twilio_auth_token.get_secret_value(),
        }
        if self.twilio_sms_from and not all(block.values()):
            missing = [name for name, value in block.items() if not value]
            raise ValueError(f"TWILIO_SMS_FROM is set, so {' and '.join(missing)} must be set too")
        if all(block.values()) and not self.twilio_sms_from:
            raise ValueError("TWILIO_SMS_FROM is missing: the number or Messaging Service that texts come from")
        if any(block.values()) and not all(block.values()):
            missing = [name for name, value in block.items() if not value]
            raise ValueError(f"{' and '.join(missing)} is missing: Twilio needs all of {', '.join(block)}")
        return self

    @property
    def has_sms(self) -> bool:
        """Whether SMS through Twilio is on."""
        return bool(self.twilio_sms_from)

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


def load(**given: object) -> Settings:
    """Read the settings. Raises SettingsProblem, which names each wrong variable and never shows its value."""
    try:
        return Settings(**given)  # type: ignore[arg-type]  # pydantic checks what is given
    except ValidationError as problem:
        lines = []
        for error in problem.errors(include_input=False, include_url=False, include_context=False):
            name = ".".join(str(part) for part in error["loc"]).upper()
            reason = error["msg"].removeprefix("Value error, ")
            lines.append(f"{name}: {reason}." if name else f"{reason}.")
        raise SettingsProblem(" ".join(lines)) from None

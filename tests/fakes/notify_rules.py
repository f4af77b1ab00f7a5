"""What the fake Notify holds requests against: tokens, ids, and what becomes of a text's characters.

The token is checked by hand and not with the library that made it, so that both can't be wrong in the same way.
"""

import hashlib
import hmac
import json
import re
import time
import unicodedata
from base64 import urlsafe_b64decode
from collections.abc import Mapping
from typing import Any
from uuid import UUID

from channels.segments import GSM_7_BASIC, GSM_7_EXTENSION

TOKEN_SECONDS = 30
_MARKS = "\u0300\u0301\u0302\u0308"  # grave, acute, circumflex, diaeresis
_WELSH = frozenset(unicodedata.normalize("NFC", f"{letter}{mark}") for letter in "aeiouwyAEIOUWY" for mark in _MARKS)
_CARRIED = (frozenset(GSM_7_BASIC + GSM_7_EXTENSION) - {"\f"}) | _WELSH
_INSTEAD = {
    **dict.fromkeys("\u2011\u2013\u2014\u2212", "-"), **dict.fromkeys("\u2018\u2019\u201a", "'"),
    **dict.fromkeys("\u201c\u201d\u201e", '"'), **dict.fromkeys("\u180e\u200b\u200c\u200d\u2060\ufeff\u2028\u2029", ""),
    **dict.fromkeys("\u00a0\u202f\t", " "), "\u2026": "...", "\u0141": "L", "\u0142": "l",
}  # fmt: skip


class NotifyError(Exception):
    """An answer with an error, in Notify's own JSON."""

    def __init__(self, status: int, error: str, message: str) -> None:
        super().__init__(message)
        self.status, self.error, self.message = status, error, message

    def as_json(self) -> dict[str, Any]:
        return {"status_code": self.status, "errors": [{"error": self.error, "message": self.message}]}


def validation(message: str) -> NotifyError:
    return NotifyError(400, "ValidationError", message)


def check_uuid(name: str, value: object) -> None:
    try:
        UUID(str(value))
    except ValueError:
        raise validation(f"{name} is not a valid UUID") from None


def check_token(authorization: str | None, service_id: str, secret: str, clock_ahead: float) -> None:
    """Check a bearer token as Notify does: HS256 by the service's secret, made within 30 seconds of its clock."""
    if not authorization:
        raise NotifyError(401, "AuthError", "Unauthorized: authentication token must be provided")
    if not authorization.startswith("Bearer "):
        raise NotifyError(401, "AuthError", "Unauthorized: authentication bearer scheme must be used")
    try:
        signed, _, signature = authorization.removeprefix("Bearer ").rpartition(".")
        head, claims = [json.loads(_from_base64(part)) for part in signed.split(".")]
    except (ValueError, TypeError):
        raise NotifyError(403, "AuthError", "Invalid token: make sure your API token matches the example") from None
    if claims.get("iss") != service_id:
        raise NotifyError(403, "AuthError", "Invalid token: service not found")
    if head != {"typ": "JWT", "alg": "HS256"}:
        raise NotifyError(403, "AuthError", "Invalid token: algorithm used is not HS256")
    right = hmac.new(secret.encode(), signed.encode(), hashlib.sha256).digest()
    if not hmac.compare_digest(right, _from_base64(signature)):
        raise NotifyError(403, "AuthError", "Invalid token: API key not found")
    if abs(time.time() + clock_ahead - claims.get("iat", 0)) > TOKEN_SECONDS:
        raise NotifyError(403, "AuthError", "Error: Your system clock must be accurate to within 30 seconds")


def as_sent(template: str, values: Mapping[str, str]) -> str:
    """Write the text that leaves Notify: the template filled, white space tidied, odd characters swapped or lost."""
    missing = [name for name in re.findall(r"\(\(([^()]+)\)\)", template) if name not in values]
    if missing:
        raise NotifyError(400, "BadRequestError", f"Missing personalisation: {', '.join(missing)}")
    filled = re.sub(r"\(\(([^()]+)\)\)", lambda found: values[found[1]], template)
    tidied = re.sub(r"(?<![ \t])[ \t]+([,.])", r"\1", filled)
    lines = [" ".join(line.split()) for line in tidied.splitlines()]
    text = re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()
    return "".join([_sent_character(character) for character in text])


def _sent_character(character: str) -> str:
    if character in _CARRIED:
        return character
    base = unicodedata.decomposition(character).split(" ")[0]
    if base and not base.startswith("<"):
        letter = chr(int(base, 16))
        return letter if letter in _CARRIED else "?"
    return _INSTEAD.get(character, "?")


def _from_base64(part: str) -> bytes:
    return urlsafe_b64decode(part + "=" * (-len(part) % 4))

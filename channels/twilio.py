"""What every Twilio channel shares at the webhook: is the request Twilio's, what does it say, what do its words mean.

Twilio signs with HMAC-SHA1 over the public address and all form fields (twilio.com/docs/usage/security). The check
is our own because the package's validator raises on some forged requests and costs as much as a whole turn; the
tests hold the two side by side.
"""

import hashlib
import hmac
import re
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import parse_qs, unquote, urlsplit

from channels.base import Refused, Request, Status

SIGNATURE_HEADER: Final = "x-twilio-signature"
FORM: Final = "application/x-www-form-urlencoded"

_PORT = re.compile(r":\d+$")


@dataclass(frozen=True, slots=True, repr=False)
class Form:
    """The fields of one form post. `repeated` holds every value of a key that came more than once."""

    fields: Mapping[str, str]
    repeated: Mapping[str, tuple[str, ...]]

    def need(self, *names: str) -> None:
        """Insist that these fields are there and not blank. Raises Refused (400)."""
        for name in names:
            if not self.fields.get(name):
                raise Refused(400, f"the form has no {name}")

    def refuse_contradictions(self, names: frozenset[str]) -> None:
        """Refuse two different values for a field that we act upon. Raises Refused (400)."""
        for name, values in self.repeated.items():
            if name in names and len(set(values)) > 1:
                raise Refused(400, f"the form gives {name} more than once")


class SignatureCheck:
    """Tells Twilio's requests from forged ones. Without a token every request is refused."""

    def __init__(self, public_base_url: str, tokens: tuple[str, ...]) -> None:
        self._bases = _ways_to_write(public_base_url)
        self._keyed = tuple(hmac.new(token.encode(), digestmod="sha1") for token in tokens if token)

    def read(self, request: Request) -> Form:
        """Check one request and read its form. Raises Refused: 403 if not Twilio's, 400 if no readable form.

        The signature covers the address as we publish it, never the Host header, which anyone can set.
        """
        try:
            form = self._believed(request)
        # Anything that goes wrong on a stranger's bytes means that the request is not to be believed.
        except Exception:
            form = None
        if form is None:
            raise Refused(403, "the signature is missing or wrong")
        if form is _NO_FORM:
            raise Refused(400, "the body is not a form")
        if not _is_unicode(form.fields):
            raise Refused(400, "the form is not UTF-8")
        return form

    def _believed(self, request: Request) -> Form | None:
        """Read the form if one of our tokens signed it, else give None. May raise anything on strange bytes."""
        signature = request.headers[SIGNATURE_HEADER].encode("latin-1")
        if request.headers.get("content-type", FORM).lower().startswith(FORM):
            form = read_form(request.body)
            signed = _signed_text(form)
        elif _body_hash_matches(request):
            form, signed = _NO_FORM, b""
        else:
            return None
        path = request.path.encode("utf-8", "surrogateescape")
        for base in self._bases:
            for keyed in self._keyed:
                mac = keyed.copy()
                mac.update(base + path + signed)
                if hmac.compare_digest(b64encode(mac.digest()), signature):
                    return form
        return None


def read_form(body: bytes) -> Form:
    """Read a URL-encoded form, blank values kept (they are signed). Bytes that are not UTF-8 become surrogates."""
    text = body.decode("utf-8", "surrogateescape")
    # The commonest escape, which every number begins with, needs no look at its pair: "%2B" is nothing else anywhere.
    text = text.replace("+", " ").replace("%2B", "+")
    fields: dict[str, str] = {}
    repeated: dict[str, tuple[str, ...]] = {}
    for pair in text.split("&"):
        if not pair:
            continue
        key, _, value = pair.partition("=")
        if "%" in pair:
            key = unquote(key, errors="surrogateescape")
            value = unquote(value, errors="surrogateescape")
        if key in fields:
            repeated[key] = (*repeated.get(key, (fields[key],)), value)
        else:
            fields[key] = value
    return Form(fields, repeated)


def outbox_id_of(request: Request) -> str:
    """Read our own outbox id from a status callback's address (`?o=`); empty if it has none."""
    _, _, query = request.path.partition("?")
    return parse_qs(query).get("o", [""])[0]


STATUSES: Final[Mapping[str, Status]] = {
    "accepted": Status.ACCEPTED,
    "scheduled": Status.ACCEPTED,
    "queued": Status.QUEUED,
    "sending": Status.SENDING,
    "sent": Status.SENT,
    "partially_delivered": Status.SENT,
    "delivered": Status.DELIVERED,
    "undelivered": Status.UNDELIVERED,
    "failed": Status.FAILED,
    "canceled": Status.FAILED,
    "read": Status.READ,
}
"""Twilio's names for how far an outbound message has come (the enum of its OpenAPI description)."""


_NO_FORM: Final = Form({}, {})

_KEPT: Final = frozenset(("ApiVersion", "MessagingServiceSid", "NumMedia", "NumSegments", "OptOutType", "SmsStatus"))
_DROPPED: Final = frozenset(
    ["AccountSid", "Body", "MessageSid", "SmsMessageSid", "SmsSid", "MessageStatus", "ErrorCode", "From", "To"]
    + [f"{end}{place}" for end in ("From", "To") for place in ("City", "State", "Zip", "Country")]
)
# Twilio adds fields without notice, so those we do not know are judged by their names.
_may_name_a_person = re.compile(
    r"^(From|To)(?![a-z])|Name|WaId|UserId|Sender|Address|Label|Latitude|Longitude|Url|Media|Body|Text|Payload|Title"
).search


def kept_fields(fields: Mapping[str, str], *addresses: str) -> dict[str, str]:
    """Keep what is neither a name, a place, an address nor words, and is not in the `Inbound` or `Receipt` already."""
    kept = {}
    for name, value in fields.items():
        if name in _DROPPED or not value:
            continue
        if name in _KEPT or not (_may_name_a_person(name) or any(a.lstrip("+") in value for a in addresses if a)):
            kept[name] = value
    return kept


def _signed_text(form: Form) -> bytes:
    """Write the fields as Twilio signs them: sorted by key, then value, each distinct value once."""
    fields, repeated = form.fields, form.repeated
    if repeated:
        text = "".join(
            [key + value for key in sorted(fields) for value in sorted(set(repeated.get(key, (fields[key],))))]
        )
    else:
        text = "".join([key + fields[key] for key in sorted(fields)])
    return text.encode("utf-8", "surrogateescape")


def _body_hash_matches(request: Request) -> bool:
    """Whether the address, which is signed, carries the hash of this body: how Twilio signs what is not a form."""
    _, _, query = request.path.partition("?")
    claimed = parse_qs(query)["bodySHA256"][0]
    return hmac.compare_digest(hashlib.sha256(request.body).hexdigest().encode(), claimed.encode())


def _is_unicode(fields: Mapping[str, str]) -> bool:
    try:
        "".join([*fields, *fields.values()]).encode()
    except UnicodeEncodeError:
        return False
    return True


def _ways_to_write(public_base_url: str) -> tuple[bytes, ...]:
    """Write the address as it stands, with its port and without: Twilio signs now one, now the other."""
    parts = urlsplit(public_base_url.rstrip("/"))
    without = _PORT.sub("", parts.netloc)
    default = 443 if parts.scheme == "https" else 80
    with_port = parts.netloc if parts.netloc != without else f"{without}:{default}"
    ways = [parts._replace(netloc=netloc).geturl() for netloc in (parts.netloc, without, with_port)]
    return tuple(dict.fromkeys([way.encode() for way in ways]))

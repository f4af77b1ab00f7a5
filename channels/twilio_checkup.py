"""What Twilio knows of our account, number and Messaging Service, held against what it should: for the operator.

Only read, never changed. Loaded by `doctor` alone. The fields are those of Twilio's OpenAPI description.
"""

from collections.abc import Iterator
from email.utils import parsedate_to_datetime
from time import time
from typing import Final, TypeVar
from urllib.parse import parse_qs, quote, urldefrag

import aiohttp
import msgspec
from msgspec import Struct

from channels.base import Outage
from channels.twilio_channel import LONGEST_VALIDITY
from channels.twilio_rest import HttpClient, TooManyRequests

API: Final = "https://api.twilio.com"
MESSAGING: Final = "https://messaging.twilio.com"

T = TypeVar("T")


class SignInRefused(Exception):
    """Twilio does not know this account, or not by this token."""


class Advice(Struct, frozen=True):
    """One thing to put right. `is_urgent`: texts are lost or refused as it is."""

    text: str
    is_urgent: bool = True


class Account(Struct, frozen=True):
    """Our account."""

    status: str = ""
    type: str = ""


class Number(Struct, frozen=True):
    """One of our phone numbers, and where its texts are posted to. An application overrules its addresses."""

    phone_number: str = ""
    sms_url: str | None = None
    sms_method: str | None = None
    sms_fallback_url: str | None = None
    sms_fallback_method: str | None = None
    sms_application_sid: str | None = None


class Service(Struct, frozen=True):
    """A Messaging Service. Without `inbound_request_url` it takes no texts in, and Twilio does not even log them."""

    inbound_request_url: str | None = None
    inbound_method: str | None = None
    fallback_url: str | None = None
    fallback_method: str | None = None
    use_inbound_webhook_on_number: bool | None = False
    validity_period: int | None = None
    sticky_sender: bool | None = True


class SenderWebhook(Struct, frozen=True):
    """Where what residents write to a WhatsApp sender is posted to, and what becomes of its messages."""

    callback_url: str | None = None
    callback_method: str | None = None
    fallback_url: str | None = None
    fallback_method: str | None = None
    status_callback_url: str | None = None


class WhatsAppSender(Struct, frozen=True):
    """A WhatsApp sender; `sender_id` is its number as `whatsapp:+44...`."""

    sender_id: str | None = None
    status: str | None = None
    webhook: SenderWebhook | None = None


class _Senders(Struct):
    senders: list[WhatsAppSender]


class _Numbers(Struct):
    incoming_phone_numbers: list[Number]


class _PoolNumber(Struct):
    phone_number: str


class _Pool(Struct):
    phone_numbers: list[_PoolNumber]


class _Name(Struct):
    alpha_sender: str


class _Names(Struct):
    alpha_senders: list[_Name]


class TwilioCheckup:
    """Asks Twilio about one account. `ahead_seconds` is how far our clock is ahead of Twilio's, once it was asked.

    Every method raises SignInRefused, or Outage where Twilio cannot be asked.
    """

    def __init__(self, account_sid: str, auth_token: str, base_url: str = "", timeout: float = 15.0) -> None:
        self._sid = account_sid
        self._auth = (account_sid, auth_token)
        self._api = base_url.rstrip("/") or API
        self._messaging = base_url.rstrip("/") or MESSAGING
        self._http = HttpClient(timeout)
        self.ahead_seconds: float | None = None

    async def account(self) -> Account:
        """Sign in, and say how the account stands."""
        found = await self._get(f"{self._api}/2010-04-01/Accounts/{quote(self._sid)}.json", Account)
        if found is None:
            raise SignInRefused
        return found

    async def number(self, number: str) -> Number | None:
        """Say how one of our numbers is set up; None where it is not this account's."""
        address = f"{self._api}/2010-04-01/Accounts/{quote(self._sid)}/IncomingPhoneNumbers.json"
        found = await self._get(f"{address}?PhoneNumber={quote(number, safe='')}", _Numbers)
        return next(
            (each for each in (found.incoming_phone_numbers if found else ()) if each.phone_number == number), None
        )

    async def whatsapp_sender(self, sender: str) -> WhatsAppSender | None:
        """Say how one of our WhatsApp senders is set up; None where it is not this account's, as the sandbox is not."""
        found = await self._get(f"{self._messaging}/v2/Channels/Senders?Channel=whatsapp&PageSize=1000", _Senders)
        return next((each for each in (found.senders if found else ()) if each.sender_id == sender), None)

    async def service(self, sid: str) -> Service | None:
        """Say how a Messaging Service is set up; None where it is not this account's."""
        return await self._get(f"{self._messaging}/v1/Services/{quote(sid)}", Service)

    async def pool(self, sid: str) -> tuple[list[str], list[str]]:
        """List the numbers of a Messaging Service, and the names (alphanumeric senders), to which nobody can reply."""
        address = f"{self._messaging}/v1/Services/{quote(sid)}"
        numbers = await self._get(f"{address}/PhoneNumbers?PageSize=1000", _Pool)
        names = await self._get(f"{address}/AlphaSenders?PageSize=1000", _Names)
        return (
            [each.phone_number for each in numbers.phone_numbers] if numbers else [],
            [each.alpha_sender for each in names.alpha_senders] if names else [],
        )

    async def close(self) -> None:
        """Let go of connections."""
        await self._http.close()

    async def _get(self, url: str, kind: type[T]) -> T | None:
        """Read one resource; None where there is none."""
        try:
            response = await self._http.request("GET", url, auth=self._auth)
        except TooManyRequests:
            raise Outage("Twilio says: too many requests; ask again in a minute") from None
        except (aiohttp.ClientError, TimeoutError, OSError) as problem:
            raise Outage(f"Twilio cannot be reached ({type(problem).__name__})") from None
        self._hear_clock(response.headers.get("Date", ""))
        if response.status_code in (401, 403):
            raise SignInRefused
        if response.status_code == 404:
            return None
        if response.status_code != 200:
            raise Outage(f"Twilio answers with HTTP {response.status_code}")
        try:
            return msgspec.json.decode(response.text, type=kind)
        except msgspec.MsgspecError:
            raise Outage("Twilio's answer could not be read") from None

    def _hear_clock(self, date: str) -> None:
        """Take the time from a Date header (RFC 9110 section 6.6.1), which has whole seconds."""
        try:
            self.ahead_seconds = time() - parsedate_to_datetime(date).timestamp() - 0.5
        except (ValueError, TypeError):
            return


def advice_on_account(account: Account) -> Iterator[Advice]:
    """Say what is wrong with an account."""
    if account.status != "active":
        yield Advice(f"Twilio has this account as {account.status}: nothing is sent. Ask Twilio why.")
    if account.type == "Trial":
        yield Advice("Twilio has this account on trial: it texts verified numbers alone. Upgrade it at Twilio.")


def advice_on_number(number: Number, wanted: str) -> Iterator[Advice]:
    """Say what is wrong with where a number's texts go to. `wanted` is the address, with its retry settings."""
    if number.sms_application_sid:
        yield Advice(
            f"A TwiML App ({number.sms_application_sid}) takes the texts to {number.phone_number}, whatever its own "
            "addresses say. Take the App out at the number's messaging settings."
        )
        return
    where = f"at the number {number.phone_number}"
    yield from _advice_on_webhook(number.sms_url, number.sms_method, wanted, f"A message comes in, {where}")
    yield from _advice_on_fallback(
        number.sms_fallback_url, number.sms_fallback_method, wanted, f"Primary handler fails, {where}"
    )


def advice_on_service(service: Service, numbers: list[str], names: list[str], wanted: str) -> Iterator[Advice]:
    """Say what is wrong with a Messaging Service; its numbers' own addresses are another matter."""
    if not service.use_inbound_webhook_on_number:
        if not service.inbound_request_url:
            yield Advice(
                "The Messaging Service drops every text that comes in, and Twilio does not log them: under Integration "
                f"choose 'Send a webhook', with {wanted}"
            )
        else:
            where = "Request URL, at the Messaging Service's Integration"
            yield from _advice_on_webhook(service.inbound_request_url, service.inbound_method, wanted, where)
            where = "Fallback URL, at the Messaging Service's Integration"
            yield from _advice_on_fallback(service.fallback_url, service.fallback_method, wanted, where)
    if not numbers:
        yield Advice("The Messaging Service has no number to send from: add one to its Sender Pool.")
    if names:
        yield Advice(
            f"The Messaging Service may send as {', '.join(names)}, and nobody can reply to a name: take it out of the "
            "Sender Pool."
        )
    if not service.sticky_sender:
        yield Advice(
            "The Messaging Service may answer from another number than the one that was texted: turn Sticky Sender on.",
            is_urgent=False,
        )
    if (service.validity_period or 36_000) > LONGEST_VALIDITY:
        yield Advice(
            f"A reply may arrive {(service.validity_period or 36_000) // 3600} hours late, in the night: set the "
            f"Messaging Service's Validity Period to {LONGEST_VALIDITY} seconds.",
            is_urgent=False,
        )


def advice_on_sender(sender: WhatsAppSender, wanted: str) -> Iterator[Advice]:
    """Say what is wrong with a WhatsApp sender. `wanted` is the address of what comes in, with its retry settings."""
    if sender.status not in ("ONLINE", "ONLINE:UPDATING"):
        yield Advice(
            f"Twilio has the WhatsApp sender {sender.sender_id} as {sender.status}: nobody can write to it. Twilio's "
            "console says why, under WhatsApp senders."
        )
    webhook = sender.webhook or SenderWebhook()
    where = f"at the WhatsApp sender {sender.sender_id}"
    yield from _advice_on_webhook(
        webhook.callback_url, webhook.callback_method, wanted, f"Webhook URL for incoming messages, {where}"
    )
    yield from _advice_on_fallback(webhook.fallback_url, webhook.fallback_method, wanted, f"Fallback URL, {where}")
    ours = f"{urldefrag(wanted)[0]}/status"
    if webhook.status_callback_url and urldefrag(webhook.status_callback_url)[0] != ours:
        yield Advice(
            f"Status callback URL, {where}: {urldefrag(webhook.status_callback_url)[0]} is none of ours. Empty it: "
            "Earshot gives its own address with every message.",
            is_urgent=False,
        )


def _advice_on_webhook(url: str | None, method: str | None, wanted: str, where: str) -> Iterator[Advice]:
    if not url:
        yield Advice(f"{where}: there is no address, so no text reaches us. Write {wanted}")
    elif urldefrag(url)[0].rstrip("/") != urldefrag(wanted)[0]:
        yield Advice(f"{where}: texts go to {urldefrag(url)[0]}. Write {wanted}")
    elif (method or "POST").upper() != "POST":
        yield Advice(f"{where}: the method is {method}, and Earshot takes POST alone. Choose HTTP POST.")
    elif not _tries_again(url, wanted):
        yield Advice(
            f"{where}: Twilio tries again but once, where it cannot connect. Write the retry settings too: {wanted}",
            is_urgent=False,
        )


def _advice_on_fallback(url: str | None, method: str | None, wanted: str, where: str) -> Iterator[Advice]:
    for each in _advice_on_webhook(url, method, wanted, where):
        text = each.text if url else f"{where}: there is no fallback. Write {wanted}"
        yield Advice(text, is_urgent=bool(url) and each.is_urgent)


def _tries_again(url: str, wanted: str) -> bool:
    """Say whether an address has at least the connection overrides that it should have."""
    has, should = (parse_qs(urldefrag(address)[1]) for address in (url, wanted))
    tries = has.get("rc", ["0"])[0]
    return tries.isdecimal() and int(tries) >= min(3, int(should["rc"][0])) and has.get("rp") == should["rp"]

"""What Twilio posts, and a keep-alive connection to post it on, written by hand so that a driver costs little CPU."""

import asyncio
import hmac
import re
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from html import unescape
from typing import cast
from urllib.parse import quote_plus

ACCOUNT = "AC" + "0" * 32
TOKEN = "0123456789abcdef0123456789abcdef"  # noqa: S105 - made up, for servers on loopback
NUMBER = "+447700900999"
PUBLIC = "https://bot.example"
SMS = "/channels/sms"
SECONDS = 20.0
"""How long one request may take; Twilio itself gives up after 15 s."""

_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
_MESSAGE = re.compile(r"<Message[^>]*>(.*?)</Message>", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Reply:
    """What a server answered. `text` is what the resident's phone would show."""

    status: int
    body: bytes

    @property
    def text(self) -> str:
        """Read the TwiML: every `<Message>`, unescaped, one below the other."""
        return "\n".join(unescape(found) for found in _MESSAGE.findall(self.body.decode()))


class HungUp(ConnectionError):
    """The server closed the connection, or could not be reached, before it had answered."""


class Connection(asyncio.Protocol):
    """One HTTP/1.1 connection, one request at a time. Opened when first needed, and again once the server hung up."""

    def __init__(self, port: int) -> None:
        """Remember the port on 127.0.0.1; nothing is opened yet."""
        self._port = port
        self._transport: asyncio.Transport | None = None
        self._answered: asyncio.Future[Reply] | None = None
        self._unread = b""

    async def post(self, request: bytes) -> Reply:
        """Send one whole request and wait for its answer. Raises HungUp; TimeoutError after `SECONDS`."""
        if self._transport is None or self._transport.is_closing():
            await self._open()
        assert self._transport is not None
        loop = asyncio.get_running_loop()
        answered: asyncio.Future[Reply] = loop.create_future()
        self._answered = answered
        self._transport.write(request)
        late = loop.call_later(SECONDS, self._give_up, answered)
        try:
            return await answered
        finally:
            late.cancel()

    def close(self) -> None:
        """Hang up."""
        if self._transport is not None:
            self._transport.abort()
            self._transport = None

    async def _open(self) -> None:
        self._unread = b""
        try:
            await asyncio.get_running_loop().create_connection(lambda: self, "127.0.0.1", self._port)
        except OSError as problem:
            raise HungUp(str(problem)) from None

    def _give_up(self, answered: "asyncio.Future[Reply]") -> None:
        self.close()
        if not answered.done():
            answered.set_exception(TimeoutError(f"no answer within {SECONDS} s"))

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the way to write."""
        self._transport = cast(asyncio.Transport, transport)  # uvloop's is one in all but its class

    def data_received(self, data: bytes) -> None:
        """Hand the answer over once it is whole."""
        self._unread += data
        head, found, body = self._unread.partition(b"\r\n\r\n")
        if not found:
            return
        length = _LENGTH.search(head)
        if length is not None and len(body) < int(length[1]):
            return
        self._unread = b""
        if self._answered is not None and not self._answered.done():
            self._answered.set_result(Reply(int(head[9:12]), body))

    def connection_lost(self, problem: Exception | None) -> None:
        """Tell whoever waits that no answer will come."""
        self._transport = None
        if self._answered is not None and not self._answered.done():
            self._answered.set_exception(HungUp(str(problem or "closed")))


def incoming(sid: str, sender: str, text: str) -> dict[str, str]:
    """Write the form of one incoming text, with the blank fields that Twilio sends and signs."""
    return {
        "ToCountry": "GB", "ToState": "", "SmsMessageSid": sid, "NumMedia": "0", "ToCity": "", "FromZip": "",
        "SmsSid": sid, "FromState": "", "SmsStatus": "received", "FromCity": "", "Body": text, "FromCountry": "GB",
        "To": NUMBER, "ToZip": "", "NumSegments": "1", "MessageSid": sid, "AccountSid": ACCOUNT, "From": sender,
        "ApiVersion": "2010-04-01",
    }  # fmt: skip


def encode(fields: Mapping[str, str]) -> bytes:
    """Write a form as it stands in a request's body."""
    return "&".join([f"{name}={quote_plus(value)}" for name, value in fields.items()]).encode()


def sign(fields: Mapping[str, str], path: str = SMS) -> str:
    """Sign a form as Twilio does: HMAC-SHA1 over the address, then every key and value in the keys' order.

    Source: twilio.com/docs/usage/security.
    """
    return _signature(_signed_text(fields, path))


def _signed_text(fields: Mapping[str, str], path: str = SMS) -> str:
    return PUBLIC + path + "".join([name + fields[name] for name in sorted(fields)])


def _signature(signed: str) -> str:
    return b64encode(hmac.digest(TOKEN.encode(), signed.encode(), "sha1")).decode()


def request(body: bytes, signature: str | None, *, path: str = SMS, method: str = "POST", more: str = "") -> bytes:
    """Write a whole request; without a signature there is no such header. `more` holds further header lines."""
    signed = f"X-Twilio-Signature: {signature}\r\n" if signature is not None else ""
    kind = (
        "" if "content-type" in more.lower() else "Content-Type: application/x-www-form-urlencoded; charset=UTF-8\r\n"
    )
    head = f"{method} {path} HTTP/1.1\r\nHost: bot.example\r\nUser-Agent: TwilioProxy/1.1\r\n{kind}{signed}{more}"
    return f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body


def text_request(sid: str, sender: str, text: str) -> bytes:
    """Write the signed request by which one text comes in."""
    fields = incoming(sid, sender, text)
    return request(encode(fields), sign(fields))


class TextWriter:
    """Writes what `text_request` writes, at a fifth of its cost: the parts that never change are written once."""

    def __init__(self) -> None:
        blank = ("{sid}", "{sender}", "{text}")
        self._form = encode(incoming(*blank)).decode().replace("%7B", "{").replace("%7D", "}")
        self._signed = _signed_text(incoming(*blank))

    def __call__(self, sid: str, sender: str, text: str) -> bytes:
        """Write the signed request by which one text comes in."""
        body = self._form.format(sid=sid, sender=quote_plus(sender), text=quote_plus(text))
        return request(body.encode(), _signature(self._signed.format(sid=sid, sender=sender, text=text)))

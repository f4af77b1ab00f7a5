"""Twilio's REST API through its own package, made safe for messages that must not be sent twice.

Only imported when something is first sent or listed: the package costs a quarter of a second and 19 MB, and a server
that answers inline may never need it. The package's own asynchronous client ignores its timeout, would repeat a POST,
loses Retry-After, sends JSON as a form and logs phone numbers; `HttpClient` mends each of these.
"""

import json
from base64 import b64encode
from collections.abc import AsyncGenerator, Collection, Iterator, Mapping
from contextlib import AbstractAsyncContextManager, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Literal, TypeAlias
from urllib.parse import quote

import aiohttp
import msgspec
from twilio.base.exceptions import TwilioException, TwilioRestException, TwilioServiceException
from twilio.http.async_http_client import AsyncTwilioHttpClient
from twilio.http.response import Response
from twilio.rest import Client

from channels.base import SOUND, Accepted, Outage, Recording, Rejected, RetryAfter, SendResult, Unknown
from channels.recordings import LIMITS, NoLongerThere, read_recording, refuse_failure
from channels.twilio_codes import meaning
from channels.whatsapp_content import ContentRefused, Types

Direction: TypeAlias = Literal["inbound", "outbound"]

_CONNECT_SECONDS = 5.0
# Twilio asks for exponential back-off after a 429 and often names no time; the caller doubles this by its attempts.
_BACK_OFF_SECONDS = 1.0
_UNREACHABLE_SECONDS = 30.0
_PAGE_SIZE = 1000  # the most that Twilio gives
# The list is newest first by creation, and a message may be sent a good while after that. Milliseconds.
_LIST_MARGIN = 3_600_000

# A broken or unexpected answer surfaces from the package as any of these.
_UNREADABLE = (ValueError, TypeError, KeyError, AttributeError)


@dataclass(frozen=True, slots=True, repr=False)
class ListedMessage:
    """One message as the list gives it. Times are epoch milliseconds UTC, whole seconds; None where Twilio has none."""

    sid: str
    direction: str
    sender: str
    receiver: str
    text: str
    status: str
    code: str
    service_sid: str
    media_count: int
    created_at: int | None
    sent_at: int | None


class _Medium(msgspec.Struct, frozen=True):
    """One file that came with a message."""

    sid: str
    content_type: str = ""


class _Media(msgspec.Struct, frozen=True):
    media_list: list[_Medium]


_decode_media = msgspec.json.Decoder(_Media).decode


class TwilioRest:
    """The calls Earshot makes. Build it inside the running event loop; `close` lets its connections go."""

    def __init__(self, account_sid: str, auth_token: str, base_url: str = "", timeout: float = 15.0) -> None:
        self._http = HttpClient(timeout)
        self._client = Client(account_sid, auth_token, http_client=self._http)
        self._account_sid = account_sid
        self._authorization = {"Authorization": _basic(account_sid, auth_token)}
        if base_url:
            self._client.api.base_url = self._client.content.base_url = base_url.rstrip("/")

    async def send(self, fields: Mapping[str, str | int]) -> SendResult:
        """Post one message, once and never again by itself. Whatever goes wrong on the way back is `Unknown`."""
        try:
            message = await self._client.messages.create_async(**fields)
        except TooManyRequests as refusal:
            return RetryAfter(refusal.seconds)
        except (TwilioRestException, TwilioServiceException) as refusal:
            return _outcome_of(refusal.status, refusal.code)
        except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError):
            return RetryAfter(_UNREACHABLE_SECONDS)  # no connection, so nothing was sent
        except (aiohttp.ClientError, TimeoutError, OSError, TwilioException) as problem:
            return Unknown(type(problem).__name__)
        except _UNREADABLE:
            return Unknown("the answer could not be read")
        return Accepted(message.sid) if message.sid else Unknown("the answer names no message")

    async def messages(
        self, direction: Direction, ours: Collection[str], since: int
    ) -> AsyncGenerator[ListedMessage, None]:
        """Yield what these numbers and services of ours got or sent, newest first, back to an hour before `since`.

        Pages are read as they are needed; with a service among `ours` they are the whole account's. Raises Outage.
        """
        filters = _filters(direction, ours, since)
        with _told_as_outage("list of messages"):
            rows = await self._client.messages.stream_async(page_size=_PAGE_SIZE, **filters)
            async for row in rows:
                message = _listed(row)
                if (message.created_at or since) < since - _LIST_MARGIN:
                    return
                our_end = message.receiver if direction == "inbound" else message.sender
                if message.direction.startswith(direction) and (our_end in ours or message.service_sid in ours):
                    yield message

    async def contents(self, prefix: str) -> dict[str, str]:
        """List the account's Content objects whose name begins so, as id by name. Raises Outage."""
        with _told_as_outage("list of Content objects"):
            rows = await self._client.content.v1.contents.stream_async(page_size=_PAGE_SIZE)
            return {row.friendly_name: row.sid async for row in rows if (row.friendly_name or "").startswith(prefix)}

    async def create_content(self, name: str, language: str, types: Types) -> str:
        """Make one Content object and give its id. Raises ContentRefused, or Outage where nobody knows."""
        request = _ContentRequest({"friendly_name": name, "language": language, "types": types})
        with _told_as_outage("Content API"):
            try:
                made = await self._client.content.v1.contents.create_async(request)
            except (TwilioRestException, TwilioServiceException) as refusal:
                if 400 <= refusal.status < 500:
                    raise ContentRefused(str(refusal.code or refusal.status)) from None
                raise
        if not made.sid:
            raise Outage("Twilio's Content API could not be read")
        return str(made.sid)

    async def media_types(self, message_sid: str) -> tuple[str, ...]:
        """List the MIME types of what came with a message. Raises Outage."""
        return tuple([one.content_type for one in await self._media(message_sid)])

    async def recording(self, message_sid: str, most: int) -> Recording:
        """Download the first sound that came with a message, of at most so many bytes. Raises RecordingGone, Outage."""
        sound = next((one for one in await self._media(message_sid) if one.content_type.startswith(SOUND)), None)
        if sound is None:
            raise NoLongerThere
        with _told_as_outage("media"):
            async with self._ask("GET", message_sid, f"Media/{sound.sid}") as response:
                return await read_recording(response, most)

    async def discard_media(self, message_sid: str) -> None:
        """Delete all that came with a message; what is gone already is no failure. Raises Outage.

        Source: twilio.com/docs/messaging/api/media-resource#delete-a-media-resource (204, and 404 once it is gone).
        """
        for one in await self._media(message_sid):
            with _told_as_outage("media"):
                async with self._ask("DELETE", message_sid, f"Media/{one.sid}.json") as response:
                    if response.status not in (204, 404):
                        raise Outage(f"Twilio did not delete a file (HTTP {response.status})")

    async def _media(self, message_sid: str) -> list[_Medium]:
        with _told_as_outage("list of media"):
            async with self._ask("GET", message_sid, "Media.json") as response:
                try:
                    refuse_failure(response)
                except NoLongerThere:
                    return []
                return _decode_media(await response.read()).media_list

    def _ask(
        self, method: Literal["GET", "DELETE"], message_sid: str, path: str
    ) -> AbstractAsyncContextManager[aiohttp.ClientResponse]:
        """Ask for a part of a message. Twilio sends on to a store of its own, which aiohttp does not tell the password.

        Not by the package, which reads every answer as text, and cannot tell what is gone from what fails.
        """
        base = f"{self._client.api.base_url}/2010-04-01/Accounts/{self._account_sid}/Messages"
        address = f"{base}/{quote(message_sid, safe='')}/{path}"
        session: aiohttp.ClientSession = self._http.session
        return session.request(method, address, headers=self._authorization, timeout=LIMITS)

    async def close(self) -> None:
        """Let go of connections."""
        await self._http.close()


@contextmanager
def _told_as_outage(what: str) -> Iterator[None]:
    """Raise Outage, in words for the operator, for whatever goes wrong while Twilio is asked."""
    try:
        yield
    except TooManyRequests:
        raise Outage(f"Twilio's {what}: too many requests; ask again in a minute") from None
    except TwilioException:
        raise Outage(f"Twilio refused the {what}: check TWILIO_ACCOUNT_SID and TWILIO_AUTH_TOKEN") from None
    except (aiohttp.ClientError, TimeoutError, OSError) as problem:
        raise Outage(f"Twilio's {what} could not be fetched ({type(problem).__name__})") from None
    except _UNREADABLE:
        raise Outage(f"Twilio's {what} could not be read") from None


@dataclass(frozen=True, slots=True, repr=False)
class _ContentRequest:
    """What the package asks of a request for a Content object. Its own class writes a null for each kind not meant."""

    written: Mapping[str, object]

    def to_dict(self) -> Mapping[str, object]:
        return self.written


class TooManyRequests(Exception):
    """HTTP 429: Twilio did not take the request."""

    def __init__(self, seconds: float) -> None:
        super().__init__()
        self.seconds = seconds


class HttpClient(AsyncTwilioHttpClient):  # type: ignore[misc]  # the package ships no types
    """The package's client with timeouts that hold, JSON bodies, Retry-After, and nothing logged or kept."""

    def __init__(self, timeout: float) -> None:
        super().__init__(timeout=timeout)

    async def request(
        self,
        method: str,
        url: str,
        params: Mapping[str, object] | None = None,
        data: Mapping[str, object] | None = None,
        headers: Mapping[str, str] | None = None,
        auth: tuple[str, str] | None = None,
        timeout: float | None = None,  # noqa: ASYNC109  # the package's signature
        allow_redirects: bool = False,
    ) -> Response:
        """Make one request. Raises `TooManyRequests` on HTTP 429, and aiohttp's errors."""
        sent = dict(headers or {})
        if auth is not None:
            sent["Authorization"] = _basic(*auth)
        body = json.dumps(data) if data and sent.get("Content-Type", "").startswith("application/json") else data
        limits = aiohttp.ClientTimeout(total=timeout or self.timeout, sock_connect=_CONNECT_SECONDS)
        async with self.session.request(
            method.upper(), url, params=params, data=body, headers=sent, timeout=limits, allow_redirects=allow_redirects
        ) as response:
            text = await response.text()
        if response.status == 429:
            raise TooManyRequests(_seconds_until(response.headers.get("Retry-After", "")))
        return Response(response.status, text, response.headers)


def _basic(name: str, password: str) -> str:
    return "Basic " + b64encode(f"{name}:{password}".encode()).decode()


def _filters(direction: Direction, ours: Collection[str], since: int) -> dict[str, object]:
    """Choose what Twilio filters by: one number but no service, and days of sending but no hours."""
    # What we sent may still be queued, and then it has no day of sending: it is never filtered by one.
    filters: dict[str, object] = {}
    if direction == "inbound":
        filters["date_sent_after"] = datetime.fromtimestamp(since / 1000, UTC).date()
    match tuple(ours):
        case (number,) if not number.startswith("MG"):
            filters["to" if direction == "inbound" else "from_"] = number
    return filters


def _outcome_of(status: int, code: int | None) -> SendResult:
    """Turn an HTTP refusal into what may be done. Only a 4xx says for certain that nothing was sent."""
    if not 400 <= status < 500 or status == 408:
        return Unknown(f"HTTP {status}")
    what = str(code or status)
    means = meaning("20003" if status in (401, 403) and what == str(status) else what)
    if means.retry_after is not None:
        return RetryAfter(means.retry_after)
    return Rejected(means.problem, what)


def _seconds_until(retry_after: str) -> float:
    """Read a Retry-After header (RFC 9110 section 10.2.3: seconds or a date); a usual wait if it says nothing."""
    if retry_after.isdigit():
        return float(retry_after)
    try:
        return max(0.0, (parsedate_to_datetime(retry_after) - datetime.now(UTC)).total_seconds())
    except (ValueError, TypeError):
        return _BACK_OFF_SECONDS


def _listed(row: object) -> ListedMessage:
    """Copy what we use of one of the package's untyped message objects."""
    fields = vars(row)
    return ListedMessage(
        sid=fields["sid"],
        direction=fields["direction"] or "",
        sender=fields["from_"] or "",
        receiver=fields["to"] or "",
        text=fields["body"] or "",
        status=fields["status"] or "",
        code=str(fields["error_code"] or ""),
        service_sid=fields["messaging_service_sid"] or "",
        media_count=int(fields["num_media"] or 0),
        created_at=_milliseconds(fields["date_created"]),
        sent_at=_milliseconds(fields["date_sent"]),
    )


def _milliseconds(at: datetime | None) -> int | None:
    return None if at is None else int(at.timestamp()) * 1000

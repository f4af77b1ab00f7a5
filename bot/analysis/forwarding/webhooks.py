"""Posting an event to a webhook, signed as Standard Webhooks 1.0.0 says (standardwebhooks.com).

The rule: 2xx alone means that it has arrived. No redirect is followed, no answer is read, and a name that leads into a
private network is not called.
"""

import asyncio
import email.utils
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Final

import aiohttp
from standardwebhooks import Webhook

from bot.analysis.forwarding.lookup import OnlyPublic, PrivateAddress
from bot.analysis.forwarding.outcome import Failing, Outcome, Refused, Taken

SECONDS: Final = 20.0
"""So long may a receiver take."""

_GONE: Final = 410
_BROKE: Final = 500
_ASK_TO_WAIT: Final = (429, 503)
# These say something of the receiver or of our way to it, not of this one event.
_NOT_THE_EVENT: Final = frozenset({401, 403, 404, 408, 429})
_LONGEST_DIGITS: Final = 9


class Webhooks:
    """Calls receivers. Close it at the end."""

    def __init__(self, *, seconds: float = SECONDS) -> None:
        self._seconds = seconds
        self._session: aiohttp.ClientSession | None = None

    async def post(self, url: str, *, event_id: str, body: bytes, secrets: Sequence[bytes], at: int) -> Outcome:
        """Post one event. `at` is the time of this try, epoch milliseconds UTC; each of the secrets signs."""
        headers = _headers(event_id, body, secrets, at)
        try:
            async with self._opened().post(url, data=body, headers=headers, allow_redirects=False) as answer:
                return _outcome(answer.status, answer.headers, at)
        except TimeoutError:
            return Failing(f"no answer within {self._seconds:g} seconds")
        except (aiohttp.ClientError, OSError, ValueError) as problem:
            if isinstance(_cause(problem), PrivateAddress):
                return Failing("its name leads into a private network")
            # An error's own words may repeat the address, with a key in it: its kind says enough.
            return Failing(f"it cannot be reached ({type(problem).__name__})")

    def _opened(self) -> aiohttp.ClientSession:
        if self._session is None:
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(resolver=OnlyPublic(), ttl_dns_cache=60),
                timeout=aiohttp.ClientTimeout(total=self._seconds),
                cookie_jar=aiohttp.DummyCookieJar(),
                trust_env=False,
                auto_decompress=False,
            )
        return self._session

    async def close(self) -> None:
        """Hang up."""
        if self._session is not None:
            await self._session.close()
            await asyncio.sleep(0)  # lets the connections end before the loop does


def _headers(event_id: str, body: bytes, secrets: Sequence[bytes], at: int) -> dict[str, str]:
    moment, text = datetime.fromtimestamp(at // 1000, UTC), body.decode()
    return {
        "Content-Type": "application/json",
        "User-Agent": "Earshot",
        "webhook-id": event_id,
        "webhook-timestamp": str(at // 1000),
        "webhook-signature": " ".join(Webhook(secret).sign(event_id, moment, text) for secret in secrets),
    }


def _outcome(status: int, headers: Mapping[str, str], at: int) -> Outcome:
    if 200 <= status < 300:
        return Taken()
    if status == _GONE:
        return Failing("it answered 410: it is gone for good", is_gone=True)
    if 400 <= status < 500 and status not in _NOT_THE_EVENT:
        return Refused(f"it answered {status}")
    if status == _BROKE:
        return Failing("it answered 500", may_be_the_event=True)
    rest = _rest_ms(headers.get("Retry-After", ""), at) if status in _ASK_TO_WAIT else 0
    return Failing(f"it answered {status}{', which leads elsewhere' if 300 <= status < 400 else ''}", rest)


def _rest_ms(written: str, at: int) -> int:
    """Read Retry-After: seconds or a date (RFC 9110, 10.2.3). What cannot be read asks for nothing."""
    if written.isascii() and written.isdigit():
        return int(written[:_LONGEST_DIGITS]) * 1000
    try:
        return max(0, int(email.utils.parsedate_to_datetime(written).timestamp() * 1000) - at)
    except (ValueError, OverflowError):
        return 0


def _cause(problem: BaseException) -> BaseException:
    """Find what was raised first: aiohttp wraps what its resolver raises."""
    while (inner := problem.__cause__ or getattr(problem, "os_error", None)) is not None and inner is not problem:
        problem = inner
    return problem

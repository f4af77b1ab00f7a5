"""GOV.UK Notify's API through its own package, made safe for texts that must not be sent twice.

Only imported when something is first sent or listed. The package waits for its answers and may not be shared between
threads, so each call runs in a thread with a client that no other call has meanwhile. Left to itself, it would follow a
redirect, take its sign-in from a .netrc file and log what Notify says of a text; none of that happens here.
"""

import asyncio
import logging
from collections import deque
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Final, Protocol, TypeVar

import msgspec
from msgspec import Struct
from notifications_python_client.errors import APIError, HTTPError
from notifications_python_client.notifications import NotificationsAPIClient

from channels.base import Accepted, Outage, Problem, Rejected, RetryAfter, SendResult, Unknown
from channels.notify_wire import ERRORS, KeyRefused, ReceivedText, SentText

_NOTIFY: Final = "https://api.notifications.service.gov.uk"
_CONNECT_SECONDS: Final = 5.0
# As many as an outbox sends at once. A Notify that hangs must not take the threads that sign-ins wait for.
_AT_ONCE: Final = 32
# Notify's limit fills up again by 50 texts a second, and it names no time; the caller doubles this by its attempts.
_BACK_OFF_SECONDS: Final = 2.0
_UNREACHABLE_SECONDS: Final = 30.0
_ANY_TEXT: Final = "((message))"

_NEVER_CONNECTED: Final = frozenset({"NewConnectionError", "NameResolutionError", "ConnectTimeoutError"})
"""What stands at the bottom of a failure in which nothing was sent, by urllib3's names."""


class _Sent(Struct):
    id: str


class _SentPage(Struct):
    notifications: list[SentText]


class _ReceivedPage(Struct):
    received_text_messages: list[ReceivedText]


class _Template(Struct):
    id: str
    body: str


class _Templates(Struct):
    templates: list[_Template]


class _Error(Struct):
    error: str
    message: str = ""


class _Refusal(Struct):
    errors: list[_Error]


class _Client(Protocol):
    """What we use of the package, which ships no types. Every call blocks, and gives JSON as Python holds it."""

    def send_sms_notification(
        self, phone_number: str, template_id: str, personalisation: Mapping[str, str], reference: str
    ) -> object: ...

    def get_all_notifications(self, *, template_type: str, older_than: str | None) -> object: ...

    def get_received_texts(self, older_than: str | None) -> object: ...

    def get_all_templates(self, template_type: str) -> object: ...


_Found = TypeVar("_Found")
_Listed = TypeVar("_Listed", SentText, ReceivedText)


class NotifyRest:
    """The calls Earshot makes. `timeout` is seconds that Notify may be silent; `close` lets connections go."""

    def __init__(self, api_key: str, base_url: str = "", timeout: float = 15.0) -> None:
        self._api_key = api_key
        self._base_url = base_url.rstrip("/") or _NOTIFY
        self._timeout = timeout
        self._threads = ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="notify")
        self._idle: deque[NotificationsAPIClient] = deque()
        self._is_closed = False
        # At every level it writes what Notify answered, and an answer may repeat what was sent.
        logging.getLogger("notifications_python_client").setLevel(logging.CRITICAL + 1)

    async def send(self, address: str, template_id: str, text: str, reference: str) -> SendResult:
        """Post one text, once and never again by itself. Whatever goes wrong on the way back is `Unknown`."""
        try:
            answer = await self._ask(
                lambda client: client.send_sms_notification(address, template_id, {"message": text}, reference)
            )
            return Accepted(msgspec.convert(answer, _Sent).id)
        except HTTPError as problem:
            return _outcome_of(problem)
        except (APIError, msgspec.ValidationError):
            return Unknown("the answer could not be read")
        except TimeoutError:
            return Unknown("TimeoutError")

    def sent(self) -> AsyncGenerator[SentText, None]:
        """Yield the texts that were sent with keys of this kind, newest first; pages are read as needed.

        It ends where Notify's memory does, after 7 days unless the service chose otherwise. Raises Outage.
        """
        return self._each(
            lambda client, mark: client.get_all_notifications(template_type="sms", older_than=mark),
            lambda answer: msgspec.convert(answer, _SentPage).notifications,
        )

    def received(self) -> AsyncGenerator[ReceivedText, None]:
        """Yield the texts that Notify received for this service, newest first, back to 7 days. Raises Outage."""
        return self._each(
            lambda client, mark: client.get_received_texts(mark),
            lambda answer: msgspec.convert(answer, _ReceivedPage).received_text_messages,
        )

    async def templates(self) -> dict[str, str]:
        """List the text message templates, as body by id. Raises Outage."""
        found = await self._listed(
            lambda client: client.get_all_templates("sms"),
            lambda answer: msgspec.convert(answer, _Templates).templates,
        )
        return {template.id: template.body for template in found}

    async def template_for_any_text(self) -> str:
        """Find the text message template that says ((message)) and nothing else; empty if none does. Raises Outage."""
        templates = await self.templates()
        return next((id for id, body in templates.items() if body.strip() == _ANY_TEXT), "")

    async def close(self) -> None:
        """Let go of connections. A call that is still under way lets go of its own when it ends."""
        self._is_closed = True
        self._threads.shutdown(wait=False, cancel_futures=True)
        self._drop_idle()

    async def _each(
        self, ask: Callable[[_Client, str | None], object], read: Callable[[object], Sequence[_Listed]]
    ) -> AsyncGenerator[_Listed, None]:
        mark: str | None = None
        while True:
            page = await self._listed(lambda client, mark=mark: ask(client, mark), read)  # type: ignore[misc]  # bound
            for text in page:
                yield text
            if not page or page[-1].id == mark:
                return
            mark = page[-1].id

    async def _listed(
        self, ask: Callable[[_Client], object], read: Callable[[object], Sequence[_Found]]
    ) -> Sequence[_Found]:
        """Fetch and read one page. Raises Outage, which says why without a word of what stood on it."""
        try:
            return read(await self._ask(ask))
        except HTTPError as problem:
            status = 0 if problem.response is None else problem.status_code
            if status in (401, 403):
                raise KeyRefused from None
            how = f"HTTP {status}" if status else type(problem.__cause__).__name__
            raise Outage(f"GOV.UK Notify's list could not be fetched ({how})") from None
        except TimeoutError:
            raise Outage("GOV.UK Notify's list could not be fetched (TimeoutError)") from None
        except (APIError, msgspec.ValidationError):
            raise Outage("GOV.UK Notify's list could not be read") from None

    async def _ask(self, question: Callable[[_Client], object]) -> object:
        # The package's own limit is for each silence alone: an answer that drips would never end.
        async with asyncio.timeout(_CONNECT_SECONDS + self._timeout):
            return await asyncio.get_running_loop().run_in_executor(self._threads, self._asked, question)

    def _asked(self, question: Callable[[_Client], object]) -> object:
        """Ask in a thread, with a client that nobody else has."""
        try:
            client = self._idle.pop()
        except IndexError:
            client = self._new_client()
        try:
            return question(client)
        finally:
            self._idle.append(client)
            if self._is_closed:
                self._drop_idle()

    def _new_client(self) -> NotificationsAPIClient:
        timeout = (_CONNECT_SECONDS, self._timeout)
        client = NotificationsAPIClient(self._api_key, self._base_url, timeout)  # type: ignore[no-untyped-call]
        client.request_session.max_redirects = 0  # a redirected POST may be a second one
        client.request_session.trust_env = False  # a .netrc would replace the token
        return client

    def _drop_idle(self) -> None:
        while self._idle:
            try:
                self._idle.pop().request_session.close()
            except IndexError:  # another thread was faster
                return


def _outcome_of(problem: HTTPError) -> SendResult:
    """Turn a failure into what may be done. Only a 4xx, or no connection at all, says that nothing was sent."""
    if problem.response is None:
        if _never_connected(problem):
            return RetryAfter(_UNREACHABLE_SECONDS)
        return Unknown(type(problem.__cause__).__name__)
    status = problem.status_code
    if not 400 <= status < 500 or status == 408:
        return Unknown(f"HTTP {status}")
    error = _error_in(problem.response.content)
    known = ERRORS.get(error.error)
    if status == 429 and known is None:
        return RetryAfter(_BACK_OFF_SECONDS)
    if known is None:
        return Rejected(Problem.CONFIGURATION if status in (401, 403, 404) else Problem.UNKNOWN, str(status))
    if error.error == "ValidationError" and error.message.startswith("phone_number "):
        known = Problem.BAD_ADDRESS  # the field that is wrong stands first; what follows is never read
    return Rejected(known, error.error)


def _error_in(body: bytes) -> _Error:
    try:
        return msgspec.json.decode(body, type=_Refusal).errors[0]
    except (msgspec.DecodeError, RecursionError, IndexError):
        return _Error("")


def _never_connected(problem: BaseException) -> bool:
    below: BaseException | None = problem
    while below is not None:
        if type(below).__name__ in _NEVER_CONNECTED:
            return True
        below = below.__cause__ or below.__context__
    return False

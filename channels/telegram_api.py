"""The Bot API through aiogram, made safe for messages that must not be sent twice and for a token that stands in URLs.

Only imported when something is first sent or fetched: aiogram costs seconds of processor time and tens of megabytes.
aiogram's errors carry chat ids, texts and, in an address, the token, so none of them leaves this file.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final, cast

import aiohttp
import msgspec
from aiogram import Bot
from aiogram.client.session.aiohttp import AiohttpSession
from aiogram.client.telegram import PRODUCTION, TelegramAPIServer
from aiogram.exceptions import (
    AiogramError,
    RestartingTelegram,
    TelegramAPIError,
    TelegramBadRequest,
    TelegramConflictError,
    TelegramEntityTooLarge,
    TelegramForbiddenError,
    TelegramMigrateToChat,
    TelegramNetworkError,
    TelegramNotFound,
    TelegramRetryAfter,
    TelegramServerError,
    TelegramUnauthorizedError,
)
from aiogram.methods import (
    AnswerCallbackQuery,
    DeleteWebhook,
    EditMessageReplyMarkup,
    GetFile,
    GetMe,
    GetUpdates,
    GetWebhookInfo,
    LeaveChat,
    SendMessage,
    SetWebhook,
    TelegramMethod,
)
from aiogram.methods.base import TelegramType
from aiogram.types import InlineKeyboardButton, InlineKeyboardMarkup, LinkPreviewOptions

from channels.base import (
    Accepted,
    Option,
    Outage,
    Problem,
    Recording,
    RecordingGone,
    Rejected,
    RetryAfter,
    SendResult,
    Unknown,
)
from channels.recordings import LIMITS, NoLongerThere, read_recording
from channels.telegram_checkup import Standing
from channels.telegram_clock import Clocks
from channels.telegram_updates import ALLOWED_UPDATES

_CONNECT_SECONDS: Final = 5.0
_UNREACHABLE_SECONDS: Final = 30.0
# A 429 normally says how long; the caller doubles this by its attempts.
_BACK_OFF_SECONDS: Final = 1.0
_MOST_UPDATES: Final = 100

# What Telegram says of a request that it refuses (400 and 403), and what to do about it. Whatever else it says is a
# fault of ours, and the same request would be refused again.
_REFUSALS: Final = (
    ("user is deactivated", Problem.BAD_ADDRESS),
    ("chat not found", Problem.BAD_ADDRESS),
    ("user not found", Problem.BAD_ADDRESS),
    ("PEER_ID_INVALID", Problem.BAD_ADDRESS),
    ("chat_id is empty", Problem.BAD_ADDRESS),
    ("bot was blocked by the user", Problem.OPTED_OUT),
    ("bot can't initiate conversation with a user", Problem.OPTED_OUT),
)


class TelegramApi:
    """The calls Earshot makes for one bot. `close` lets its connections go."""

    def __init__(self, token: str, clocks: Clocks, base_url: str = "", timeout: float = 15.0) -> None:
        self._clocks = clocks
        server = TelegramAPIServer.from_base(base_url) if base_url else PRODUCTION
        self._session = Session(server, timeout)
        self._bot = Bot(token, session=self._session)
        self._timeout = timeout

    async def send(self, chat_id: int, text: str, buttons: Sequence[Option] = ()) -> SendResult:
        """Send one text, once and never again by itself. Whatever goes wrong on the way back is `Unknown`."""
        rows = [[InlineKeyboardButton(text=button.label, callback_data=button.id)] for button in buttons]
        asked_at = self._clocks.now()
        try:
            message = await self._bot(
                SendMessage(
                    chat_id=chat_id,
                    text=text,
                    # No parse mode: a resident's asterisk is an asterisk, and never a refusal.
                    parse_mode=None,
                    link_preview_options=LinkPreviewOptions(is_disabled=True),
                    reply_markup=InlineKeyboardMarkup(inline_keyboard=rows) if rows else None,
                )
            )
        except AiogramError as error:
            return _outcome_of(error)
        self._clocks.learn(asked_at, int(message.date.timestamp()), self._clocks.now())
        return Accepted(str(message.message_id))

    async def updates(self, offset: int | None, wait_seconds: int) -> list[tuple[int, bytes]]:
        """Wait for updates: the id of each, and its JSON as it came. Raises Outage.

        Naming an offset lets go of all before it. They are not read here: one update of a kind that aiogram does not
        know would take all others with it.
        """
        method = GetUpdates(
            offset=offset, limit=_MOST_UPDATES, timeout=wait_seconds, allowed_updates=list(ALLOWED_UPDATES)
        )
        try:
            status, content = await self._session.ask(self._bot, method, self._timeout + wait_seconds)
            if status != 200:
                self._session.check_response(self._bot, method, status, content)
            return [(_decode_id(raw).update_id, bytes(raw)) for raw in _decode_updates(content).result]
        except AiogramError as error:
            raise _outage_of(error) from None
        except msgspec.MsgspecError:
            raise Outage("Telegram's updates could not be read") from None

    async def end_tap(self, callback_id: str) -> None:
        """End a tap's spinner. Raises Outage; a tap long gone is no failure."""
        await self._tidy(AnswerCallbackQuery(callback_query_id=callback_id))

    async def take_buttons(self, chat_id: int, message_id: int) -> None:
        """Take a message's buttons away. Raises Outage; a message that has none, or is gone, is no failure."""
        await self._tidy(EditMessageReplyMarkup(chat_id=chat_id, message_id=message_id))

    async def leave(self, chat_id: int) -> None:
        """Leave a group or channel. Raises Outage; one that we are not in is no failure."""
        await self._tidy(LeaveChat(chat_id=chat_id))

    async def _tidy(self, method: TelegramMethod[Any]) -> None:
        """Ask for what needs doing at most once: where Telegram refuses it, it was done before, or is done with."""
        try:
            await self._bot(method)
        except (TelegramBadRequest, TelegramForbiddenError):
            return
        except AiogramError as error:
            raise _outage_of(error) from None

    async def subscribe(self, url: str, secret: str) -> None:
        """Ask Telegram to post updates to this address, what waits too. Raises Outage."""
        try:
            await self._bot(SetWebhook(url=url, secret_token=secret, allowed_updates=list(ALLOWED_UPDATES)))
        except TelegramBadRequest as refusal:
            raise Outage(f"Telegram refused the webhook address: {refusal.message}") from None
        except AiogramError as error:
            raise _outage_of(error) from None

    async def unsubscribe(self) -> None:
        """Ask Telegram to keep updates until they are polled; none is lost. Raises Outage."""
        try:
            await self._bot(DeleteWebhook())
        except AiogramError as error:
            raise _outage_of(error) from None

    async def recording(self, file_id: str, most: int) -> Recording:
        """Download a file of at most so many bytes. Raises RecordingGone, Outage."""
        try:
            file = await self._bot(GetFile(file_id=file_id))
        except TelegramBadRequest as refusal:
            if "temporarily" in refusal.message:
                raise Outage("Telegram does not have the voice note just now") from None
            if "too big" in refusal.message:
                raise RecordingGone(f"it is larger than {most // 1024 // 1024} MB") from None
            raise NoLongerThere from None
        except AiogramError as error:
            raise _outage_of(error) from None
        return await self._session.download(self._bot, file.file_path or "", most)

    async def standing(self) -> Standing:
        """Ask Telegram what it knows of our bot and its webhook. Raises Outage."""
        try:
            me = await self._bot(GetMe())
            webhook = await self._bot(GetWebhookInfo())
        except AiogramError as error:
            raise _outage_of(error) from None
        return Standing(
            username=me.username or "",
            can_join_groups=bool(me.can_join_groups),
            reads_groups=bool(me.can_read_all_group_messages),
            webhook_url=webhook.url,
            waiting=webhook.pending_update_count,
            last_error_at=int(webhook.last_error_date.timestamp()) * 1000 if webhook.last_error_date else None,
            last_error=webhook.last_error_message or "",
            allowed_updates=tuple(webhook.allowed_updates or ()),
        )

    async def close(self) -> None:
        """Let go of connections."""
        await self._session.close()


class Session(AiohttpSession):
    """aiogram's session with timeouts that tell "not connected" from "not answered", and without redirects.

    A redirected POST would be sent again, to another host, with the token in its address.
    """

    def __init__(self, server: TelegramAPIServer, seconds: float) -> None:
        super().__init__(api=server, timeout=seconds)

    async def ask(self, bot: Bot, method: TelegramMethod[Any], seconds: float) -> tuple[int, str]:
        """Make one request that may take so long; give its status and content. Raises TelegramNetworkError."""
        session = await self.create_session()
        url = self.api.api_url(token=bot.token, method=method.__api_method__)
        form = self.build_form_data(bot=bot, method=method)
        limits = aiohttp.ClientTimeout(total=seconds, sock_connect=_CONNECT_SECONDS)
        try:
            async with session.post(url, data=form, timeout=limits, allow_redirects=False) as response:
                return response.status, await response.text(errors="replace")
        except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError):
            raise NotConnected(method, "nobody answers") from None
        except (aiohttp.ClientError, TimeoutError, OSError) as problem:
            raise TelegramNetworkError(method, type(problem).__name__) from None

    async def download(self, bot: Bot, path: str, most: int) -> Recording:
        """Download a file by the path that Telegram gave. Raises RecordingGone, Outage; none shows the address."""
        session = await self.create_session()
        url = self.api.file_url(token=bot.token, path=path)
        try:
            async with session.get(url, timeout=LIMITS, allow_redirects=False) as response:
                return await read_recording(response, most)
        except (aiohttp.ClientError, TimeoutError, OSError) as problem:
            raise Outage(f"Telegram's file could not be fetched ({type(problem).__name__})") from None

    async def make_request(
        self,
        bot: Bot,
        method: TelegramMethod[TelegramType],
        timeout: int | None = None,  # noqa: ASYNC109  # aiogram's signature
    ) -> TelegramType:
        """Make one request in the usual time. Raises aiogram's errors."""
        status, content = await self.ask(bot, method, timeout or self.timeout)
        return cast(TelegramType, self.check_response(bot, method, status, content).result)

    async def close(self) -> None:
        """Let go of connections at once."""
        if self._session is not None:
            await self._session.close()


class NotConnected(TelegramNetworkError):
    """Nobody answered at Telegram's address, so nothing was sent."""


class _Updates(msgspec.Struct):
    result: list[msgspec.Raw]


class _Identified(msgspec.Struct):
    update_id: int


_decode_updates = msgspec.json.Decoder(_Updates).decode
_decode_id = msgspec.json.Decoder(_Identified).decode


# A 404 is a token that cannot be one, or an API server that does not know the method.
_ALWAYS: Final[Mapping[type[AiogramError], SendResult]] = {
    NotConnected: RetryAfter(_UNREACHABLE_SECONDS),
    TelegramUnauthorizedError: Rejected(Problem.CONFIGURATION, "401"),
    TelegramNotFound: Rejected(Problem.CONFIGURATION, "404"),
    TelegramConflictError: Rejected(Problem.CONFIGURATION, "409"),
    TelegramMigrateToChat: Rejected(Problem.BAD_ADDRESS, "400 migrated"),
    TelegramEntityTooLarge: Rejected(Problem.UNKNOWN, "413"),
    TelegramServerError: Unknown("Telegram failed"),
    RestartingTelegram: Unknown("Telegram restarts"),
}


def _outcome_of(error: AiogramError) -> SendResult:
    """Turn a failed send into what may be done. Only Telegram's own 4xx says for certain that nothing was sent."""
    match error:
        case _ if type(error) in _ALWAYS:
            return _ALWAYS[type(error)]
        case TelegramRetryAfter():
            return RetryAfter(float(error.retry_after))
        case TelegramForbiddenError():
            return _refusal_of("403", error.message, otherwise=Problem.OPTED_OUT)
        case TelegramBadRequest():
            return _refusal_of("400", error.message, otherwise=Problem.UNKNOWN)
        case TelegramNetworkError():
            return Unknown(error.message)
        case TelegramAPIError() if error.message.startswith("Too Many Requests"):
            return RetryAfter(_BACK_OFF_SECONDS)
        case _:  # no JSON, or JSON of another shape: a gateway's page, say
            return Unknown("the answer could not be read")


def _refusal_of(status: str, said: str, otherwise: Problem) -> Rejected:
    """Look a refusal up. Only words from the table go into the code: Telegram's own could repeat a resident's."""
    for words, problem in _REFUSALS:
        if words.casefold() in said.casefold():
            return Rejected(problem, f"{status} {words}")
    return Rejected(otherwise, status)


def _outage_of(error: AiogramError) -> Outage:
    """Say to an operator why Telegram could not be asked, and what to do."""
    match error:
        case TelegramUnauthorizedError() | TelegramNotFound():
            return Outage("Telegram does not know the bot: check TELEGRAM_BOT_TOKEN")
        case TelegramConflictError():
            return Outage(
                "Telegram gives updates to one asker only: stop the other program that polls this bot, or, if the "
                "bot has a webhook, remove it or set TELEGRAM_MODE=webhook"
            )
        case TelegramRetryAfter():
            return Outage(f"Telegram was asked too often; ask again in {error.retry_after} seconds")
        case TelegramNetworkError():
            return Outage(f"Telegram could not be reached ({error.message})")
        case _:
            return Outage(f"Telegram gave no usable answer ({type(error).__name__})")

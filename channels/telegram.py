"""Telegram: update to `Inbound`, by webhook or by polling, and `Outbound` to a text with buttons.

Nothing here knows a survey, and nothing is imported from aiogram until something is first sent or fetched. The Bot API
is described at core.telegram.org/bots/api.
"""

import asyncio
import hmac
import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

import structlog

from channels.base import (
    Accepted,
    Answer,
    Arrival,
    Inbound,
    Listed,
    Outage,
    Outbound,
    Problem,
    Receipt,
    Recording,
    Refused,
    Rejected,
    Request,
    Sender,
    SendResult,
    Unknown,
)
from channels.layout import split
from channels.telegram_checkup import problems
from channels.telegram_clock import Clocks
from channels.telegram_layout import CAPABILITIES, MAX_TEXT, buttons, in_words
from channels.telegram_updates import TapInbound, UpdateReader

if TYPE_CHECKING:
    from channels.telegram_api import TelegramApi

log = structlog.get_logger()

TOKEN_HEADER: Final = "x-telegram-bot-api-secret-token"  # noqa: S105  # the header's name, no secret
LARGEST_RECORDING: Final = 20 * 1024 * 1024
"""Bytes: the most that the Bot API lets a bot download."""
ONLY_IN_PRIVATE: Final = "I can only talk in private, so I leave this group. Tap my name to write to me."

_TOKEN = re.compile(r"(\d{1,20}):[A-Za-z0-9_-]+")
_SECRET = re.compile(r"[A-Za-z0-9_-]{1,256}")
_CHAT_ID = re.compile(r"-?\d{1,19}")
_NOTHING_TO_SAY: Final = Answer(b"", "text/plain; charset=utf-8")


class TokenRefused(ValueError):
    """TELEGRAM_BOT_TOKEN is none that Telegram could have given."""

    def __init__(self) -> None:
        super().__init__("TELEGRAM_BOT_TOKEN must be what @BotFather gave: digits, a colon, letters and digits.")


class SecretRefused(ValueError):
    """TELEGRAM_WEBHOOK_SECRET is none that Telegram would send back."""

    def __init__(self) -> None:
        super().__init__("TELEGRAM_WEBHOOK_SECRET must be 1 to 256 characters out of A-Z, a-z, 0-9, _ and -.")


class TelegramChannel:
    """Telegram through one bot. Safe to share between requests of one event loop."""

    name = "telegram"

    def __init__(
        self,
        *,
        token: str,
        clock: Callable[[], int],
        webhook_secret: str = "",
        api_base_url: str = "",
        only_in_private: str = ONLY_IN_PRIVATE,
        timeout: float = 15.0,
        poll_seconds: int = 25,
    ) -> None:
        """Set the channel up; nothing is sent. Raises TokenRefused and SecretRefused.

        Without `webhook_secret` every webhook call is refused. `timeout` is seconds for one call, `poll_seconds` how
        long Telegram may hold a poll until something comes, `clock` gives epoch milliseconds UTC, and
        `only_in_private` is what a group is told before we leave it.
        """
        parts = _TOKEN.fullmatch(token)
        if parts is None:
            raise TokenRefused
        if webhook_secret and not _SECRET.fullmatch(webhook_secret):
            raise SecretRefused
        self.capabilities = CAPABILITIES
        self.bot_id = parts[1]
        self._token = token
        self._secret = webhook_secret
        self._api_base_url = api_base_url
        self._only_in_private = only_in_private
        self._timeout = timeout
        self._poll_seconds = poll_seconds
        self._clock = clock
        self._clocks = Clocks(clock)
        self._reader = UpdateReader(self.name, self.bot_id, self._clocks)
        self._api: TelegramApi | None = None
        self._connecting = asyncio.Lock()

    def receive(self, request: Request) -> tuple[Inbound, ...]:
        """Read one update. Raises Refused: 403 without our secret, 400 if it cannot be read."""
        said = request.headers.get(TOKEN_HEADER, "").encode("latin-1", "replace")
        if not self._secret or not hmac.compare_digest(said, self._secret.encode()):
            raise Refused(403, "the secret token is missing or wrong")
        try:
            return self._reader.read(request.body, request.at, Arrival.WEBHOOK)
        except ValueError:
            raise Refused(400, "the body is no update of Telegram's") from None

    def receipts(self, request: Request) -> tuple[Receipt, ...]:
        """Refuse: Telegram reports no delivery to bots, so whoever calls is not Telegram. Raises Refused (403)."""
        raise Refused(403, "Telegram sends no delivery reports")

    def answer(self, messages: tuple[Outbound, ...]) -> Answer:
        """Write nothing: a message sent in the response would have no id, and no outcome that we hear of."""
        return _NOTHING_TO_SAY

    def lay_out(self, outbound: Outbound) -> str:
        """Write the text as the resident will see it: options as numbered lines unless buttons can show them."""
        return in_words(outbound.text, outbound.options)

    def segments(self, text: str) -> int:
        """Count nothing: a text costs nothing."""
        return 0

    async def send(self, outbound: Outbound) -> SendResult:
        """Send one message, once; nothing is sent after its expiry. The options become buttons under its last part.

        A text over 4,096 UTF-16 units goes as several messages. `Accepted` means all of them, with the id of the last,
        which has the buttons; once one is accepted and a later one is not, the outcome of the whole is `Unknown`.
        """
        if outbound.expires_at is not None and outbound.expires_at <= self._clock():
            return Rejected(Problem.EXPIRED, "")
        if not _CHAT_ID.fullmatch(outbound.address):
            return Rejected(Problem.BAD_ADDRESS, "")
        api, chat_id = await self._connected(), int(outbound.address)
        *others, last = split(self.lay_out(outbound), MAX_TEXT)
        for place, part in enumerate(others):
            result = await api.send(chat_id, part)
            if not isinstance(result, Accepted):
                return Unknown("a later part of the text was not accepted") if place else result
        result = await api.send(chat_id, last, buttons(outbound.options))
        if others and not isinstance(result, Accepted):
            return Unknown("a later part of the text was not accepted")
        return result

    async def poll(self, after: str) -> tuple[tuple[Inbound, ...], str]:
        """Wait for messages that came after a mark (empty: from the oldest kept); give them and the next mark.

        Whoever asks with a mark must have everything before it on disk: Telegram forgets it. Once nothing more came,
        the mark is empty again: after a week without updates Telegram begins anew at any number, and an old mark kept
        for ever would then hide all that is new. Raises Outage.
        """
        api = await self._connected()
        found: list[Inbound] = []
        last = ""
        for update_id, update in await api.updates(int(after) if after else None, self._poll_seconds):
            last = str(update_id + 1)
            try:
                found += self._reader.read(update, self._clock(), Arrival.POLL)
            except ValueError:
                # Waiting would not make it readable, and everything behind it waits.
                log.error("update cannot be read", channel=self.name, update_id=update_id)
        return tuple(found), last

    async def received_since(self, our_address: str, since: int) -> tuple[Inbound, ...]:
        """Give none: Telegram keeps no list. What we missed it sends again by itself, for 24 hours."""
        return ()

    async def sent_since(self, our_address: str, since: int) -> tuple[Listed, ...]:
        """Give none: Telegram keeps no list."""
        return ()

    async def acknowledge(self, inbound: Inbound) -> None:
        """End a tap's spinner and take the buttons away; say to a group that we talk in private, and leave it."""
        try:
            if isinstance(inbound, TapInbound):
                api = await self._connected()
                await api.end_tap(inbound.callback_id)
                await api.take_buttons(int(inbound.address), inbound.message_id)
            elif inbound.sender is not Sender.PERSON and inbound.fields.get("chat"):
                await self._leave(int(inbound.address), speaks=inbound.fields["chat"] != "channel")
        except Outage as outage:
            log.warning("not acknowledged", channel=self.name, update_id=inbound.event_id, reason=str(outage))

    async def take_buttons(self, address: str, provider_id: str) -> None:
        """Take the buttons off a message of ours. Raises Outage."""
        if _CHAT_ID.fullmatch(address) and provider_id.isdecimal():
            await (await self._connected()).take_buttons(int(address), int(provider_id))

    async def download(self, reference: str) -> Recording:
        """Download a voice note by Telegram's file id. Raises RecordingGone, Outage."""
        return await (await self._connected()).recording(reference, LARGEST_RECORDING)

    async def subscribe(self, url: str) -> None:
        """Ask Telegram to post updates to this address of ours, with our secret. Raises Outage."""
        await (await self._connected()).subscribe(url, self._secret)

    async def unsubscribe(self) -> None:
        """Ask Telegram to keep updates for polling; none is lost. Raises Outage."""
        await (await self._connected()).unsubscribe()

    async def problems(self, webhook_url: str) -> tuple[str, ...]:
        """Ask Telegram how our bot stands, and say what is wrong and what to do. Raises Outage.

        `webhook_url` is where Telegram should post to, empty where the bot is polled.
        """
        standing = await (await self._connected()).standing()
        return problems(standing, webhook_url, self._clock())

    async def close(self) -> None:
        """Let go of connections; the next call connects anew."""
        api, self._api = self._api, None
        if api is not None:
            await api.close()

    async def _leave(self, chat_id: int, *, speaks: bool) -> None:
        api = await self._connected()
        if speaks:
            await api.send(chat_id, self._only_in_private)
        await api.leave(chat_id)

    async def _connected(self) -> "TelegramApi":
        async with self._connecting:
            if self._api is None:
                # In a thread: the first import takes seconds, and messages keep coming in.
                api = await asyncio.to_thread(_telegram_api)
                self._api = api(self._token, self._clocks, self._api_base_url, self._timeout)
            return self._api


def _telegram_api() -> "type[TelegramApi]":
    from channels.telegram_api import TelegramApi

    return TelegramApi

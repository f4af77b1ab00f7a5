"""Buttons and lists at Twilio: each distinct message with buttons is made once as a Content object and sent by its id.

The text stands in the object as it is, not as a variable: Twilio refuses variables with line breaks (21656), and our
questions have them. Residents' words are in none of these texts. The object's name is a hash of what it shows, so that
another process or a restart finds it in Twilio's list; two processes may make the same one, which does no harm.
Nothing here ever fails a message: without an object the options go out as numbered lines.
"""

import asyncio
import hashlib
import json
from collections.abc import Awaitable, Callable, Mapping
from typing import Final, Protocol, TypeAlias

import structlog

from channels.base import Outage
from channels.whatsapp_layout import Buttons, Picker

CONTENT_SECONDS: Final = 5.0
"""The longest that a message waits for its Content object, so that there is time left to send it."""

REST_MS: Final = 60_000
"""After a failure the Content API is left alone for so long; questions meanwhile go out with numbered lines."""

NAME_PREFIX: Final = "earshot-"

# Content sent inside the 24-hour window is never submitted for approval, and nothing else asks for its language.
_LANGUAGE: Final = "en"

Types: TypeAlias = Mapping[str, Mapping[str, object]]
"""A Content object's `types`: what it shows, by kind (twilio.com/docs/content/content-types-overview)."""

log = structlog.get_logger()


class ContentRefused(Exception):
    """Twilio does not take this object, and would not the next time. `code` is Twilio's own."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class ContentApi(Protocol):
    """Twilio's Content API, as far as we use it: `channels.twilio_rest.TwilioRest`."""

    async def contents(self, prefix: str) -> dict[str, str]:
        """List the account's objects whose name begins so, as id by name. Raises Outage."""
        ...

    async def create_content(self, name: str, language: str, types: Types) -> str:
        """Make one object and give its id. Raises ContentRefused, or Outage where nobody knows."""
        ...


class Contents:
    """Knows the id of each message with buttons, and has it made where there is none. Safe to share between sends."""

    def __init__(
        self, connect: Callable[[], Awaitable[ContentApi]], clock: Callable[[], int], seconds: float = CONTENT_SECONDS
    ) -> None:
        self._connect = connect
        self._clock = clock
        self._seconds = seconds
        self._ids: dict[str, str] = {}  # by name; empty for what Twilio refused
        self._is_listed = False
        self._rests_until = 0
        self._making = asyncio.Lock()

    async def id_of(self, layout: Buttons | Picker) -> str:
        """Give the Content id of this message, made now if need be; empty if it cannot be had."""
        types = as_types(layout)
        name = name_of(types)
        if name in self._ids:
            return self._ids[name]
        async with self._making:
            if name not in self._ids and self._clock() >= self._rests_until:
                await self._find_or_make(name, types)
            return self._ids.get(name, "")

    def forget(self, layout: Buttons | Picker) -> None:
        """Take note that the object is gone; the next message like it makes it anew."""
        self._ids.pop(name_of(as_types(layout)), None)

    def give_up(self, layout: Buttons | Picker) -> None:
        """Take note that Twilio will not send the object: no more tries until a restart."""
        self._ids[name_of(as_types(layout))] = ""

    async def _find_or_make(self, name: str, types: Types) -> None:
        try:
            async with asyncio.timeout(self._seconds):
                api = await self._connect()
                if not self._is_listed:
                    self._ids = await api.contents(NAME_PREFIX) | self._ids
                    self._is_listed = True
                if name not in self._ids:
                    self._ids[name] = await api.create_content(name, _LANGUAGE, types)
        except ContentRefused as refusal:
            log.warning("buttons_refused", content=name, code=refusal.code)
            self._ids[name] = ""
        except (Outage, TimeoutError) as problem:
            log.warning("buttons_not_made", content=name, reason=str(problem) or "no answer in time")
            self._rests_until = self._clock() + REST_MS


def as_types(layout: Buttons | Picker) -> Types:
    """Write a message with buttons as Twilio's Content API wants it."""
    if isinstance(layout, Buttons):
        actions = [{"type": "QUICK_REPLY", "title": button.title, "id": button.id} for button in layout.buttons]
        return {"twilio/quick-reply": {"body": layout.body, "actions": actions}}
    items = [
        {"id": row.id, "item": row.title} | ({"description": row.description} if row.description else {})
        for row in layout.rows
    ]
    return {"twilio/list-picker": {"body": layout.body, "button": layout.opener, "items": items}}


def name_of(types: Types) -> str:
    """Name an object after what it shows: equal messages, and only they, have the same name."""
    shown = json.dumps(types, sort_keys=True, ensure_ascii=False).encode("utf-8", "surrogatepass")
    return NAME_PREFIX + hashlib.sha256(shown).hexdigest()[:40]

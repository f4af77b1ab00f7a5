"""Looking for messages of which nobody has heard: replies without a receipt, sends whose outcome stayed unknown.

Where the provider keeps a list, it is read, once per sender; what it has is ours under that id, what it has not after
two looks is sent again. A message is known by our id where the list has it, else by whom it is for, words and time.
Where no list is kept, `RESENDS_WITHOUT_A_LIST` is the policy.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import groupby

import structlog
from cryptography.exceptions import InvalidTag

from bot.service.options import read_options
from bot.service.outbox import STALE_AT_ONCE
from bot.service.receipts import decide
from channels.base import STATUS_RANK, Channel, Listed, Outage, Outbound
from storage import looks, receipts
from storage.errors import UnknownKey
from storage.keys import KeyRing
from storage.ledger import RESTORED
from storage.looks import Closed, Conclusion, Found, LookAgain, SendAgain, Unheard
from storage.outbox import REPLY, State
from storage.script import Database, Script

log = structlog.get_logger()

LOOKS = 2
SECOND_LOOK_MS = 60_000
BETWEEN_LOOKS_MS = 15_000
"""The second look comes so long after the message was made or its last try began, and after the first look."""

BEFORE_MS = 60_000
AFTER_MS = 120_000
"""How far the provider's time of a message may be from ours. Our clock may be ahead, and a doubled text costs more than
taking the same words, which the same person got a minute before, for it."""
TRIES = 4
"""A message that was tried so often, each time without an answer and without a trace, is given up."""

LOOKED_FOR_AT_ONCE = 1_000
SUPERSEDED_AT_ONCE = 500

RESENDS_WITHOUT_A_LIST: Mapping[str, int] = {REPLY: 1}
"""How often a message is sent again where nobody can say whether it went out, by purpose; any other purpose never.

A doubled question does no harm: the second is answered like the first. A reply that never came leaves a resident
waiting. A campaign message is not asked for, and a doubled one costs trust, so it is rather lost.
"""


class Looking:
    """Settles messages that may have gone out. Safe to run in several processes at once."""

    def __init__(
        self,
        database: Database,
        keys: KeyRing,
        channels: Mapping[str, Channel],
        *,
        now: Callable[[], int],
        test: bool = False,
    ) -> None:
        self._database = database
        self._keys = keys
        self._channels = channels
        self._now = now
        self._test = test

    async def look(self) -> int:
        """Look once for everything that is due to be looked for; give how many conclusions were drawn.

        While a provider cannot be asked, its messages stay as they are: an outage counts as no look.
        """
        now = self._now()
        while await self._database.run(lambda: looks.supersede(now, SUPERSEDED_AT_ONCE)) == SUPERSEDED_AT_ONCE:
            pass
        unheard = await self._database.read(
            lambda: looks.unheard(now, tuple(self._channels), self._test, LOOKED_FOR_AT_ONCE)
        )
        if not {message.key_id for message in unheard} - {None} <= set(self._keys.ids):
            await self._keys.reload(self._database)
        conclusions: list[Conclusion] = []
        # Several senders may be shown the same message, as the numbers of one Messaging Service are.
        taken: dict[str, set[str]] = {name: set() for name in self._channels}
        by_sender = sorted(unheard, key=_sender)
        for (name, our_address), messages in groupby(by_sender, key=_sender):
            channel = self._channels[name]
            if channel.capabilities.can_be_listed:
                conclusions += await self._by_list(channel, our_address, list(messages), now, taken[name])
            else:
                conclusions += [_by_policy(channel, message) for message in messages]
        if conclusions:
            await self._database.run(lambda: _conclude(conclusions, now))
        return len(conclusions)

    async def _by_list(
        self, channel: Channel, our_address: str, messages: Sequence[Unheard], now: int, taken: set[str]
    ) -> list[Conclusion]:
        try:
            listed = await channel.sent_since(our_address, min(_window(message)[0] for message in messages))
        except Outage as outage:
            log.warning("provider_cannot_be_asked", channel=channel.name, waiting=len(messages), reason=str(outage))
            return []
        named = _by_outbox_id(listed)
        on_list = _by_address_and_text(each for each in listed if not each.outbox_id)
        candidates = {
            message.id: named.get(message.id) or on_list.get(self._written(channel, message), [])
            for message in messages
        }
        ids = [each.provider_id for matches in candidates.values() for each in matches]
        taken |= await self._database.read(lambda: looks.taken_ids(channel.name, ids))
        conclusions: list[Conclusion] = []
        for message in messages:
            found = _first_within(_window(message), candidates[message.id], taken)
            if found is None:
                conclusions.append(_not_found(channel, message, now))
            else:
                taken.add(found.provider_id)
                rank = STATUS_RANK[found.status]
                conclusions.append(Found(message.id, message.looks, found.provider_id, found.status, rank))
        return conclusions

    def _written(self, channel: Channel, message: Unheard) -> tuple[str, str]:
        """Give the address and the text under which the provider would list this message."""
        if message.contact_id is None or message.address_encrypted is None or message.key_id is None:
            return "", ""
        try:
            address = self._keys.decrypt(bytes(message.address_encrypted), message.contact_id, message.key_id)
        except (InvalidTag, UnknownKey) as error:
            log.error("address_unreadable", outbox_id=message.id, error=type(error).__name__)
            return "", ""
        outbound = Outbound(
            id=message.id,
            address=address,
            our_address=message.our_address,
            text=message.text,
            options=read_options(message.options),
            purpose=message.purpose,
        )
        return address, channel.lay_out(outbound).strip()


def _conclude(conclusions: Sequence[Conclusion], now: int) -> Script[None]:
    yield from looks.conclude(conclusions, now)
    provider_ids = [conclusion.provider_id for conclusion in conclusions if isinstance(conclusion, Found)]
    if provider_ids:
        yield from receipts.apply_waiting(decide, STALE_AT_ONCE, provider_ids)


def _sender(message: Unheard) -> tuple[str, str]:
    return message.channel, message.our_address


def _window(message: Unheard) -> tuple[int, int]:
    """Say when the provider must have made the message: from when we handed it over, as far as the clocks agree.

    An inline reply goes out again with every repeat of its question, which renews the lease.
    """
    if message.state == State.REPLIED:
        return message.made_at - BEFORE_MS, max(message.made_at + AFTER_MS, message.lease_until)
    # After a restore nobody knows when it went out, only that it was before it was first looked for.
    return message.began_at - BEFORE_MS, max(message.began_at + AFTER_MS, message.lease_until)


def _by_outbox_id(listed: Iterable[Listed]) -> dict[str, list[Listed]]:
    """Sort what bears our own id, oldest first."""
    sorted_list: dict[str, list[Listed]] = {}
    for each in sorted(listed, key=lambda each: each.created_at):
        sorted_list.setdefault(each.outbox_id, []).append(each)
    return sorted_list


def _by_address_and_text(listed: Iterable[Listed]) -> dict[tuple[str, str], list[Listed]]:
    """Sort a list, oldest first, by whom each message is for and what it says.

    Texts match if they are equal but for white space at the ends. Where a provider changes letters on its way (Twilio's
    smart encoding), the channel's own `lay_out` must have made that change already, or nothing is found.
    """
    sorted_list: dict[tuple[str, str], list[Listed]] = {}
    for each in sorted(listed, key=lambda each: each.created_at):
        sorted_list.setdefault((each.address, each.text.strip()), []).append(each)
    return sorted_list


def _first_within(window: tuple[int, int], matches: Sequence[Listed], taken: set[str]) -> Listed | None:
    """Take the oldest that nobody has. The window is for messages that only look alike: our own id needs none."""
    earliest, latest = window
    for each in matches:
        if (each.outbox_id or earliest <= each.created_at <= latest) and each.provider_id not in taken:
            return each
    return None


def _not_found(channel: Channel, message: Unheard, now: int) -> Conclusion:
    if message.contact_id is None:
        return Closed(message.id, message.looks, State.CANCELLED, "erased")
    if message.looks + 1 < LOOKS:
        began_at = message.made_at if message.state == State.REPLIED else message.began_at
        return LookAgain(message.id, message.looks, max(began_at + SECOND_LOOK_MS, now + BETWEEN_LOOKS_MS))
    # A text that went in parts stands on the list in parts: that it is not found says nothing.
    if len(message.text) > channel.capabilities.max_text or message.attempts >= TRIES:
        log.error("message_given_up", outbox_id=message.id, attempts=message.attempts)
        return Closed(message.id, message.looks, State.FAILED, "outcome_unknown")
    log.info("message_sent_again", outbox_id=message.id, attempts=message.attempts)
    return SendAgain(message.id, message.looks)


def _by_policy(channel: Channel, message: Unheard) -> Conclusion:
    if message.contact_id is None:
        return Closed(message.id, message.looks, State.CANCELLED, "erased")
    if message.state == State.REPLIED and not channel.capabilities.delivery_receipts:
        # It went with the answer to the resident's own request; no better proof can ever come.
        return Closed(message.id, message.looks, State.ACCEPTED, "")
    # A backup knows nothing of what was sent since; nobody waits for this reply, whose next text brings the question.
    if message.code != RESTORED and message.attempts <= RESENDS_WITHOUT_A_LIST.get(message.purpose, -1):
        return SendAgain(message.id, message.looks)
    log.error("message_given_up", outbox_id=message.id, attempts=message.attempts)
    return Closed(message.id, message.looks, State.FAILED, "outcome_unknown")

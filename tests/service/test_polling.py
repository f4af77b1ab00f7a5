"""Polling tells the provider to forget only what is on disk."""

import pytest

from bot.service.polling import Polling
from channels.base import Inbound, Kind
from storage.turns import Busy, TurnFailed

ONE, TWO = (
    Inbound(
        channel="telegram",
        provider="telegram",
        account="1",
        event_id=name,
        kind=Kind.TEXT,
        address=name,
        our_address="1",
        text="STOKE",
        at=0,
    )
    for name in ("one", "two")
)


class Provider:
    """Gives both messages for ever, and notes by which marks it was asked."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    async def poll(self, after: str) -> tuple[tuple[Inbound, ...], str]:
        self.asked.append(after)
        return (ONE, TWO), "after two"


async def test_the_next_mark_is_asked_for_once_all_is_taken_in() -> None:
    provider, taken = Provider(), list[str]()

    async def take_in(inbound: Inbound) -> None:
        taken.append(inbound.event_id)

    polling = Polling(provider, take_in)
    assert await polling.once() == 2
    await polling.once()
    assert taken == ["one", "two"] * 2
    assert provider.asked == ["", "after two"]


async def test_a_message_that_could_not_be_kept_is_asked_for_again() -> None:
    provider = Provider()

    async def take_in(inbound: Inbound) -> None:
        if inbound is TWO:
            raise Busy("full")

    polling = Polling(provider, take_in)
    for _ in range(2):
        with pytest.raises(Busy):
            await polling.once()
    assert provider.asked == ["", ""]


async def test_a_message_whose_turn_failed_is_on_disk_and_not_asked_for_again() -> None:
    provider = Provider()

    async def take_in(inbound: Inbound) -> None:
        raise TurnFailed(inbound.event_id)

    polling = Polling(provider, take_in)
    await polling.once()
    await polling.once()
    assert provider.asked == ["", "after two"]

"""Phone numbers that follow each other are found where their holders answered at once or alike."""

import random

import pytest

from bot.analysis.merging.sequences import LEAST_NUMBERS, Caller, find_sequences, neighbours, phone_number
from tests.analysis.filling import BEGAN, DAY, MINUTE

CHOSEN = ("a=1", "b=2", "c=3")


def caller(
    number: int, *, at: int = BEGAN, choices: tuple[str, ...] = (), id: str = "", channel: str = "sms"
) -> Caller:
    return Caller(id or f"r{number}", channel, f"+447700900{number:03}", at, choices)


def found(*callers: Caller) -> list[list[str]]:
    return find_sequences(callers)


def test_neighbours_who_began_within_the_hour_are_found_among_others() -> None:
    chance = random.Random(1)
    others = [caller(number, at=BEGAN + chance.randrange(9 * DAY)) for number in range(400, 900, 7)]
    block = [caller(number, at=BEGAN + number * MINUTE) for number in (10, 11, 13, 16)]
    assert found(*others, *block) == [["r10", "r11", "r13", "r16"]]
    assert found(*reversed([*others, *block])) == found(*others, *block)


def test_neighbours_who_answered_alike_are_found_however_far_apart() -> None:
    block = [caller(number, at=BEGAN + number * DAY, choices=CHOSEN) for number in range(5)]
    assert found(*block, caller(5, at=BEGAN + 9 * DAY, choices=("a=2", "b=2", "c=3"))) == [
        ["r0", "r1", "r2", "r3", "r4"]
    ]


@pytest.mark.parametrize(
    "callers",
    [
        pytest.param([caller(n) for n in range(LEAST_NUMBERS - 1)], id="too few"),
        pytest.param([caller(n * 4) for n in range(9)], id="too far from each other"),
        pytest.param([caller(n, at=BEGAN + n * DAY) for n in range(9)], id="on days of their own"),
        pytest.param([caller(n, at=BEGAN + n * DAY, choices=("a=1", "b=2")) for n in range(9)], id="too few choices"),
        pytest.param([caller(1, id=f"r{n}") for n in range(9)], id="one shared phone"),
        pytest.param([caller(n, channel=("sms", "voice")[n % 2]) for n in range(6)], id="of two channels"),
    ],
)
def test_what_is_no_block(callers: list[Caller]) -> None:
    assert found(*callers) == []


def test_who_is_in_two_blocks_joins_them() -> None:
    at_once = [caller(n, at=BEGAN + n * MINUTE) for n in range(4)]
    alike = [caller(n, at=BEGAN + n * DAY, choices=CHOSEN) for n in range(4, 8)]
    both = caller(8, at=BEGAN, choices=CHOSEN)
    assert found(*at_once, *alike, both) == [["r0", "r1", "r2", "r3", "r4", "r5", "r6", "r7", "r8"]]


@pytest.mark.parametrize(
    ("address", "number"),
    [
        pytest.param("+447700900123", 447700900123, id="a phone number"),
        pytest.param("whatsapp:+447700900123", 447700900123, id="with its channel before it"),
        pytest.param("US.13491208655302741918", None, id="an id of WhatsApp's"),
        pytest.param("chat-17", None, id="a chat"),
        pytest.param("60123", None, id="a short code"),
    ],
)
def test_an_address_is_a_phone_number_or_none(address: str, number: int | None) -> None:
    assert phone_number(address) == number


def test_a_caller_shows_nobody_their_number() -> None:
    assert "7700" not in repr(caller(1)) + str([caller(1)])


def test_only_neighbours_are_looked_at_more_closely() -> None:
    near = {f"n{n}": ("sms", f"+44770090010{n}") for n in range(4)}
    assert neighbours({**near, "far": ("sms", "+447700900900"), "other": ("chat", "+447700900104")}) == set(near)

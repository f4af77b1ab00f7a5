"""Bursts are found against what is usual on their channel; ordinary days, helpers and dates alone are left in peace."""

import random
from collections.abc import Sequence

import pytest

from bot.analysis.merging.bursts import LEAST_STARTS, SPAN_MS, find_bursts
from storage.annotations import Beginning
from tests.analysis.filling import BEGAN, DAY, MINUTE


def began(ids: str, times: Sequence[int], channel: str = "sms", *, assisted: bool = False) -> list[Beginning]:
    return [Beginning(f"{ids}{n:04}", "", channel, "", assisted, at, "") for n, at in enumerate(sorted(times))]


def spread(seed: int, many: int, days: int = 10) -> list[int]:
    chance = random.Random(seed)
    return [BEGAN + chance.randrange(days * DAY) for _ in range(many)]


def found(*groups: list[Beginning]) -> list[list[str]]:
    every = sorted((each for group in groups for each in group), key=lambda each: (each.started_at, each.id))
    return find_bursts(every)


ORDINARY = began("d", spread(1, 800))
CROWD = [BEGAN + 3 * DAY + n * 9_000 for n in range(60)]


def test_a_crowd_is_found_with_all_who_were_in_it() -> None:
    (burst,) = found(ORDINARY, began("x", CROWD))
    assert {f"x{n:04}" for n in range(60)} <= set(burst)
    assert len(burst) <= 66


def test_ordinary_days_have_none() -> None:
    assert found(ORDINARY) == []
    assert found(began("d", spread(2, 5000, days=2))) == []


@pytest.mark.parametrize("start", [0, SPAN_MS // 2, SPAN_MS - 1], ids=["at the clock's mark", "between", "just before"])
def test_where_the_clock_stands_makes_no_difference(start: int) -> None:
    times = [BEGAN - BEGAN % SPAN_MS + 2 * DAY + start + n * (SPAN_MS - 1) // LEAST_STARTS for n in range(LEAST_STARTS)]
    quiet = began("d", [BEGAN + n * 7 * 60 * MINUTE for n in range(30)])
    assert [len(burst) for burst in found(quiet, began("x", times))] == [LEAST_STARTS]
    assert found(quiet, began("x", times[1:])) == []


@pytest.mark.parametrize(
    ("others", "crowd"),
    [
        pytest.param(began("d", spread(3, 12, days=1))[:5], began("x", CROWD), id="nothing to compare with"),
        pytest.param(ORDINARY, began("x", CROWD, assisted=True), id="entered by a helper"),
        pytest.param(ORDINARY, began("x", [BEGAN - BEGAN % DAY] * 60, "web"), id="another channel, of its own"),
        pytest.param([], began("x", spread(4, 20_000, days=1)), id="always as crowded"),
    ],
)
def test_what_is_no_burst(others: list[Beginning], crowd: list[Beginning]) -> None:
    assert found(others, crowd) == []


def test_a_date_without_a_time_is_no_crowd() -> None:
    midnight = BEGAN - BEGAN % DAY
    web = began("d", [midnight + n * 7 * 60 * MINUTE + 1 for n in range(40)], "web")
    assert found(web, began("x", [midnight] * 60, "web")) == []
    assert [len(burst) for burst in found(web, began("x", [midnight + 2 * MINUTE] * 60, "web"))] == [61]


def test_each_channel_has_its_own_usual() -> None:
    busy = began("b", spread(5, 12_000), "web")
    crowd = [BEGAN + 3 * DAY + n * 20_000 for n in range(30)]
    assert found(busy, began("x", crowd, "web")) == []
    assert [len(burst) for burst in found(busy, began("q", spread(6, 60)), began("x", crowd))] == [30]

"""The benchmark measures nothing that is wrong, and judges nothing on a busy machine."""

import random
from collections import Counter
from pathlib import Path

import pytest

from bench.driver import Load, Texters, WrongReply, drive, gather
from bench.quiet import Machine
from bench.telegram import EARSHOT, PeerReply, name_of
from bench.turns import Measured, bare
from bench.verdict import Row, telegram_rows
from bench.walk import Step, walk
from bench.wire import TextWriter, text_request

LATE, MANY = Row("p99", 90, "ms", 80, 40), Row("turns", 90, "x", 40, 80, more_is_better=True)


@pytest.mark.parametrize(
    ("machine", "reasons"),
    [(Machine(0.5, 0.1), 0), (Machine(1.6, 0.1), 1), (Machine(0.5, 0.6), 1), (Machine(9, 9), 2)],
    ids=["quiet", "loaded", "a slow disk", "both"],
)
def test_a_busy_machine_gives_its_reasons(machine: Machine, reasons: int) -> None:
    assert len(machine.reasons) == reasons


def test_a_figure_is_held_against_its_floor_and_its_aim() -> None:
    assert (LATE.verdict, LATE.is_missed) == ("NOT reached", True)
    assert (MANY.verdict, MANY.is_missed) == ("aim reached", False)
    assert Row("p99", 60, "ms", 80, 40).verdict == "floor reached"


@pytest.mark.parametrize("text", ["1 3", "Stop the boats & all that + 100%", "{sid} ça va? £5"])
def test_the_quick_writer_writes_what_the_plain_one_does(text: str) -> None:
    sid, sender = f"SM{'0' * 32}", "+447700900123"
    assert TextWriter()(sid, sender, text) == text_request(sid, sender, text)


async def test_a_wrong_reply_fails_the_run(tmp_path: Path) -> None:
    async with bare(tmp_path) as target:
        assert (await drive(target.server, target.crowd, 4, 0.2)).turns > 0
        wrong = [Step(step.text, "7/7 Something else") for step in walk(random.Random(1))]
        with pytest.raises(ExceptionGroup) as failed:
            await drive(target.server, Texters([wrong], random.Random(2)), 4, 0.2)
    assert failed.group_contains(WrongReply)


def test_residents_who_come_together_leave_after_different_texts_and_stay_from_run_to_run() -> None:
    way = walk(random.Random(1))
    crowd = Texters([way], random.Random(2))
    gather(crowd, 3 * len(way))
    assert Counter(len(resident.steps) for resident in crowd.here) == dict.fromkeys(range(1, len(way) + 1), 3)
    before = list(crowd.here)
    gather(crowd, 4)
    assert list(crowd.here) == before


@pytest.mark.parametrize(
    ("rates", "ratio"),
    [
        ({EARSHOT: 3_000, name_of(PeerReply.IN_RESPONSE): 600, name_of(PeerReply.SENT): 300}, 5.0),
        ({EARSHOT: 2_856}, 4.0),
    ],
    ids=["against the peer that replies at the least cost", "without Redis, against what it did elsewhere"],
)
def test_telegram_turns_are_held_against_the_peer(rates: dict[str, int], ratio: float) -> None:
    found = [
        Measured(name, 0, at_once, 1, Load(10, rate if at_once == 64 else 1, 1, 1, 1, 1, 1, 1))
        for name, rate in rates.items()
        for at_once in (1, 64)
    ]
    judged = telegram_rows(found)[0]
    assert (judged.value, judged.floor, judged.aim) == (ratio, 3, 6)

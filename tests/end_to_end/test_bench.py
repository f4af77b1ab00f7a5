"""The benchmark measures nothing that is wrong, and judges nothing on a busy machine."""

import random
from pathlib import Path

import pytest

from bench.driver import Crowd, WrongReply, drive
from bench.quiet import Machine
from bench.turns import bare
from bench.verdict import Row
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
            await drive(target.server, Crowd([wrong], random.Random(2)), 4, 0.2)
    assert failed.group_contains(WrongReply)

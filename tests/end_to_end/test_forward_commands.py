"""Destinations from the terminal alone: refused, added, listed, paused, replayed, removed; and what `doctor` says."""

from pathlib import Path
from typing import Any

import pytest
from msgspec import structs

from bench.serving import environment
from bot.analysis.forwarding.destinations import Replayed
from bot.cli.commands import main
from bot.cli.forwarding import say_replayed
from storage.destinations import Destination, Kind, Letter, State, Text
from tests.end_to_end.commands import SURVEY, Done, run

DESTINATION = Destination(
    id="1",
    name="council",
    survey=SURVEY,
    kind=Kind.WEBHOOK,
    target="https://council.example",
    text=Text.MASKED,
    state=State.RUNNING,
    seq=7,
    made_at=0,
    made_by="a test",
)


# Destinations over the database, test_delivering.py has tried on both engines.
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_an_operator_looks_after_destinations_at_the_terminal(published: str, tmp_path: Path) -> None:
    drops = tmp_path / "drops"
    drops.mkdir()
    settings = environment(published, FORWARD_TO=f"https://council.example/hooks,{drops}")

    async def types(*arguments: str | Path) -> Done:
        return await run("forward", *arguments, settings=settings, folder=tmp_path)

    async def says(*arguments: str | Path) -> str:
        done = await types(*arguments)
        assert (done.code, done.err) == (0, "")
        return done.out

    refused = await types("add", "evil", "--survey", SURVEY, "--to", "https://evil.example")
    assert (refused.code, refused.out) == (1, "")
    assert "FORWARD_TO does not list this address of evil.example" in refused.err
    added = await says("add", "council", "--survey", SURVEY, "--to", "https://council.example/hooks?key=x")
    (secret,) = [line for line in added.splitlines() if line.startswith("whsec_")]
    raw = await says("add", "drops", "--survey", SURVEY, "--to", drops, "--text", "raw")
    assert "RAW" in raw
    assert "whsec_" not in raw
    assert "drops gets nothing until" in await says("pause", "drops")
    assert "drops is paused already, and gets nothing until: forward resume drops" in await says("pause", "drops")
    assert (await says("list")).splitlines() == [
        f"council\t{SURVEY}\trunning\t0\t0\t0\tmasked\thttps://council.example/hooks\t",
        f"drops\t{SURVEY}\tpaused\t0\t0\t0\traw\t{drops}\t",
    ]
    changed = await says("secret", "council", "--hours", "0")
    assert "The old secret signs nothing from now on." in changed
    assert [line for line in changed.splitlines() if line.startswith("whsec_")] != [secret]
    doctor = await run("doctor", "--offline", settings={**settings, "FORWARD_TO": str(drops)}, folder=tmp_path)
    assert "problem  council gets nothing. FORWARD_TO does not list this address of council.example." in doctor.out
    assert "warning  Forwarding to drops is paused; 0 event(s) wait." in doctor.out
    assert "Removed drops." in await says("remove", "drops")


def test_a_replay_says_what_goes_again_and_when_and_if_nothing_why() -> None:
    def said(count: int, first: int | None = None, letter: Letter = Letter.DEAD, **stands: Any) -> str:
        return say_replayed(Replayed(count, structs.replace(DESTINATION, **stands)), first, letter)

    assert said(0) == "Nothing goes to council again: there are no dead letters."
    assert said(0, letter=Letter.WAITING) == "Nothing goes to council again: nothing that was refused waits."
    assert "again: it has come to number 7, and gets later ones anyway." in said(0, 8)
    assert f"again: {SURVEY} has no event with such a number." in said(0, 7)
    assert "2 event(s) go to council again. A receiver" in said(2)
    assert "which is paused, after: forward resume council" in said(2, state=State.PAUSED)
    assert "at its next try, 1970-01-01 00:01 UTC. Now: forward resume" in said(2, failing_since=1, next_at=60_000)


@pytest.mark.parametrize(
    "asked",
    [
        (),
        ("--from-seq", "1", "--dead"),
        ("--dead", "--to", "3"),
        ("--from-seq", "0"),
        ("--from-seq", "9" * 30),
        ("--dead", "--refused"),
    ],
)
def test_what_is_to_go_again_is_said_in_one_way(asked: tuple[str, ...]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["forward", "replay", "council", *asked])
    assert ended.value.code == 2

"""The table: every figure beside its floor and its aim (the design's numbers to reach), and whether it got there."""

import statistics
from collections.abc import Sequence
from dataclasses import dataclass

from bench.driver import Load
from bench.export import Exported
from bench.telegram import EARSHOT, PeerReply, Whole, name_of
from bench.turns import Measured

MILLION = 1_000_000
DJANGO, REDIS = 59.0, 714.0
"""Turns per second at 64 of Twilio's Django sample (4 workers) and of aiogram's FSM with Redis (appendfsync always),
measured once on such a machine and quiet. The first does not run here, the second only where redis-server is installed;
a ratio to either figure is an indication."""

_SHOWN = ("p50_ms", "p99_ms", "cpu_ms_per_turn", "driver_cpu_ms_per_turn", "memory_mb", "own_memory_mb")


@dataclass(frozen=True, slots=True)
class Row:
    """One figure. Without a floor it is for information."""

    what: str
    value: float
    unit: str
    floor: float | None = None
    aim: float | None = None
    more_is_better: bool = False

    @property
    def is_missed(self) -> bool:
        """Whether the floor is not reached."""
        return self.floor is not None and not self._reaches(self.floor)

    @property
    def verdict(self) -> str:
        """Say how far it got."""
        if self.floor is None or self.aim is None:
            return ""
        if self._reaches(self.aim):
            return "aim reached"
        return "floor reached" if self._reaches(self.floor) else "NOT reached"

    def _reaches(self, mark: float) -> bool:
        return self.value >= mark if self.more_is_better else self.value <= mark


def turn_rows(found: Sequence[Measured], *, few: int, many: int) -> list[Row]:
    """Judge inbound turns by the medians over the rounds."""
    ours, grown, bare = _runs(found, few), _runs(found, many), _runs(found, 0)
    rate, cpu = _median(ours, "turns_per_second"), _median(ours, "cpu_ms_per_turn")
    share = rate / _median(bare, "turns_per_second") * 100
    growth = _median(grown, "cpu_ms_per_turn") / cpu
    memory = max(m.load.memory_mb for m in found if m.answers == few)
    return [
        Row(
            "turns/s at 64, against Twilio's Django sample (59/s, measured elsewhere)", rate / DJANGO, "x", 40, 80, True
        ),
        Row("share of the bare durable limit, at 64", share, "%", 35, 60, True),
        Row("server CPU per turn, at 64", cpu, "ms", 0.40, 0.20),
        Row("p99 at 64", _median(ours, "p99_ms"), "ms", 80, 40),
        Row(f"CPU per turn with {many:,} stored answers against {few:,}", growth, "x", 1.25, 1.10),
        Row("memory serving SMS", memory, "MB", 200, 120),
    ]


def telegram_rows(found: Sequence[Measured | Whole]) -> list[Row]:
    """Judge turns by Telegram against the peer where it replies in its 200, which is the cheapest way that it has."""
    loads = _by_case(found)
    ours, peer = loads[EARSHOT, "64"], loads.get((name_of(PeerReply.IN_RESPONSE), "64"))
    rate = _median(ours, "turns_per_second")
    what = "Telegram turns/s at 64, against aiogram with Redis"
    if peer is None:
        return [Row(f"{what} (714/s, measured elsewhere)", rate / REDIS, "x", 3, 6, True)]
    sending = loads[name_of(PeerReply.SENT), "64"]
    return [
        Row(what, rate / _median(peer, "turns_per_second"), "x", 3, 6, True),
        Row("  where it calls sendMessage instead", rate / _median(sending, "turns_per_second"), "x"),
        Row(
            "  its CPU per turn against ours", _median(peer, "cpu_ms_per_turn") / _median(ours, "cpu_ms_per_turn"), "x"
        ),
    ]


def write_runs(found: Sequence[Measured | Whole]) -> str:
    """Write every case of some runs of load as a Markdown table: medians over the rounds."""
    lines = [
        "| server | at once | turns/s (least to most) | p50 ms | p99 ms | CPU ms/turn | driver's | RSS MB | own MB |",
        "|---|---:|---:|---:|---:|---:|---:|---:|---:|",
    ]
    for (name, at_once), loads in _by_case(found).items():
        rates = [load.turns_per_second for load in loads]
        cells = [_written(_median(loads, field)) for field in _SHOWN]
        spread = f"{statistics.median(rates):,.0f} ({min(rates):,.0f} to {max(rates):,.0f})"
        lines.append(f"| {name} | {at_once} | {spread} | {' | '.join(cells)} |")
    return "\n".join(lines)


def _by_case(found: Sequence[Measured | Whole]) -> dict[tuple[str, str], list[Load]]:
    """Gather the rounds of each case, in the order in which the cases were first measured."""
    loads: dict[tuple[str, str], list[Load]] = {}
    for run in found:
        loads.setdefault(run.case, []).append(run.load)
    return loads


def _runs(found: Sequence[Measured], answers: int) -> list[Load]:
    """Pick the rounds at 64 of one case; the bare limit is the one with no answers."""
    return [m.load for m in found if m.answers == answers and m.concurrency == 64]


def _median(loads: Sequence[Load], field: str) -> float:
    return float(statistics.median(getattr(load, field) for load in loads))


def export_rows(found: Sequence[Exported]) -> list[Row]:
    """Judge the exports by their medians."""
    rows = []
    for name in dict.fromkeys(done.format for done in found):
        runs = [done for done in found if done.format == name]
        seconds = statistics.median(done.seconds for done in runs)
        peak = statistics.median(done.peak_mb for done in runs)
        what = f"export of {runs[0].answers:,} answers, {name}"
        is_judged = name == "long-csv"
        rows.append(Row(what, seconds, "s", 6 if is_judged else None, 3 if is_judged else None))
        rows.append(
            Row("  its memory above the base", peak, "MB", 64 if is_judged else None, 32 if is_judged else None)
        )
    return rows


def write_table(rows: Sequence[Row], *, is_judged: bool) -> str:
    """Write the rows as a Markdown table, ready for docs/reference/performance.md."""
    lines = ["| what | measured | floor | aim | |", "|---|---:|---:|---:|---|"]
    for row in rows:
        marks = [f"{mark:g} {row.unit}" if mark is not None else "" for mark in (row.floor, row.aim)]
        verdict = row.verdict if is_judged or not row.verdict else f"({row.verdict}; not judged)"
        lines.append(f"| {row.what} | {_written(row.value)} {row.unit} | {marks[0]} | {marks[1]} | {verdict} |")
    if not is_judged:
        lines.append("\nNot judged: the machine was busy, or there were fewer than a million answers.")
    return "\n".join(lines)


def _written(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"

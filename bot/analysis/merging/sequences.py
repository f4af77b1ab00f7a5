"""Numbers that follow each other: a block of phone numbers whose holders answered at once or alike.

The rule: at least LEAST_NUMBERS phone numbers of one channel, each at most WIDEST_STEP above the one before, from which
people began within AT_ONCE of each other or gave the same answers to at least LEAST_CHOICES closed questions. In a city
such neighbours do not meet by chance: of a thousand million mobile numbers a few thousand answer.

Addresses come in here in the clear, in memory alone: only the group leaves.
"""

import re
from collections.abc import Mapping, Sequence

from msgspec import Struct

LEAST_NUMBERS = 4
WIDEST_STEP = 3
AT_ONCE_MS = 60 * 60_000
LEAST_CHOICES = 3

_PHONE = re.compile(r"(?:[a-z]+:)?\+?([1-9][0-9]{8,14})")


class Caller(Struct, frozen=True):
    """One response with the address that it came from, which its repr does not show."""

    id: str
    channel: str
    address: str
    started_at: int
    choices: tuple[str, ...]

    def __repr__(self) -> str:
        return f"Caller({self.id})"


def phone_number(address: str) -> int | None:
    """Read an address as an international phone number; None for what is none, such as a chat's id in letters."""
    found = _PHONE.fullmatch(address)
    return int(found[1]) if found else None


def neighbours(addresses: Mapping[str, tuple[str, str]]) -> set[str]:
    """Name those whose number has enough neighbours, given (channel, address) by name: the rest need no closer look."""
    numbered = _numbered([(name, channel, address) for name, (channel, address) in addresses.items()])
    return {name for run in _runs(numbered) for name in run}


def find_sequences(callers: Sequence[Caller]) -> list[list[str]]:
    """Find the blocks: the response ids of each, sorted."""
    by_id = {caller.id: caller for caller in callers}
    runs = _runs(_numbered([(caller.id, caller.channel, caller.address) for caller in callers]))
    found = []
    for run in runs:
        run_callers = [by_id[id] for id in run]
        for block in (*_at_once(run_callers), *_alike(run_callers)):
            if len({caller.address for caller in block}) >= LEAST_NUMBERS:
                found.append(sorted(caller.id for caller in block))
    return _joined(found)


def _numbered(addresses: Sequence[tuple[str, str, str]]) -> list[tuple[str, int, str]]:
    numbers = ((channel, phone_number(address), name) for name, channel, address in addresses)
    return sorted((channel, number, name) for channel, number, name in numbers if number is not None)


def _runs(numbered: Sequence[tuple[str, int, str]]) -> list[list[str]]:
    """Cut sorted numbers where the next is too far away; keep the runs of enough different numbers."""
    runs: list[list[tuple[str, int, str]]] = []
    for each in numbered:
        before = runs[-1][-1] if runs else None
        if before is not None and before[0] == each[0] and each[1] - before[1] <= WIDEST_STEP:
            runs[-1].append(each)
        else:
            runs.append([each])
    return [[name for _, _, name in run] for run in runs if len({number for _, number, _ in run}) >= LEAST_NUMBERS]


def _at_once(run: Sequence[Caller]) -> list[list[Caller]]:
    """Cut a run, by time, where more than an hour lies between two."""
    blocks: list[list[Caller]] = []
    for caller in sorted(run, key=lambda each: (each.started_at, each.id)):
        if blocks and caller.started_at - blocks[-1][-1].started_at <= AT_ONCE_MS:
            blocks[-1].append(caller)
        else:
            blocks.append([caller])
    return blocks


def _alike(run: Sequence[Caller]) -> list[list[Caller]]:
    """Sort a run by what was chosen; who chose too little says nothing."""
    by_choices: dict[tuple[str, ...], list[Caller]] = {}
    for caller in run:
        if len(caller.choices) >= LEAST_CHOICES:
            by_choices.setdefault(caller.choices, []).append(caller)
    return list(by_choices.values())


def _joined(blocks: Sequence[list[str]]) -> list[list[str]]:
    """Make one block of those that share a response: somebody is in one group, not in two."""
    joined: list[set[str]] = []
    for block in sorted(blocks):
        touching = [each for each in joined if each & set(block)]
        joined = [each for each in joined if each not in touching]
        joined.append(set(block).union(*touching))
    return sorted(sorted(block) for block in joined)

"""One pass to a destination: in which order its events go, and what has come of it so far."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from bot.analysis.forwarding.outcome import Failing
from storage.delivering import Item, Left, Work
from storage.destinations import Destination
from storage.events import EventRow

Chain: TypeAlias = list[Item]
"""The events of one response that are to be brought, in their order."""


@dataclass(slots=True)
class Progress:
    """What has come of a pass so far, by the events' numbers."""

    until: int
    taken: set[int] = field(default_factory=set)
    refused: dict[int, str] = field(default_factory=dict)
    broke: dict[int, str] = field(default_factory=dict)
    failing: Failing | None = None

    def goes_on(self, now: int) -> bool:
        """Whether another event may set out."""
        return self.failing is None and now < self.until

    def fail(self, item: Item, failing: Failing) -> None:
        """Note that an event did not get there. One that was refused before and is broken over is so again."""
        if failing.may_be_the_event and item.attempts:
            self.refused[item.event.seq] = failing.problem
            return
        self.failing = self.failing or failing
        if failing.may_be_the_event:
            self.broke[item.event.seq] = failing.problem

    def blame_the_event(self) -> None:
        """Where a receiver has taken others and broke over some, those are what it objects to: it does not fail."""
        if self.failing is not None and self.failing.may_be_the_event and self.taken:
            self.refused |= self.broke
            self.failing = None


def one_file(destination: Destination, work: Work) -> Work:
    """Give what goes again a file of its own, before anything new: so everything keeps its place."""
    again = [item for item in work.items if not item.is_new]
    return Work(again, (), destination.seq) if again else work


def a_try(destination: Destination, work: Work) -> Work:
    """Ask a receiver that fails with two responses, not with a crowd. One alone might be what it breaks over."""
    first = work.items[0].event.subject
    cut = next((place for place, item in enumerate(work.items, 1) if item.event.subject != first), len(work.items))
    items = work.items[:cut]
    seen_to = max((item.event.seq for item in items if item.is_new), default=destination.seq)
    return Work(items, [event for event in work.behind if event.seq <= seen_to], seen_to)


def chains(work: Work, bodies: Mapping[int, bytes], progress: Progress) -> list[Chain]:
    """Put the events of each response one behind the other. Where one cannot be written, its chain ends before it."""
    found: dict[str, Chain] = {}
    broken: set[str] = set()
    for item in work.items:
        subject = item.event.subject
        if subject in broken:
            continue
        if item.event.seq in bodies:
            found.setdefault(subject, []).append(item)
        else:
            broken.add(subject)
            progress.refused[item.event.seq] = "Earshot could not write it: report this"
    return list(found.values())


def behind(event: EventRow) -> Left:
    """Let an event wait for the earlier ones of its response."""
    return Left(event.seq, event.subject)

"""The form that makes a campaign: what was typed, what is wrong with it and at which field, and what is wanted."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from bot.core.survey import Language, SurveyDefinition
from bot.outreach.campaigns import Wanted
from storage.campaigns import CampaignRow

TYPED = ("name", "partner", "place", "keyword", "target", "starts_on", "ends_on")
MOST_DIGITS = 7

# How the refusals of `bot.outreach.campaigns` begin or end that a field of the form can mend.
_PLACES = (
    ("name", re.compile(r"^The name ")),
    ("partner", re.compile(r"^The partner ")),
    ("place", re.compile(r"^The place ")),
    ("keyword", re.compile(r"^The keyword |another keyword\.$")),
    ("target", re.compile(r"^The target ")),
    ("starts_on", re.compile(r"^The first day ")),
    ("ends_on", re.compile(r"^The last day |^The survey closes on ")),
    ("languages", re.compile(r" has no language ")),
    ("channels", re.compile(r" is no channel ")),
)


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong. `field` is the id of the field that can mend it, empty where none on the form can."""

    field: str
    text: str


@dataclass(frozen=True, slots=True)
class CampaignForm:
    """The form as it was typed, so that nothing is lost when it comes back."""

    typed: Mapping[str, str]
    languages: Sequence[str]
    channels: Sequence[str]
    is_to_run: bool

    @classmethod
    def blank(cls, definition: SurveyDefinition, drafts: Iterable[str], channels: Sequence[str]) -> "CampaignForm":
        """Begin one: every language that somebody has read, every channel, and running at once."""
        read = [each.code for each in definition.languages if each.code not in set(drafts)]
        return cls(dict.fromkeys(TYPED, ""), read or [definition.default_language], channels, is_to_run=True)

    @classmethod
    def of(cls, row: CampaignRow) -> "CampaignForm":
        """Write a campaign as the form that would make it."""
        typed = {name: str(getattr(row, name) or "") for name in TYPED}
        return cls(typed, row.languages, row.channels, is_to_run=False)

    @classmethod
    def read(cls, form: Mapping[str, str], languages: Iterable[Language], channels: Iterable[str]) -> "CampaignForm":
        """Read what was posted. A box that is ticked has a name of its own, so that each arrives."""
        return cls(
            {name: " ".join(form.get(name, "").split()) for name in TYPED},
            [each.code for each in languages if f"language-{each.code}" in form],
            [each for each in channels if f"channel-{each}" in form],
            is_to_run=form.get("do") == "run",
        )

    def problems(self) -> list[Problem]:
        """Find what only the form knows to be wrong; the rest is said when it is made."""
        found = []
        if self.typed["target"] and self._target is None:
            found.append(Problem("target", "Write how many answers you hope for in digits, such as 50, or nothing"))
        if not self.languages:
            found.append(Problem("languages", "Choose at least one language"))
        if not self.channels:
            found.append(Problem("channels", "Choose at least one way to take part"))
        return found

    def wanted(self, survey: str) -> Wanted:
        """Write it as a campaign that is wanted, as far as it can be read."""
        typed = self.typed
        return Wanted(
            survey=survey,
            name=typed["name"],
            partner=typed["partner"],
            place=typed["place"],
            keyword=typed["keyword"],
            languages=tuple(self.languages),
            channels=tuple(self.channels),
            target=self._target,
            starts_on=typed["starts_on"],
            ends_on=typed["ends_on"],
        )

    @property
    def _target(self) -> int | None:
        target = self.typed["target"]
        is_number = target.isascii() and target.isdecimal() and len(target) <= MOST_DIGITS
        return int(target) if is_number else None


def placed(problems: Iterable[str]) -> list[Problem]:
    """Find the field that each refusal is about."""
    return [Problem(next((name for name, says in _PLACES if says.search(text)), ""), text) for text in problems]

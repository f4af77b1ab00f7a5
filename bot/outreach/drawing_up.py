"""Draw up a campaign: what somebody wants, checked against every survey and campaign there is, all faults at once."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from bot.core.commands import find_language
from bot.core.invitation import CampaignState
from bot.core.language_names import names_of
from bot.core.survey import SurveyDefinition
from bot.core.window import Window, closed_by_hand, closes_at, day_in_use, last_day, london_day, moment, window
from bot.core.words import Words
from bot.outreach.keywords import faults, propose, tidy
from bot.surveys.insisted import INSISTED, missing_settings
from storage.campaigns import CampaignRow
from storage.surveys import VersionRow

CHANNELS = ("sms", "whatsapp", "telegram", "web")
"""Where a campaign's word is known."""

LONGEST = 100
"""Letters of a campaign's name, partner or place: they stand on a poster and in a table's cell."""
MOST_WANTED = 10_000_000
_JOINERS = dict.fromkeys((0x200C, 0x200D))  # between Persian letters they are part of the word


class CampaignRefused(Exception):
    """A campaign that cannot be made or changed. `problems` are whole sentences, each with what to do about it."""

    def __init__(self, *problems: str) -> None:
        self.problems = problems
        super().__init__(" ".join(problems))


@dataclass(frozen=True, slots=True)
class Wanted:
    """What somebody wants a campaign to be. Languages are codes or names; days are ISO 8601, in London.

    Without a keyword one is proposed; without languages it has every one that is no draft; without channels, all.
    """

    survey: str
    name: str
    partner: str = ""
    place: str = ""
    keyword: str = ""
    languages: tuple[str, ...] = ()
    channels: tuple[str, ...] = ()
    target: int | None = None
    starts_on: str = ""
    ends_on: str = ""


def draw_up(
    wanted: Wanted, versions: Sequence[VersionRow], campaigns: Sequence[CampaignRow], words: Words, now: int
) -> CampaignRow:
    """Make a draft of what is wanted; who made it, and whether it is a trial, are still to be filled in.

    `versions` and `campaigns` are all there are, `now` is epoch milliseconds UTC. Raises CampaignRefused.
    """
    problems = list(survey_problems(wanted.survey, versions, now))
    known = {row.survey: SurveyDefinition.from_json(row.definition) for row in versions if row.is_current}
    definition = known.get(wanted.survey)
    if definition is None:
        raise CampaignRefused(*problems)
    texts = {name: " ".join(getattr(wanted, name).split()) for name in ("place", "partner", "name")}
    keyword = tidy(wanted.keyword)
    languages = {asked: _language(definition, asked, words) for asked in wanted.languages}
    taken = [*(word for one in known.values() for word in one.keywords), *(row.keyword for row in campaigns)]
    problems += _text_problems(texts)
    problems += faults(keyword, definition, taken, words) if keyword else ()
    problems += _choice_problems(wanted, definition, languages)
    problems += _day_problems(wanted, definition, london_day(moment(now)))
    if problems:
        raise CampaignRefused(*problems)
    keyword = keyword or propose(tuple(texts.values()), definition, taken, words)
    return CampaignRow(
        id=keyword.lower(),
        survey=definition.id,
        keyword=keyword,
        **texts,
        languages=tuple(dict.fromkeys(languages.values())) or _without_drafts(definition),
        channels=tuple(one for one in CHANNELS if one in wanted.channels) or CHANNELS,
        target=wanted.target,
        starts_on=wanted.starts_on,
        ends_on=wanted.ends_on,
        state=CampaignState.DRAFT.value,
        made_at=now,
        made_by="",
        changed_at=now,
        test=False,
    )


def survey_problems(survey: str, versions: Sequence[VersionRow], now: int) -> tuple[str, ...]:
    """Say why no resident may be invited to a survey now; nothing if they may."""
    row = next((row for row in versions if row.survey == survey and row.is_current), None)
    if row is None:
        known = ", ".join(one.survey for one in versions if one.is_current) or "none"
        return (f"There is no survey {survey!r}. Published: {known}.",)
    definition = SurveyDefinition.from_json(row.definition)
    problems = []
    missing = [name for name in missing_settings(definition) if name != "closes"]
    if missing:
        said = ", nor ".join(f"{INSISTED[name]} ({name})" for name in missing)
        problems.append(f"{survey} does not say {said}. Fill that in on its settings sheet and publish a new version.")
    if not definition.closes:
        problems.append(f"{survey} does not say when it closes. Run: survey publish FILE --closes 2027-01-31")
    if window(definition, closed_by_hand(row.closed_at), moment(now)) is Window.CLOSED:
        problems.append(f"{survey} is closed, so nobody can be invited to it.")
    return tuple(problems)


def _text_problems(texts: dict[str, str]) -> list[str]:
    problems = [] if texts["name"] else ["The name is empty. Write what the campaign is called, such as Bentilee hall."]
    long = [what for what, text in texts.items() if len(text) > LONGEST]
    problems += [f"The {what} is over {LONGEST} letters long. Write it shorter." for what in long]
    strange = [what for what, text in texts.items() if not text.translate(_JOINERS).isprintable()]
    return problems + [f"The {what} has letters that cannot be printed. Write it again." for what in strange]


def _choice_problems(wanted: Wanted, definition: SurveyDefinition, languages: dict[str, str]) -> list[str]:
    """Say what is wrong with the target, the languages (code by what was asked for) and the channels."""
    is_number = wanted.target is None or 1 <= wanted.target <= MOST_WANTED
    problems = [] if is_number else ["The target must be a number of responses, 1 or more. Leave it out for none."]
    offered = ", ".join(one.code for one in definition.languages)
    unknown = [asked for asked, code in languages.items() if not code]
    problems += [f"{definition.id} has no language {asked!r}. It has: {offered}." for asked in unknown]
    strange = [one for one in wanted.channels if one not in CHANNELS]
    return problems + [f"{one!r} is no channel of a campaign. Choose from: {', '.join(CHANNELS)}." for one in strange]


def _day_problems(wanted: Wanted, definition: SurveyDefinition, today: date) -> list[str]:
    days: dict[str, date] = {}
    problems = []
    for what, written in (("first", wanted.starts_on), ("last", wanted.ends_on)):
        try:
            if written:
                days[what] = day_in_use(written)
        except ValueError:
            problems.append(f"The {what} day {written!r} is no date in the years 2000 to 2999. Write it as 2027-01-31.")
    problems += [f"The {what} day {day} is past. Today is {today}." for what, day in days.items() if day < today]
    if len(days) > 1 and days["last"] < days["first"]:
        problems.append(f"The last day {days['last']} is before the first, {days['first']}.")
    closes = closes_at(definition)
    late = max(days.values(), default=None)
    if late is not None and closes is not None and late > last_day(closes):
        problems.append(f"The survey closes on {last_day(closes)}, before {late}. End the campaign by then.")
    return problems


def _language(definition: SurveyDefinition, asked: str, words: Words) -> str:
    """Find a language of the survey by its code or a name; empty for none."""
    called = {one.code: (one.name, *names_of(one.code, one.name).every) for one in definition.languages}
    return find_language(asked, called, words, allow_code=True) or ""


def _without_drafts(definition: SurveyDefinition) -> tuple[str, ...]:
    return tuple(one.code for one in definition.languages if one.code not in definition.draft_languages)

"""The poster of a campaign, as a PDF: who asks, what to text where, how to begin in each language, how to stop.

The first page is in the survey's own language and says how to begin in each other one. Then each language has a page
of its own. Whoever has no camera, or no app, can do all of it by the large words alone.
"""

from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, date, datetime
from string import Formatter
from typing import Final, Literal, TypeAlias

import phonenumbers

from bot.core.form import RIGHT_TO_LEFT
from bot.core.language_names import names_of
from bot.core.phrases import Phrase, Phrases
from bot.core.survey import Language, SurveyDefinition, Texts, wording
from bot.core.window import closes_at, last_day
from bot.outreach.campaigns import Numbers, links, missing_settings
from bot.outreach.poster_page import Code, Line, Page, Start
from bot.outreach.poster_words import ENGLISH, PosterPhrase, PosterWords, has_draft, load_poster_words
from bot.service.catalogues import load_catalogues, phrases_of, write_day
from bot.surveys.insisted import INSISTED
from storage.campaigns import CampaignRow

Size: TypeAlias = Literal["A4", "A5"]
SIZES: Final[dict[Size, tuple[float, float]]] = {"A4": (210.0, 297.0), "A5": (148.0, 210.0)}
"""Width and height in millimetres (ISO 216)."""

_APPS: Final = {"whatsapp": "WhatsApp", "telegram": "Telegram"}
# A number or a name may be set and still not be shown, because its channel is off: so both are said.
_NOT_REACHED: Final = {
    "sms": "texts are off here, or their number is not known. TWILIO_SMS_FROM or NOTIFY_API_KEY turns them on;"
    " PRINTED_SMS_NUMBER, as +44..., is the number where TWILIO_SMS_FROM is none",
    "whatsapp": "WhatsApp is off here, or its number is not known. Set TWILIO_WHATSAPP_FROM, as +44...",
    "telegram": "Telegram is off here, or its bot's name is not known. Set TELEGRAM_BOT_TOKEN and TELEGRAM_BOT_NAME",
    "web": "this server's address is not known. Set PUBLIC_BASE_URL",
}


class PosterRefused(Exception):
    """A poster that cannot be printed. `problems` are whole sentences, each with what to do about it."""

    def __init__(self, *problems: str) -> None:
        self.problems = problems
        super().__init__(" ".join(problems))


def poster(
    campaign: CampaignRow,
    definition: SurveyDefinition,
    numbers: Numbers,
    *,
    size: Size,
    drafts: frozenset[str] = frozenset(),
    phrases: Phrases | None = None,
) -> bytes:
    """Write the PDF. The same campaign, survey, numbers and wording give the same bytes.

    `drafts` are languages that nobody has reviewed: a page with words in one has DRAFT across it, as has one whose
    poster words are a draft. A demo's campaign has DEMO at its head. `phrases` are the bot's sentences, with what
    reviewers corrected. It takes a processor for some seconds: call it beside the event loop. Raises PosterRefused.
    """
    problems = tuple(_problems(campaign, definition, numbers))
    if problems:
        raise PosterRefused(*problems)
    # What writes PDFs takes a second and 50 MB to load: a server that prints no poster needs neither.
    from bot.outreach.poster_layout import draw
    from bot.outreach.poster_pen import Pen, Unwritable

    author = _Author(campaign, definition, numbers, drafts, phrases or phrases_of(load_catalogues()))
    with closing(Pen(SIZES[size], datetime.fromtimestamp(campaign.made_at / 1000, UTC))) as pen:
        pen.pdf.set_title(f"{campaign.keyword}: {author.said(definition.title, definition.default_language)}")
        pen.pdf.set_author(author.said(definition.organisation, definition.default_language))
        pen.pdf.set_lang(definition.default_language)
        for page in author.pages():
            try:
                draw(pen, page)
            except Unwritable as problem:
                raise PosterRefused(f"The {size} page in {page.language} cannot be printed. {problem}") from problem
        return pen.finish()


def _problems(campaign: CampaignRow, definition: SurveyDefinition, numbers: Numbers) -> Iterator[str]:
    """Say what is missing, all of it at once."""
    missing = missing_settings(definition)
    if missing:
        said = ", nor ".join(f"{INSISTED[name]} ({name})" for name in missing)
        yield f"{definition.id} does not say {said}. Fill that in on its settings sheet and publish a new version."
    on = links(campaign, numbers)
    for channel in campaign.channels:
        if channel not in on:
            reason = _NOT_REACHED.get(channel, "no poster can show how to come there")
            yield f"{campaign.keyword} invites by {channel}, and {reason}."
    if not campaign.channels:
        yield f"{campaign.keyword} has no channel, so there is nothing to print."
    for number in (numbers.sms, numbers.whatsapp):
        if number and not number.startswith("+"):
            yield f"{number} is no number that a person can text. Set the number itself, as +44..."


@dataclass(frozen=True, slots=True)
class _Author:
    """Finds the words for each page."""

    campaign: CampaignRow
    definition: SurveyDefinition
    numbers: Numbers
    drafts: frozenset[str]
    phrases: Phrases

    def pages(self) -> Iterator[Page]:
        """Give the first page, and one for each other language of the campaign that poster words are there for."""
        own = self.definition.default_language
        known = load_poster_words()
        yield self._page(own, known.get(own, ENGLISH), "")
        for language in self._others():
            words = known.get(language.code)
            if words is not None:
                yield self._page(language.code, words, names_of(language.code, language.name).typed)

    def said(self, texts: Texts, language: str) -> str:
        """Choose a wording of the survey file."""
        return wording(texts, language, self.definition.default_language)

    @property
    def _texts(self) -> set[str]:
        """Name the channels by which a word can be sent: a web form asks for the language itself."""
        return set(self.campaign.channels) - {"web"}

    def _others(self) -> list[Language]:
        """List the campaign's languages without the survey's own, in the survey's order."""
        asked = set(self.campaign.languages) - {self.definition.default_language}
        return [language for language in self.definition.languages if language.code in asked]

    def _page(self, language: str, words: PosterWords, typed: str) -> Page:
        is_first = not typed
        others = self._others() if is_first else []
        organisation = self.said(self.definition.organisation, language)
        shown = {language, *(other.code for other in others)}
        return Page(
            language=language,
            is_rtl=language in RIGHT_TO_LEFT,
            is_draft=any(has_draft(code, self.drafts) for code in shown),
            organisation=f"{'DEMO · ' if self.campaign.test else ''}{organisation}",
            partner=self._partner(words),
            title=self.said(self.definition.title, language),
            about=words.sentences[PosterPhrase.ABOUT],
            call=tuple(self._call(words, typed)),
            scan=words.sentences[PosterPhrase.SCAN],
            codes=tuple(self._codes(words, typed)),
            others=words.sentences[PosterPhrase.OTHER_LANGUAGES] if self._texts else "",
            starts=tuple(self._starts(others)),
            notes=tuple(self._notes(words)),
            checks=tuple(self._checks(words)),
        )

    def _partner(self, words: PosterWords) -> str:
        """Say who asks together with the council, and where."""
        partner = self.campaign.partner
        together = words.sentences[PosterPhrase.TOGETHER_WITH].format(partner=partner) if partner else ""
        return " · ".join(filter(None, (together, self.campaign.place)))

    def _call(self, words: PosterWords, typed: str) -> Iterator[Line]:
        """Say in the largest words what to send to whom, by the first channel that needs no more than a phone."""
        channel = next(one for one in ("sms", "whatsapp", "telegram", "web") if one in self.campaign.channels)
        phrase = {"sms": PosterPhrase.TEXT_TO, "web": PosterPhrase.GO_TO}.get(channel, PosterPhrase.APP_TO)
        filled = {
            "words": f"{self.campaign.keyword} {typed}".strip(),
            "number": self._reached_at(channel),
            "address": _shown(links(self.campaign, self.numbers).get("web", "")),
        }
        between = ""
        for literal, field, _, _ in Formatter().parse(words.sentences[phrase].replace("{app}", _APPS.get(channel, ""))):
            between = literal.strip()
            if between:
                yield Line(between, is_key=False)
            if field:
                yield Line(filled[field], is_key=True)

    def _codes(self, words: PosterWords, typed: str) -> Iterator[Code]:
        names = {"sms": words.sentences[PosterPhrase.TEXT_MESSAGE], "web": words.sentences[PosterPhrase.WEB_FORM]}
        for channel, link in links(self.campaign, self.numbers, typed).items():
            yield Code(link, {**_APPS, **names}[channel], self._reached_at(channel))

    def _starts(self, others: list[Language]) -> Iterator[Start]:
        for language in others:
            names = names_of(language.code, language.name)
            words = f"{self.campaign.keyword} {names.typed}" if self._texts else ""
            yield Start(names.own, words, language.code, language.code in RIGHT_TO_LEFT)

    def _notes(self, words: PosterWords) -> Iterator[str]:
        """Say who may take part, until when, how to stop and come back, what it costs, and what it is not for."""
        yield self.phrases.say(Phrase.MINIMUM_AGE, words.language, age=self.definition.min_age)
        yield words.sentences[PosterPhrase.OPEN_UNTIL].format(date=write_day(self._last_day(), words.language))
        if "sms" in self._texts:
            yield self.phrases.say(Phrase.COST, words.language)
        if self._texts:
            yield words.sentences[PosterPhrase.STOP_ANY_TIME]
            yield words.sentences[PosterPhrase.STOPPED_BEFORE]
        yield self.phrases.say(Phrase.NOT_EMERGENCY, words.language)

    def _checks(self, words: PosterWords) -> Iterator[str]:
        """Say where to check that it is real, where the privacy notice is, and whom to ask."""
        definition, language = self.definition, words.language
        check, privacy = _shown(definition.verify_url), _shown(definition.privacy_url)
        if check == privacy:
            yield self.phrases.say(Phrase.CHECK, language, url=check)
        else:
            yield words.sentences[PosterPhrase.CHECK_REAL].format(url=check)
            yield self.phrases.say(Phrase.PRIVACY_AT, language, url=privacy)
        yield self.phrases.say(Phrase.HELP_PERSON, language, contact=self.said(definition.contact, language))

    def _last_day(self) -> date:
        closes = closes_at(self.definition)
        days = [last_day(closes)] if closes is not None else []
        return min([*days, *(date.fromisoformat(day) for day in (self.campaign.ends_on,) if day)])

    def _reached_at(self, channel: str) -> str:
        """Write where a channel is reached by hand; the web's address is too long for that beside a code."""
        match channel:
            case "sms":
                return as_dialled(self.numbers.sms)
            case "whatsapp":
                return as_dialled(self.numbers.whatsapp)
            case "telegram":
                return f"@{self.numbers.telegram.removeprefix('@')}"
            case _:
                return ""


def as_dialled(number: str) -> str:
    """Write a number as people in its country dial it: 07700 900123; one from abroad with its +."""
    parsed = phonenumbers.parse(number)
    is_here = parsed.country_code == 44
    form = phonenumbers.PhoneNumberFormat.NATIONAL if is_here else phonenumbers.PhoneNumberFormat.INTERNATIONAL
    return str(phonenumbers.format_number(parsed, form))


def _shown(address: str) -> str:
    """Write a web address as people type it."""
    return address.removeprefix("https://").removeprefix("http://").rstrip("/")

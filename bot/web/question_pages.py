"""The pages of one entry, a question on each: the same for residents by themselves and for who helps them."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import quote, urlencode

from fastapi import Response
from fastapi.responses import RedirectResponse

from bot.core import form
from bot.core.form import Became, Page, Posted
from bot.core.language_names import names_of
from bot.core.limits import FORM_CHARACTERS
from bot.core.phrases import Phrase
from bot.core.questionnaire import Questionnaire
from bot.core.survey import wording
from bot.service.forms import Forms, Sheet
from bot.web.cookie_secrets import new_secret
from bot.web.pages import Pages
from bot.web.security import TurnedAway
from bot.web.tongues import tongue
from storage.entries import Holder

ANSWER_LIMIT = 64 * FORM_CHARACTERS
"""Bytes of a posted page: what is too long by far is still read, so that it can be shown again and shortened."""
_CHOICE = "choice-"
SECRET = re.compile(r"[A-Za-z0-9_-]{43}")
_TOLD = {Became.NO_LONGER_ASKED: Phrase.NO_LONGER_ASKED, Became.OTHER_ANSWERS: Phrase.OTHER_ANSWERS}


@dataclass(frozen=True, slots=True)
class Place:
    """Where an entry's pages stand, and who sits there.

    `helps` is the campaign's name where somebody enters it for a resident, `leave` where they go from it, and `token`
    what their forms carry. `is_staff` says that they do so with an account of their own.
    """

    base: str
    holder: Holder
    helps: str = ""
    leave: str = ""
    token: str = ""
    is_staff: bool = False

    def at(self, question: str) -> str:
        """Return the address of a question's page; of the end, where there is none."""
        return f"{self.base}/q/{quote(question, safe='')}" if question else f"{self.base}/done"


class QuestionPages:
    """Shows an entry's pages and takes them back."""

    def __init__(self, forms: Forms, pages: Pages) -> None:
        self._forms = forms
        self._pages = pages

    async def show(self, place: Place, question: str, told: str = "") -> Response | None:
        """Show a question's page, or lead to where the entry stands; None where there is no entry."""
        sheet = await self._forms.sheet(place.holder)
        if sheet is None:
            return None
        if sheet.here.is_closed:
            return self.closed(sheet, is_late=told == Became.LATE and sheet.state.late)
        page = sheet.page(question)
        if page is None:
            return RedirectResponse(place.at(sheet.state.standing), 303)
        phrase = next((phrase for became, phrase in _TOLD.items() if became == told), None)
        problem = _say(sheet, Phrase.ANSWER_OR_SKIP) if told == _asked_again(page) else ""
        return self._page(place, sheet, page, problem=problem, told=_say(sheet, phrase) if phrase else "")

    async def take(self, place: Place, question: str, posted: dict[str, str]) -> Response | None:
        """Take a page back: to the next one with it, or shown again with what is amiss; None without an entry.

        A button of another language brings the same page in it, with what was filled in and not sent yet. Only a page
        that holds what was filled in is the answer itself: to any other the browser is led, so that Back finds it.
        """
        answer = read_posted(question, posted)
        if posted.get("lang"):
            return await self._speak(place, question, posted["lang"], answer)
        went = await self._forms.take(place.holder, answer)
        if went is None:
            return None
        sheet, taken = went
        match taken.became:
            case Became.ASKED_AGAIN:
                page = sheet.page(question)
                assert page is not None  # it was read just now
                if not _holds_something(answer):
                    return RedirectResponse(f"{place.at(question)}?told={_asked_again(page)}", 303)
                return self._page(place, sheet, page, answer, taken.problem)
            case Became.LATE | Became.CLOSED:
                return RedirectResponse(f"{place.at(question)}?told={taken.became}", 303)
            case Became.NO_LONGER_ASKED | Became.OTHER_ANSWERS if sheet.state.standing:
                return RedirectResponse(f"{place.at(sheet.state.standing)}?told={taken.became}", 303)
            case _:
                return RedirectResponse(place.at(sheet.state.standing), 303)

    async def _speak(self, place: Place, question: str, language: str, answer: Posted) -> Response | None:
        sheet = await self._forms.speak(place.holder, language)
        if sheet is None:
            return None
        if sheet.here.is_closed:
            return self.closed(sheet)
        page = sheet.page(question)
        if page is None or not _holds_something(answer):
            return RedirectResponse(place.at(question if page else sheet.state.standing), 303)
        return self._page(place, sheet, page, answer)

    async def done(self, place: Place, **more: object) -> Response | None:
        """Thank, and say what happens next; lead back to what still waits. None without an entry."""
        sheet = await self._forms.sheet(place.holder)
        if sheet is None:
            return None
        if sheet.state.standing:
            return RedirectResponse(place.at(sheet.state.standing), 303)
        last = form.last_page(sheet.questionnaire, sheet.state, sheet.here)
        thanks, *rest = form.thanks(sheet.questionnaire, sheet.state, sheet.here)
        return self._show(
            sheet,
            "form_done.html",
            200,
            thanks=thanks,
            rest=rest,
            place=place,
            change="" if sheet.here.is_closed or not last else place.at(last),
            **more,
        )

    def closed(self, sheet: Sheet, *, is_late: bool = False) -> Response:
        """Say that the survey is closed, and whether the answer that came after was kept."""
        on = sheet.here.closed_on
        said = [_say(sheet, Phrase.LATE_ON_PAGE)] if is_late else []
        if not is_late:
            said = [_say(sheet, Phrase.CLOSED_ON, date=on) if on else _say(sheet, Phrase.CLOSED)]
        return self._show(sheet, "form_closed.html", 200, said=said)

    def _page(
        self, place: Place, sheet: Sheet, page: Page, answer: Posted | None = None, problem: str = "", told: str = ""
    ) -> Response:
        return self._show(
            sheet,
            "form_page.html",
            422 if problem else 200,
            page=page,
            mark=sheet.mark,
            place=place,
            action=place.at(page.question.name),
            back=place.at(page.back) if page.back else "",
            answer=answer,
            problem=problem,
            told=told,
            kind=str(page.question.type),
            choice=_CHOICE,
            hands_over=bool(place.helps) and page.begins_about_you,
            languages=languages_of(sheet.questionnaire, sheet.language, {}, ""),
        )

    def _show(self, sheet: Sheet, template: str, status: int = 200, **content: object) -> Response:
        words = spoken(self._forms, sheet.questionnaire, sheet.language)
        calm = {}
        if sheet.calm is not None:
            language = sheet.calm.language
            calm = {"text": sheet.calm.text, "language": language, "direction": form.direction(language)}
        return self._pages.show(template, status, **words, calm=calm, **content)


def _asked_again(page: Page) -> str:
    """Say that nothing was sent, for as long as nothing has become of the question since."""
    return f"{Became.ASKED_AGAIN}.{page.step}"


def _holds_something(answer: Posted) -> bool:
    return answer.skips or bool(answer.choices or answer.text + answer.day + answer.month + answer.year)


def spoken(forms: Forms, questionnaire: Questionnaire, language: str) -> dict[str, object]:
    """Return what every page of a survey needs to speak a language.

    `tongue` marks a text that is in another; `say` does so itself, and `say_plainly` is for where no mark may stand.
    """
    marked, definition = tongue(questionnaire, language), questionnaire.definition

    def say_plainly(name: str, **values: object) -> str:
        return questionnaire.say(Phrase[name], language, short=False, **values)

    def say(name: str, **values: object) -> str:
        return marked(say_plainly(name, **values))

    return {
        "say": say,
        "say_plainly": say_plainly,
        "tongue": marked,
        "lang": language,
        "dir": form.direction(language),
        "title": questionnaire.title(language),
        # Another survey in this database may be another organisation's.
        "council": wording(definition.organisation, definition.default_language, definition.default_language)
        or "Earshot",
        "is_draft": forms.is_draft(questionnaire, language),
    }


def read_posted(question: str, posted: dict[str, str]) -> Posted:
    """Read a posted page. A browser sends each line's end as two characters, which nobody wrote. Raises TurnedAway."""
    if any("\0" in value for value in posted.values()):  # no browser sends one, and PostgreSQL keeps none
        raise TurnedAway(400, "That form could not be read", "Go back to the page and try again.")
    text = posted.get("text", "").replace("\r\n", "\n")
    step = posted.get("step", "")
    return Posted(
        question=question,
        step=int(step) if step.isascii() and step.isdecimal() and len(step) < 10 else -1,
        mark=posted.get("mark", ""),
        skips=posted.get("do") == "skip",
        choices=tuple(value for name, value in posted.items() if name == "answer" or name.startswith(_CHOICE)),
        text=text,
        day=posted.get("day", "").strip(),
        month=posted.get("month", "").strip(),
        year=posted.get("year", "").strip(),
    )


def secret_of(posted: Mapping[str, str]) -> str:
    """Return the secret that the opening was made with: the same page sent twice begins one response."""
    once = posted.get("once", "")
    return once if SECRET.fullmatch(once) else new_secret()


def language_of(questionnaire: Questionnaire, wanted: str) -> str:
    """Return the language wanted, where it is offered; else the survey's own."""
    offered = [language.code for language in questionnaire.offered]
    return wanted if wanted in offered else questionnaire.definition.default_language


def languages_of(
    questionnaire: Questionnaire, current: str, asked: Mapping[str, str], base: str
) -> list[dict[str, str]]:
    """List every language that is offered, by its own name."""
    kept = {name: asked[name] for name in ("c", "new") if asked.get(name)}
    return [
        {
            "code": language.code,
            "name": names_of(language.code, language.name).own,
            "dir": form.direction(language.code),
            "href": "" if language.code == current else f"{base}?{urlencode({'lang': language.code, **kept})}",
        }
        for language in questionnaire.offered
        if len(questionnaire.offered) > 1
    ]


def _say(sheet: Sheet, phrase: Phrase, **values: object) -> str:
    return sheet.questionnaire.say(phrase, sheet.language, short=False, **values)

"""The pages of one entry, a question on each: the same for residents by themselves and for who helps them."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import quote, urlencode

from fastapi import Request, Response
from fastapi.responses import RedirectResponse

from bot.core import form
from bot.core.form import Became, Page, Posted
from bot.core.language_names import names_of
from bot.core.limits import FORM_CHARACTERS
from bot.core.phrases import Phrase
from bot.core.questionnaire import Questionnaire
from bot.service.forms import Forms, Sheet
from bot.web.pages import Pages
from bot.web.security import PostedFrom, TurnedAway, new_secret, posted_from, read_form
from storage.entries import Holder

ANSWER_LIMIT = 64 * FORM_CHARACTERS
"""Bytes of a posted page: what is too long by far is still read, so that it can be shown again and shortened."""
_CHOICE = "choice-"
SECRET = re.compile(r"[A-Za-z0-9_-]{43}")
_TOLD = {Became.NO_LONGER_ASKED: Phrase.NO_LONGER_ASKED, Became.OTHER_ANSWERS: Phrase.OTHER_ANSWERS}


@dataclass(frozen=True, slots=True)
class Desk:
    """Where an entry's pages stand, and who sits there.

    `helps` is the campaign's name where somebody enters it for a resident, `leave` where they go from it, and `token`
    what their forms carry.
    """

    base: str
    holder: Holder
    helps: str = ""
    leave: str = ""
    token: str = ""

    def at(self, question: str) -> str:
        """Return the address of a question's page; of the end, where there is none."""
        return f"{self.base}/q/{quote(question, safe='')}" if question else f"{self.base}/done"


class QuestionPages:
    """Shows an entry's pages and takes them back."""

    def __init__(self, forms: Forms, pages: Pages) -> None:
        self._forms = forms
        self._pages = pages

    async def show(self, desk: Desk, question: str, told: str = "") -> Response | None:
        """Show a question's page, or lead to where the entry stands; None where there is no entry."""
        sheet = await self._forms.sheet(desk.holder)
        if sheet is None:
            return None
        if sheet.here.is_closed:
            return self.closed(sheet.questionnaire, sheet)
        page = sheet.page(question)
        if page is None:
            return RedirectResponse(desk.at(sheet.state.standing), 303)
        phrase = next((phrase for became, phrase in _TOLD.items() if became == told), None)
        return self._page(desk, sheet, page, told=_say(sheet, phrase) if phrase else "")

    async def take(self, desk: Desk, question: str, posted: dict[str, str]) -> Response | None:
        """Take a page back: to the next one with it, or shown again with what is amiss; None without an entry."""
        answer = read_posted(question, posted)
        went = await self._forms.take(desk.holder, answer)
        if went is None:
            return None
        sheet, taken = went
        match taken.became:
            case Became.ASKED_AGAIN:
                page = sheet.page(question)
                assert page is not None  # it was read just now
                return self._page(desk, sheet, page, answer, taken.problem)
            case Became.LATE | Became.CLOSED:
                return self.closed(sheet.questionnaire, sheet, is_late=taken.became is Became.LATE)
            case Became.NO_LONGER_ASKED | Became.OTHER_ANSWERS if sheet.state.standing:
                return RedirectResponse(f"{desk.at(sheet.state.standing)}?told={taken.became}", 303)
            case _:
                return RedirectResponse(desk.at(sheet.state.standing), 303)

    async def done(self, desk: Desk, **more: object) -> Response | None:
        """Thank, and say what happens next; lead back to what still waits. None without an entry."""
        sheet = await self._forms.sheet(desk.holder)
        if sheet is None:
            return None
        if sheet.state.standing:
            return RedirectResponse(desk.at(sheet.state.standing), 303)
        last = form.last_page(sheet.questionnaire, sheet.state, sheet.here)
        thanks, *rest = form.thanks(sheet.questionnaire, sheet.state, sheet.here)
        return self._show(
            sheet.questionnaire,
            sheet.language,
            "form_done.html",
            200,
            thanks=thanks,
            rest=rest,
            desk=desk,
            change="" if sheet.here.is_closed or not last else desk.at(last),
            **more,
        )

    def closed(self, questionnaire: Questionnaire, sheet: Sheet, *, is_late: bool = False) -> Response:
        """Say that the survey is closed, and whether the answer that came after was kept."""
        language, on = sheet.language, sheet.here.closed_on
        said = [questionnaire.say(Phrase.LATE, language)] if is_late else []
        if not is_late:
            said = [questionnaire.say(Phrase.CLOSED_ON, language, date=on) if on else _say(sheet, Phrase.CLOSED)]
        return self._show(questionnaire, language, "form_closed.html", 200, said=said)

    def _page(
        self, desk: Desk, sheet: Sheet, page: Page, answer: Posted | None = None, problem: str = "", told: str = ""
    ) -> Response:
        return self._show(
            sheet.questionnaire,
            sheet.language,
            "form_page.html",
            422 if problem else 200,
            page=page,
            mark=sheet.mark,
            desk=desk,
            action=desk.at(page.question.name),
            back=desk.at(page.back) if page.back else "",
            answer=answer,
            problem=problem,
            told=told,
            kind=str(page.question.type),
            choice=_CHOICE,
            hands_over=bool(desk.helps) and page.begins_about_you,
        )

    def _show(
        self, questionnaire: Questionnaire, language: str, template: str, status: int = 200, **content: object
    ) -> Response:
        return self._pages.show(template, status, **spoken(self._forms, questionnaire, language), **content)


def spoken(forms: Forms, questionnaire: Questionnaire, language: str) -> dict[str, object]:
    """Return what every page of a survey needs to speak a language."""

    def say(name: str, **values: object) -> str:
        return questionnaire.say(Phrase[name], language, short=False, **values)

    return {
        "say": say,
        "lang": language,
        "dir": form.direction(language),
        "title": questionnaire.title(language),
        "is_draft": forms.is_draft(questionnaire, language),
    }


async def own_form(request: Request, public_base_url: str) -> dict[str, str]:
    """Read a form that was posted from our own pages. Raises TurnedAway."""
    if posted_from(request, public_base_url) is not PostedFrom.OURS:
        raise TurnedAway(403, "That did not come from this site", "Open the survey's page and try again.")
    return await read_form(request, ANSWER_LIMIT)


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


def _say(sheet: Sheet, phrase: Phrase) -> str:
    return sheet.questionnaire.say(phrase, sheet.language)

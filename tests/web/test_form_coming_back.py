"""Coming back to answers on the web, on the same phone or by a code on another: nothing is lost, shown or mixed up."""

from collections.abc import AsyncIterator

import pytest

from storage.entries import RESUME_MS
from storage.keys import KeyRing
from storage.script import Database
from tests.service.forms_scene import DAY, hall
from tests.web.form_scene import PAGES, START, Browser, Site, site_of, started

# What they ask of the database, tests/service/test_forms.py tries on both engines.
pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@pytest.fixture
async def site(database: Database, keys: KeyRing) -> AsyncIterator[Site]:
    async with site_of(await hall(database, keys)) as running:
        yield running


@pytest.fixture
async def begun(site: Site) -> Browser:
    return await started(site)


async def test_back_never_shows_what_was_answered_and_loses_nothing(site: Site, begun: Browser) -> None:
    await begun.send(do="answer", answer="yes")
    await begun.open(f"{START}/q/use")
    assert "You have answered this." in begun.page
    assert "checked" not in begun.page
    await begun.send(do="answer")
    assert begun.path == f"{START}/q/often"
    assert await site.hall.rows("SELECT value_code FROM answer") == [("yes",)]


async def test_an_old_page_is_shown_again_with_its_answer_and_then_counts(site: Site, begun: Browser) -> None:
    action, old = begun.form()
    await begun.send(do="answer", answer="yes")
    await begun.post(action, **old, do="answer", answer="no")
    assert begun.problem.startswith("This question was answered since you opened this page.")
    assert 'value="no" checked' in begun.page
    await begun.send(do="answer", answer="no")
    assert await site.hall.rows("SELECT revision, value_code FROM answer WHERE question = 'use' ORDER BY 1") == [
        (1, "yes"),
        (2, "no"),
    ]


async def test_a_page_that_is_no_longer_asked_says_so_and_leads_on(begun: Browser) -> None:
    await begun.send(do="answer", answer="yes")
    action, old = begun.form()
    await begun.open(f"{START}/q/use")
    await begun.send(do="answer", answer="no")
    await begun.post(action, **old, do="answer", answer="yes")
    assert begun.path == f"{START}/q/needs"
    assert "That question is no longer asked" in begun.page


async def test_somebody_else_on_the_same_phone_begins_anew_and_sees_nothing(site: Site, begun: Browser) -> None:
    action, old = begun.form()
    await begun.send(do="answer", answer="yes")
    page = await begun.open(START)
    assert "Answers were begun on this phone or computer." in page
    await begun.send()
    assert begun.path == f"{START}/q/use"
    assert "You have answered this." not in begun.page
    assert await site.count() == 2
    await begun.post(action, **old, do="answer", answer="no")
    assert "That page belongs to other answers." in begun.page
    assert await site.hall.rows("SELECT value_code FROM answer") == [("yes",)]


async def test_what_was_begun_here_can_be_gone_on_with(begun: Browser) -> None:
    await begun.send(do="answer", answer="no")
    page = await begun.open(START)
    assert f'href="{START}/q/needs"' in page


async def test_after_a_week_of_silence_the_secret_leads_nowhere(site: Site, begun: Browser) -> None:
    site.hall.now += RESUME_MS + 1
    await begun.open(f"{START}/q/use")
    assert begun.path == START
    assert "Answers were begun" not in begun.page


@pytest.mark.parametrize("path", ["/q/use", "/q/nonsense", "/done"])
async def test_without_a_secret_every_page_leads_to_the_opening(site: Site, path: str) -> None:
    browser = site.browser()
    await browser.open(f"{START}{path}")
    assert browser.path == START


async def test_a_question_that_was_not_reached_leads_to_where_one_is(begun: Browser) -> None:
    await begun.open(f"{START}/q/age")
    assert begun.path == f"{START}/q/use"
    await begun.open(f"{START}/done")
    assert begun.path == f"{START}/q/use"


async def test_who_is_done_can_change_an_answer_or_let_someone_else_begin(site: Site, begun: Browser) -> None:
    for _, fields in PAGES:
        await begun.send(do="answer", **fields)
    assert f'href="{START}/q/faith">Change an answer</a>' in begun.page
    await begun.open(START)
    assert "Answers were begun" not in begun.page
    assert "A whole survey was answered on this phone or computer." in begun.page
    assert f'href="{START}/q/faith" role="button"' in begun.page
    assert "Start new, for someone else" in begun.page
    await begun.open(f"{START}?new=1")
    assert "Answers were begun" not in begun.page
    await begun.send()
    assert await site.count() == 2
    site.hall.now += DAY
    assert begun.path == f"{START}/q/use"


# -- codes


ELSEWHERE = "The answers begun here are on another phone now, or were removed."


def code_on(page: str) -> str:
    return page.split("<bdi>")[1].split("</bdi>")[0]


async def test_a_code_takes_the_answers_to_another_phone(site: Site, begun: Browser) -> None:
    await begun.send(do="answer", answer="no")
    await begun.send(f"{START}/code")
    code = code_on(begun.page)
    other = site.browser()
    await other.open(START)
    await other.send(f"{START}/go-on", code=f" {code.lower()} ")
    assert other.path == f"{START}/q/needs"
    await begun.open(f"{START}/q/needs")
    assert begun.path == START
    assert await site.count() == 1


async def test_the_code_is_the_same_as_often_as_its_page_is_loaded_until_it_is_used(site: Site, begun: Browser) -> None:
    await begun.open(f"{START}/code")
    assert begun.path == f"{START}/q/use", "no code was asked for"
    codes = {code_on(await begun.send(f"{START}/code"))}
    assert (begun.path, "https://earshot.example/s/halls" in begun.page) == (f"{START}/code", True)
    codes.add(code_on(await begun.open(f"{START}/code")))
    await begun.open(f"{START}/q/use")
    codes.add(code_on(await begun.send(f"{START}/code")))
    (code,) = codes
    other = site.browser()
    await other.open(START)
    await other.send(f"{START}/go-on", code=code)
    await other.open(f"{START}/code")
    assert other.path == f"{START}/q/use", "it is used"
    assert code_on(await other.send(f"{START}/code")) != code
    await begun.open(f"{START}/code")
    assert begun.path == START


async def test_the_first_phone_keeps_the_language_and_is_told_where_the_answers_are(site: Site) -> None:
    first, second = site.browser(), site.browser()
    await first.open(f"{START}?lang=ur")
    await first.send()
    await first.send(do="answer", answer="no")
    assert '<html lang="ur"' in await first.open(START)
    code = code_on(await first.open(f"{START}/q/needs") and await first.send(f"{START}/code"))
    await second.open(START)
    assert ELSEWHERE not in second.page
    await second.send(f"{START}/go-on", code=code)
    await first.open(f"{START}/q/needs")
    assert '<html lang="ur"' in first.page
    assert ELSEWHERE in first.page
    assert ELSEWHERE in await first.open(f"{START}?lang=en")
    await first.send()
    assert ELSEWHERE not in await first.open(START)


async def test_the_language_that_was_changed_on_a_page_is_kept_too(site: Site, begun: Browser) -> None:
    await begun.send(lang="ur")
    code = code_on(await begun.send(f"{START}/code"))
    second = site.browser()
    await second.open(START)
    await second.send(f"{START}/go-on", code=code)
    assert '<html lang="ur"' in await begun.open(START)


async def test_a_wrong_code_is_said_in_the_language_that_was_chosen(site: Site) -> None:
    browser = site.browser()
    await browser.open(f"{START}?lang=ur&c=hall7")
    await browser.send(f"{START}/go-on", code="2BCDFG34")
    assert browser.came == [f"{START}?lang=ur&c=hall7&told=code_wrong"]
    assert '<html lang="ur"' in browser.page
    await browser.open(f"{START}/go-on")
    assert browser.path == START, "a page that is loaded again is no bare error"


async def test_a_wrong_code_is_said_and_begins_nothing(site: Site) -> None:
    browser = site.browser()
    await browser.open(START)
    await browser.send(f"{START}/go-on", code="2BCDFG34")
    assert browser.problem == "That code cannot be used. Look at it again, or start without it."
    assert await site.count() == 0

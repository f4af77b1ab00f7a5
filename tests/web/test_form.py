"""The survey on the web as a resident's browser meets it: no account, no script, one secret."""

import re
from collections.abc import AsyncIterator

import pytest

from bot.core.limits import FORM_CHARACTERS
from storage import campaigns
from storage.keys import KeyRing
from storage.script import Database
from tests.service.forms_scene import HALLS, hall
from tests.service.safeguarding_scene import DANGER, WATCH
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


async def test_a_resident_answers_a_whole_survey(site: Site, begun: Browser) -> None:
    for name, fields in PAGES:
        assert begun.path == f"{START}/q/{name}"
        await begun.send(do="answer", **fields)
    assert (begun.path, begun.heading) == (f"{START}/done", "Thank you. That was the last question.")
    row = await site.hall.row()
    assert (row["status"], row["needs"], row["why"], row["age"]) == ("complete", "lights parks", row["why"], "34")
    assert await site.hall.rows("SELECT said FROM answer WHERE question = 'why'") == [("=Trees, at last\nand benches",)]


async def test_the_page_is_headed_by_the_organisation_of_its_own_survey(site: Site) -> None:
    page = await site.browser().open(START)
    assert "The newest survey" not in page
    asks = HALLS.organisation["en"]
    assert f"\u2013 {asks}</title>" in page
    assert f'<span class="council__name">{asks}</span>' in page


async def test_the_opening_names_who_asks_for_whom_and_every_language_in_its_own_letters(site: Site) -> None:
    browser = site.browser()
    page = await browser.open(START)
    assert browser.heading == "Our halls"
    for said in ("The council asks for your views", "aged 16 and over", "halls.example/privacy", "call 999"):
        assert said in page
    assert '<a class="govuk-link" href="/s/halls?lang=ur" lang="ur" hreflang="ur" dir="rtl">اردو</a>' in page


async def test_a_language_is_read_from_its_own_side(site: Site) -> None:
    browser = site.browser()
    page = await browser.open(f"{START}?lang=ur")
    assert '<html lang="ur" dir="rtl"' in page
    await browser.send()
    assert browser.heading == "کیا آپ ہال استعمال کرتے ہیں؟"
    row = await site.hall.row()
    assert (row["language"], row["language_source"]) == ("ur", "chosen")


async def test_looking_begins_nothing_and_start_pressed_twice_begins_once(site: Site) -> None:
    browser = site.browser()
    await browser.open(START)
    assert await site.count() == 0
    action, hidden = browser.form()
    await browser.post(action, **hidden)
    await browser.post(action, **hidden)
    assert await site.count() == 1


async def test_nothing_is_kept_in_the_browser_but_a_secret_that_no_script_reads(site: Site) -> None:
    browser = site.browser()
    await browser.open(START)
    action, hidden = browser.form()
    response = await browser.client.post(action, data=hidden)
    cookie = response.headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "Path=/s/halls" in cookie
    assert "SameSite=lax" in cookie
    assert response.headers["cache-control"] == "no-store"
    ((kept,),) = await site.hall.rows("SELECT secret_hash FROM entry")
    assert kept not in cookie


@pytest.mark.parametrize(
    ("fields", "problem"),
    [
        pytest.param({}, "Give an answer, or skip this question.", id="nothing"),
        pytest.param({"answer": "perhaps"}, "Give an answer, or skip this question.", id="no such choice"),
    ],
)
async def test_what_is_no_answer_is_said_at_its_field(begun: Browser, fields: dict[str, str], problem: str) -> None:
    await begun.send(do="answer", **fields)
    assert begun.problem == problem
    assert "<title>There is a problem: 1/4 Do you use a hall?" in begun.page


async def test_nothing_sent_leads_to_a_page_of_its_own_that_forgets_the_problem_with_the_answer(begun: Browser) -> None:
    await begun.send(do="answer")
    assert begun.came[-1] == f"{START}/q/use?told=asked_again.0"
    await begun.send(do="answer", answer="yes")
    await begun.open(begun.came[-2])
    assert "There is a problem" not in begun.page
    assert "You have answered this." in begun.page


async def test_what_was_filled_in_stands_in_no_address(begun: Browser) -> None:
    await begun.send(do="answer", answer="perhaps")
    assert (begun.status, begun.path) == (422, f"{START}/q/use")
    assert " data-posted>" in begun.page


async def test_words_that_are_too_long_come_back_whole(site: Site, begun: Browser) -> None:
    for _, fields in PAGES[:3]:
        await begun.send(do="answer", **fields)
    said = "ہ" * (FORM_CHARACTERS + 1)
    await begun.send(do="answer", text=said)
    assert begun.problem.startswith("Your answer has 10,001 characters.")
    assert said in begun.page
    assert await site.hall.rows("SELECT COUNT(*) FROM answer WHERE question = 'why'") == [(0,)]
    await begun.send(do="answer", text=said[1:])
    assert await site.hall.rows("SELECT said FROM answer WHERE question = 'why'") == [(said[1:],)]


async def test_every_question_can_be_skipped(site: Site, begun: Browser) -> None:
    for _ in range(6):  # whoever skips the first is not asked the second
        await begun.send(do="skip")
    assert begun.path.endswith("/done")
    row = await site.hall.row()
    assert (row["status"], row["use__state"], row["why__state"]) == ("complete", "skipped", "skipped")


async def test_a_plain_summary_and_what_is_consulted_on_stand_on_the_page(begun: Browser) -> None:
    assert "This is the plan." in begun.page
    assert "In short: open halls." in begun.page


async def test_a_day_of_the_survey_shows_in_no_address_what_was_answered(begun: Browser) -> None:
    for _, fields in PAGES:
        await begun.send(do="answer", **fields)
    assert not any(word in came for came in begun.came for word in ("yes", "Trees", "34", "lights"))


async def test_who_writes_of_danger_reads_where_help_is_on_the_next_page_alone(
    database: Database, keys: KeyRing
) -> None:
    async with site_of(await hall(database, keys, watch=WATCH)) as site:
        browser = site.browser()
        await browser.open(f"{START}?lang=ur")
        await browser.send()
        for _, fields in PAGES[:3]:
            await browser.send(do="answer", **fields)
        page = await browser.send(do="answer", text=DANGER)
        assert browser.path == f"{START}/q/since"
        assert '<p class="govuk-body form__lines" lang="en" dir="ltr">Thank you. These pages are not watched' in page
        assert "call 999" in await browser.open(f"{START}/q/since")
        site.hall.now += 1_000
        assert "watched" not in await browser.send(do="answer", day="3", month="5", year="2020")
        assert DANGER not in page
        assert "?" not in "".join(browser.came), "an address would stay in the browser's history"


async def test_the_language_can_be_changed_on_every_page_and_what_is_filled_in_stays(
    site: Site, begun: Browser
) -> None:
    await begun.send(do="answer", answer="yes")
    assert '<button class="govuk-link tongues__button" form="question" name="lang" value="ur"' in begun.page
    page = await begun.send(lang="ur", answer="no")
    assert begun.path == f"{START}/q/often"
    assert '<html lang="ur" dir="rtl"' in page
    assert re.search(r'value="no"[^>]* checked', page)
    row = await site.hall.row()
    assert (row["use"], row["often"], row["language"], row["language_source"]) == ("yes", "", "ur", "chosen")
    await begun.send(do="answer", answer="no")
    assert begun.heading == "What is needed?", "what is not translated falls back to English"
    for wrong in ("xx", "ur"):
        await begun.send(lang=wrong, **{"choice-parks": "parks"})
    assert (await site.hall.row())["language"] == "ur"
    await begun.client.post(f"{START}/q/needs", data={"lang": "en", "mark": "", "step": ""})
    assert (await site.hall.row())["needs"] == ""


async def test_what_nobody_has_translated_is_marked_as_the_language_it_is_in(site: Site) -> None:
    """A reader that speaks must not read English out as if it were Urdu (WCAG 3.1.2)."""

    def in_english(text: str) -> bool:
        return f'<span lang="en" dir="ltr">{text}</span>' in browser.page

    browser = site.browser()
    await browser.open(f"{START}?lang=ur")
    assert in_english("The council asks for your views: ہمارے ہال."), "the bot's own sentence, with its values"
    assert "<title>ہمارے ہال" in browser.page
    await browser.send()
    assert '<html lang="ur" dir="rtl"' in browser.page
    assert in_english("This is the plan.")
    assert in_english("Continue")
    assert not in_english("کیا آپ ہال استعمال کرتے ہیں؟")
    await browser.send(do="answer", answer="yes")
    assert in_english("Every week?"), "a question of the survey"
    assert not in_english("ہاں")
    await browser.send(do="answer")
    assert in_english("Give an answer, or skip this question.")
    title = browser.page.split("<title>")[1].split("</title>")[0]
    assert title.startswith("There is a problem: 2/"), "no mark where none may stand"
    await browser.send(lang="en")
    assert "<span lang=" not in browser.page.split("<h1")[1].split("<footer")[0]


# -- by an invitation


async def test_who_comes_by_a_campaigns_link_is_counted_for_it(site: Site) -> None:
    browser = site.browser()
    await browser.open(f"{START}?c=hall7")
    assert "This invitation is not open now." not in browser.page
    await browser.open(f"{START}?lang=ur&c=hall7")
    await browser.send()
    assert (await site.hall.row())["campaign"] == "c1"


async def test_a_campaign_that_is_over_counts_nobody_and_turns_nobody_away(site: Site) -> None:
    await site.hall.database.run(lambda: campaigns.change_state("c1", "ended", site.hall.now))
    browser = site.browser()
    await browser.open(f"{START}?c=HALL7")
    assert "This invitation is not open now. You can take part here all the same." in browser.page
    await browser.send()
    assert (await site.hall.row())["campaign"] == ""

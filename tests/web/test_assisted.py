"""Answering with somebody's help, by a worker signed in or by a volunteer's link, and who is refused."""

import re
from collections.abc import AsyncIterator

import pytest

from bot.web.accounts import StaffRefused, create_staff
from bot.web.assisted import PAGE
from storage import campaigns
from storage.auditing import refused_sign_ins
from storage.keys import KeyRing
from storage.script import Database
from storage.volunteers import TRIES
from tests.service.forms_scene import NOON, campaign, hall
from tests.web.form_scene import BASE, Browser, Site, site_of

# What they ask of the database, tests/service/test_forms.py tries on both engines.
pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)

ENTRY = f"{PAGE}/c1"
HEARD = {"heard": "yes", "source": "assisted"}
HOUR = 3_600_000


@pytest.fixture
async def site(database: Database, keys: KeyRing) -> AsyncIterator[Site]:
    async with site_of(await hall(database, keys)) as running:
        yield running


@pytest.fixture
async def worker(site: Site) -> Browser:
    """Sign in whoever made the campaign."""
    browser = await site.staff()
    await browser.open(ENTRY)
    return browser


async def link(worker: Browser, **fields: str) -> tuple[str, str]:
    """Make a volunteer's link; give its path and its PIN."""
    await worker.open(ENTRY)
    await worker.send(f"{ENTRY}/links", **{"name": "Saturday", "hours": "4", **fields})
    url = re.search(r'value="([^"]+/v/[^"]+)"', worker.page)
    pin = re.search(r'form__pin">([\d ]+)<', worker.page)
    assert url is not None
    assert pin is not None
    return url[1].removeprefix(BASE), pin[1].replace(" ", "")


async def skip_to_the_end(helper: Browser) -> None:
    for _ in range(20):
        if helper.path.endswith("/done"):
            return
        await helper.send(do="skip")
    pytest.fail(f"there is no end: {helper.path}")


@pytest.fixture
async def volunteer(site: Site, worker: Browser) -> Browser:
    """Let a volunteer in by a link and its PIN."""
    path, pin = await link(worker)
    browser = site.browser()
    await browser.open(path)
    await browser.send(pin=pin)
    assert browser.path == path
    return browser


# -- a worker


@pytest.mark.parametrize("source", ["assisted", "paper", "phone"])
async def test_a_worker_enters_an_answer_for_somebody(site: Site, worker: Browser, source: str) -> None:
    await worker.send(heard="yes", source=source)
    await worker.send(do="answer", answer="yes")
    await skip_to_the_end(worker)
    assert f'href="{ENTRY}"' in worker.page
    assert "Enter another" in worker.page
    row = await site.hall.row()
    assert (row["source"], row["channel"], str(row["assisted"]), row["campaign"]) == (source, source, "1", "c1")
    assert (row["status"], row["use"]) == ("complete", "yes")
    assert await site.hall.rows("SELECT DISTINCT input FROM answer") == [("assisted",)]
    assert ("amina", "began an assisted answer") in await site.audit()


async def test_the_declaration_is_read_out_in_the_residents_language_and_ticked(site: Site, worker: Browser) -> None:
    await worker.open(f"{ENTRY}?lang=ur")
    assert 'lang="ur" dir="rtl"' in worker.page
    assert "halls.example/privacy" in worker.page
    await worker.send(source="assisted")
    assert worker.problem == "Read it out, or see that they have read it, and tick the box"
    await worker.send(heard="yes", source="telepathy")
    assert worker.problem == "Choose how the answers come to you"
    assert await site.count() == 0
    await worker.send(**HEARD)
    assert worker.heading == "کیا آپ ہال استعمال کرتے ہیں؟"


@pytest.mark.parametrize("lang", ["en", "ur"])
async def test_whoever_helps_reads_the_buttons_in_english_beside_the_residents_language(
    worker: Browser, lang: str
) -> None:
    await worker.open(f"{ENTRY}?lang={lang}")
    await worker.send(**HEARD)
    await worker.send(do="skip")
    for english in ("Continue", "Skip this question", "Back"):
        assert (f'<span lang="en" dir="ltr">({english})</span>' in worker.page) == (lang == "ur")


async def test_a_worker_is_told_that_a_link_is_safer_than_the_phone_they_are_signed_in_on(
    worker: Browser, volunteer: Browser
) -> None:
    for helper, is_told in ((worker, True), (volunteer, False)):
        await helper.open(ENTRY if helper is worker else helper.path)
        await helper.send(**HEARD)
        while "Hand the phone over" not in helper.page and "The next questions are about you" not in helper.page:
            await helper.send(do="skip")
        assert ("a phone that is signed in as you" in helper.page) == is_told


async def test_the_phone_is_handed_over_for_the_questions_about_them(worker: Browser) -> None:
    await worker.send(**HEARD)
    told = []
    for _ in range(20):
        if worker.path.endswith("/done"):
            break
        told.append((worker.path.rsplit("/", 1)[1], "The next questions are about you." in worker.page))
        await worker.send(do="skip")
    assert [name for name, is_told in told if is_told] == ["age"]


async def test_start_and_a_page_sent_twice_are_one_answer(site: Site, worker: Browser) -> None:
    action, hidden = worker.form()
    await worker.post(action, **hidden, **HEARD)
    await worker.post(action, **hidden, **HEARD)
    action, hidden = worker.form()
    await worker.post(action, **hidden, do="answer", answer="yes")
    await worker.post(action, **hidden, do="answer", answer="yes")
    assert await site.count() == 1
    assert await site.hall.rows("SELECT question, revision FROM answer") == [("use", 1)]


async def test_what_was_entered_is_not_shown_again(worker: Browser) -> None:
    await worker.send(**HEARD)
    first = worker.path
    await worker.send(do="answer", answer="yes")
    await worker.open(first)
    assert "You have answered this." in worker.page
    assert "checked" not in worker.page


@pytest.mark.parametrize("how", [{"state": "paused"}, {"ends_on": "2026-01-13"}], ids=["paused", "over"])
async def test_nothing_is_entered_for_a_campaign_that_does_not_run(site: Site, how: dict[str, object]) -> None:
    row = campaign(id="c2", keyword="HALL8", **how)
    await site.hall.database.run(lambda: campaigns.add(row))
    browser = await site.staff()
    await browser.open(f"{PAGE}/c2")
    assert (browser.status, browser.heading) == (409, "No answers can be entered now")


async def test_what_was_begun_before_a_pause_is_finished(site: Site, worker: Browser) -> None:
    await worker.send(**HEARD)
    await site.hall.database.run(lambda: campaigns.change_state("c1", "paused", site.hall.now))
    await worker.send(do="answer", answer="no")
    assert worker.path.endswith("/q/needs")


@pytest.mark.parametrize(
    ("name", "role", "heading"),
    [
        pytest.param("ben", "worker", "That campaign is not yours", id="another worker"),
        pytest.param("ben", "analyst", "This page is not for you", id="an analyst"),
        pytest.param("ben", "safeguarding", "This page is not for you", id="the safeguarding lead"),
    ],
)
async def test_nobody_else_enters_for_it(site: Site, worker: Browser, name: str, role: str, heading: str) -> None:
    await worker.send(**HEARD)
    question = worker.path
    other = await site.staff(name, role)
    for path in (ENTRY, question):
        await other.open(path)
        assert (other.status, other.heading) == (403, heading)
    assert (name, "refused") in await site.audit()


async def test_an_admin_helps_too_but_not_within_a_workers_entry(site: Site, worker: Browser) -> None:
    await worker.send(**HEARD)
    admin = await site.staff("ada", "admin")
    await admin.open(worker.path)
    assert admin.status == 404
    await admin.open(ENTRY)
    assert admin.heading == "Answer with somebody"


async def test_who_is_not_signed_in_is_sent_to_the_sign_in(site: Site) -> None:
    stranger = site.browser()
    for path in (ENTRY, f"{ENTRY}/e/x/q/use", f"{ENTRY}/e/x/done"):
        await stranger.open(path)
        assert stranger.heading == "Sign in to the consultation desk"


@pytest.mark.parametrize("path", ["", "/links", "/e/x/q/use"])
async def test_a_forged_form_changes_nothing(site: Site, worker: Browser, path: str) -> None:
    await worker.post(f"{ENTRY}{path}", token="0" * 64, name="x", hours="4", **HEARD)
    assert worker.status == 403
    assert (await site.count(), await site.count("volunteer_link")) == (0, 0)


async def test_there_is_no_campaign_by_another_name(worker: Browser) -> None:
    await worker.open(f"{PAGE}/HALL7")
    assert worker.status == 404


async def test_the_language_is_chosen_only_where_somebody_chose_it(site: Site, worker: Browser) -> None:
    await worker.send(**HEARD)
    assert (await site.hall.row())["language_source"] == "default"
    site.hall.now += 1_000
    await worker.open(f"{ENTRY}?lang=ur")
    await worker.send(source="assisted")
    await worker.send(**HEARD)
    row = await site.hall.row()
    assert (row["language"], row["language_source"]) == ("ur", "chosen")


@pytest.mark.parametrize(
    "name", ["Terminal", "Terminal root", "nobody signed in", "Unknown  name", "VOLUNTEER Saturday", "system"]
)
async def test_nobody_is_called_what_the_audit_log_calls_something_else(site: Site, name: str) -> None:
    with pytest.raises(StaffRefused, match="stands for something else"):
        await create_staff(site.hall.database, name, "worker", None, site.hall.now)


# -- a volunteer's link


async def test_a_volunteer_enters_an_answer_and_nothing_else(site: Site, volunteer: Browser) -> None:
    await volunteer.send(**HEARD)
    await volunteer.send(do="answer", answer="no")
    await skip_to_the_end(volunteer)
    assert "Enter another" in volunteer.page
    row = await site.hall.row()
    assert (row["campaign"], str(row["assisted"]), row["use"]) == ("c1", "1", "no")
    ((who,),) = await site.hall.rows("SELECT entered_by FROM entry")
    assert re.fullmatch(r"volunteer Saturday \([0-9a-f]{8}\)", who)
    assert (who, "began an assisted answer") in await site.audit()
    assert "Links for volunteers" not in volunteer.page
    await volunteer.open("/staff")
    assert volunteer.heading == "Sign in to the consultation desk"


async def test_the_pin_and_the_link_stand_nowhere(site: Site, worker: Browser) -> None:
    path, pin = await link(worker)
    kept = str(await site.hall.rows("SELECT * FROM volunteer_link")) + str(await site.hall.rows("SELECT * FROM audit"))
    assert path.removeprefix("/v/") not in kept
    assert pin not in kept
    await worker.open(ENTRY)
    assert pin not in worker.page.replace(" ", "")


async def test_without_the_pin_a_link_shows_nothing(site: Site, worker: Browser) -> None:
    path, _ = await link(worker)
    stranger = site.browser()
    for page in (path, f"{path}/e/x/q/use", f"{path}/e/x/done"):
        await stranger.open(page)
        assert stranger.heading == "Enter answers for residents"
        assert "church" not in stranger.page
    await stranger.post(path, **HEARD)
    assert stranger.status == 403
    assert await site.count() == 0


async def test_five_wrong_pins_end_a_link_for_everybody(site: Site, worker: Browser, volunteer: Browser) -> None:
    guesser = site.browser()
    await guesser.open(volunteer.path)
    for left in range(TRIES - 1, 0, -1):
        await guesser.send(pin="000000x")
        assert guesser.problem.startswith(f"That is not the PIN. {left} ")
    await guesser.send(pin="000000x")
    assert (guesser.status, guesser.heading) == (410, "This link has ended")
    await volunteer.send(**HEARD)
    assert (volunteer.status, volunteer.heading) == (410, "This link has ended")
    assert await site.count() == 0
    actions = [action for _, action in await site.audit()]
    assert actions.count("wrong volunteer PIN") == TRIES
    assert await site.hall.database.read(lambda: refused_sign_ins(NOON - 1)) == TRIES
    assert "ended a volunteer link" in actions


async def test_a_right_pin_forgives_the_wrong_ones_before(site: Site, worker: Browser) -> None:
    path, pin = await link(worker)
    for _ in range(2):
        browser = site.browser()
        await browser.open(path)
        for _ in range(TRIES - 1):
            await browser.send(pin="1")
        await browser.send(pin=f" {pin[:3]} {pin[3:]} ")
        assert browser.heading == "Answer with somebody"


async def test_a_link_ends_with_its_hours(site: Site, volunteer: Browser) -> None:
    await volunteer.send(**HEARD)
    action, hidden = volunteer.form()
    site.hall.now += 4 * HOUR
    await volunteer.post(action, **hidden, do="answer", answer="yes")
    assert (volunteer.status, volunteer.heading) == (410, "This link has ended")
    assert await site.count("answer") == 0
    assert any(action == "refused" for _, action in await site.audit())


async def test_a_worker_ends_a_link_at_once(site: Site, worker: Browser, volunteer: Browser) -> None:
    await worker.open(ENTRY)
    await worker.send(f"{ENTRY}/links", do="end")
    assert "Saturday" not in worker.page
    await volunteer.open(volunteer.path)
    assert volunteer.status == 410
    assert ("amina", "ended a volunteer link") in await site.audit()


async def test_a_link_of_another_campaign_is_not_ended(site: Site, worker: Browser, volunteer: Browser) -> None:
    row = campaign(id="c2", keyword="HALL8", made_by="ben")
    await site.hall.database.run(lambda: campaigns.add(row))
    ((secret,),) = await site.hall.rows("SELECT secret_hash FROM volunteer_link")
    other = await site.staff("ben")
    await other.open(f"{PAGE}/c2")
    await other.send(f"{PAGE}/c2/links", do="end", link=secret)
    await volunteer.open(volunteer.path)
    assert volunteer.status == 200


async def test_a_visit_by_one_link_opens_no_other(site: Site, worker: Browser, volunteer: Browser) -> None:
    path, _ = await link(worker, name="Sunday")
    secret = volunteer.client.cookies["earshot_volunteer"]
    other = site.browser()
    other.client.cookies.set("earshot_volunteer", secret)
    await other.open(path)
    assert other.heading == "Enter answers for residents"


@pytest.mark.parametrize(
    ("fields", "problem"),
    [
        pytest.param({"name": " "}, "Write a name for the link, of at most 60 characters", id="no name"),
        pytest.param({"hours": "0"}, "Write for how many hours it holds, 1 to 72", id="no hour"),
        pytest.param({"hours": "73"}, "Write for how many hours it holds, 1 to 72", id="too many hours"),
        pytest.param({"hours": "four"}, "Write for how many hours it holds, 1 to 72", id="hours in words"),
    ],
)
async def test_a_link_needs_a_name_and_hours(site: Site, worker: Browser, fields: dict[str, str], problem: str) -> None:
    await worker.send(f"{ENTRY}/links", **{"name": "Saturday", "hours": "4", **fields})
    assert worker.problem == problem
    assert await site.count("volunteer_link") == 0


async def test_a_link_that_never_was_has_ended(site: Site) -> None:
    browser = site.browser()
    await browser.open("/v/made-up")
    assert (browser.status, browser.heading) == (410, "This link has ended")

"""What the staff pages show, what they refuse, and what can be taken away from them."""

import re
import tempfile
from functools import partial
from pathlib import Path
from typing import Any

import httpx2
import pytest

from bot.service.reviewing import sentences_now
from bot.web.accounts import create_staff, one_time_sign_in
from storage import reviews
from storage.installation import mark_demo
from storage.script import Database, Run, Script
from tests.analysis.filling import Message, receive
from tests.web.conftest import PASSWORD, SignIn
from tests.web.scripted import COUNCIL, Clock
from tests.web.walking import form_token_of, is_signed_in, rows, table

EXPORT = "/staff/surveys/stoke/export"

# What the database does here, test_staff.py has tried on both engines.
pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


def left_behind() -> set[Path]:
    return set(Path(tempfile.gettempdir()).glob("earshot-export-*"))


# Forged forms


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        pytest.param({"sec-fetch-site": "same-origin"}, 303, id="our own page"),
        pytest.param({"sec-fetch-site": "none"}, 303, id="the person themselves"),
        pytest.param({"sec-fetch-site": "cross-site"}, 403, id="another site"),
        pytest.param({"sec-fetch-site": "same-site"}, 403, id="a neighbouring site"),
        pytest.param(
            {"sec-fetch-site": "cross-site", "origin": "https://earshot.example"}, 403, id="two answers that differ"
        ),
        pytest.param({"origin": "https://earshot.example"}, 303, id="an older browser on our page"),
        pytest.param({"origin": "https://evil.example"}, 403, id="an older browser on another site"),
        pytest.param({"origin": "https://earshot.example.evil.example"}, 403, id="a site named like ours"),
        pytest.param({"origin": "null"}, 403, id="a page that hides where it is"),
        pytest.param({}, 403, id="nobody says"),
    ],
)
async def test_a_form_from_elsewhere_is_refused(signed_in: SignIn, headers: dict[str, str], status: int) -> None:
    client = await signed_in()
    token = await form_token_of(client)
    del client.headers["sec-fetch-site"]
    answer = await client.post("/staff/sign-out", data={"token": token}, headers=headers)
    assert answer.status_code == status
    assert await is_signed_in(client) == (status == 403)


@pytest.mark.parametrize("path", ["/staff/sign-in", "/staff/sign-in/{link}"])
async def test_nobody_can_be_signed_in_from_another_site(
    client: httpx2.AsyncClient, database: Database, clock: Clock, path: str
) -> None:
    staff = await create_staff(database, "amina", "analyst", PASSWORD, clock())
    link = await one_time_sign_in(database, staff, clock())
    form = {"name": "amina", "password": PASSWORD}
    answer = await client.post(path.format(link=link), data=form, headers={"sec-fetch-site": "cross-site"})
    assert answer.status_code == 403
    assert "set-cookie" not in answer.headers


@pytest.mark.usefixtures("answered")
async def test_a_form_must_carry_the_token_of_its_own_session(signed_in: SignIn) -> None:
    client, other = await signed_in("amina"), await signed_in("bilal")
    for token in ("", "x", "é", await form_token_of(other)):
        answer = await client.post(EXPORT, data={"token": token, "format": "csv"})
        assert answer.status_code == 403
        assert "out of date" in answer.text
    assert await is_signed_in(client)


@pytest.mark.parametrize(
    ("body", "status"),
    [
        pytest.param(b"name=" + b"x" * 20_000, 413, id="too long"),
        pytest.param(b"name=%ff%fe", 400, id="not text"),
        pytest.param(b"\xff\xfe", 400, id="not a form"),
    ],
)
async def test_a_form_that_cannot_be_read_is_refused_with_a_page(
    client: httpx2.AsyncClient, body: bytes, status: int
) -> None:
    answer = await client.post("/staff/sign-in", content=body)
    assert answer.status_code == status
    assert "<h1" in answer.text


# What is shown


@pytest.mark.usefixtures("answered")
async def test_a_stranger_sees_the_sign_in_form_and_no_figure(client: httpx2.AsyncClient) -> None:
    for path in ("/staff", "/staff?survey=stoke", "/staff/sign-in"):
        page = (await client.get(path)).text
        assert 'name="password"' in page
        assert f'<span class="council__name">{COUNCIL}</span>' in page
        assert "<table" not in page
        assert "Hanley" not in page


@pytest.mark.usefixtures("answered")
async def test_the_page_shows_counts_by_channel_status_and_question(signed_in: SignIn) -> None:
    page = (await (await signed_in()).get("/staff")).text
    assert table(page, "channels") == [
        ["SMS", "2", "0", "0", "1", "3"],
        ["Web form", "1", "0", "0", "0", "1"],
        ["All channels", "3", "0", "0", "1", "4"],
    ]
    assert re.search(r"<strong[^>]*>4</strong>\s+responses so far, <strong>3</strong> complete", page)
    assert page.index("responses so far") < page.index("/modes"), "on a phone the links fill a screen"
    assert table(page, "questions")[0] == ["What about safe? safe", "4", "0", "0", "0"]
    assert table(page, "questions")[2] == ["What about why? why", "1", "1", "0", "0"]


@pytest.mark.usefixtures("answered")
async def test_the_page_shows_how_far_each_language_is(signed_in: SignIn, database: Database) -> None:
    client = await signed_in()
    page = (await client.get("/staff")).text
    every, _ = await sentences_now(database)
    assert table(page, "languages") == [
        ["English", "0", "the survey’s own"],
        ["Urdu", "0", f"draft: 0 of {len(every['ur'])} sentences read"],
    ]
    assert "Asked for, and not offered" not in page

    def wish() -> Script[None]:
        for language, test in (("fr", False), ("fr", False), ("pl", False), ("ro", True)):
            yield Run(
                """INSERT INTO language_wish (survey, language, channel, at, test)
                   VALUES ('stoke', :language, 'sms', 1, :test)""",
                {"language": language, "test": test},
            )
        yield from reviews.accept("ur", [one.mark for one in every["ur"] if one.text], {}, "Bilal", 1)

    await database.run(wish)
    page = (await client.get("/staff")).text
    assert "Asked for, and not offered: French (2), Polish (1)." in page
    read = sum(bool(one.text) for one in every["ur"])
    assert table(page, "languages")[1][2] == f"draft: {read} of {len(every['ur'])} sentences read"


@pytest.mark.usefixtures("answered")
async def test_languages_are_counted_up_to_the_end_of_yesterday_and_never_a_few(
    signed_in: SignIn, database: Database
) -> None:
    def begin(before: str, count: int) -> Script[None]:
        for n in range(count):
            yield Run("INSERT INTO respondent (id, made_at) VALUES (:id, 1)", {"id": f"{before}{n}"})
            yield Run(
                f"""INSERT INTO response (id, respondent_id, survey, version, source, channel, language, started_at)
                    SELECT :id, :id, survey, version, source, channel, 'en', MAX(started_at) {before}
                    FROM response GROUP BY survey, version, source, channel LIMIT 1""",
                {"id": f"{before}{n}"},
            )

    client = await signed_in()
    for before, count, shown in (("+ 0", 12, "0"), ("- 86400000", 4, "too few to show"), ("- 86400001", 12, "16")):
        await database.run(partial(begin, before, count))
        assert table((await client.get("/staff")).text, "languages")[0][:2] == ["English", shown]


@pytest.mark.usefixtures("answered")
async def test_the_page_shows_a_report_that_balances(signed_in: SignIn) -> None:
    page = (await (await signed_in()).get("/staff")).text
    assert "It balances" in page
    report = table(page, "report")
    assert ["Command", "2", "0"] in report
    assert report[-1] == ["Texts that came in", "5", "0"]


@pytest.mark.usefixtures("answered")
async def test_a_report_that_does_not_balance_says_so(signed_in: SignIn, database: Database) -> None:
    await database.run(receive(Message("lost", "nowhere")))
    page = (await (await signed_in()).get("/staff")).text
    assert "It does not balance" in page
    assert "Texts without a known place: 1." in page
    assert "It balances" not in page


@pytest.mark.usefixtures("answered")
async def test_trials_count_in_a_demo_alone(signed_in: SignIn, database: Database) -> None:
    client = await signed_in()
    assert table((await client.get("/staff")).text, "channels")[-1] == ["All channels", "3", "0", "0", "1", "4"]

    def mark() -> Script[None]:
        yield Run("UPDATE inbound SET test = :yes", {"yes": True})
        yield from mark_demo()

    await database.run(mark)
    assert table((await client.get("/staff")).text, "channels")[-1] == ["All channels", "3", "1", "0", "1", "5"]


@pytest.mark.usefixtures("answered")
async def test_no_word_of_a_resident_is_on_the_page(signed_in: SignIn) -> None:
    page = (await (await signed_in()).get("/staff")).text
    assert "lights are out" not in page
    assert "07700" not in page


@pytest.mark.usefixtures("answered")
async def test_another_survey_is_a_link_away_and_its_title_is_only_text(signed_in: SignIn) -> None:
    client = await signed_in()
    assert 'href="/staff?survey=park"' in (await client.get("/staff?survey=stoke")).text
    page = (await client.get("/staff?survey=park")).text
    assert '<h1 class="govuk-heading-l">Hanley Park &amp; &lt;its&gt; lake</h1>' in page
    assert (await client.get("/staff?survey=none-such")).status_code == 404


async def test_without_a_survey_the_page_says_how_to_publish_one(signed_in: SignIn) -> None:
    page = await (await signed_in()).get("/staff")
    assert page.status_code == 200
    assert "survey publish FILE" in page.text


# Exports


@pytest.mark.usefixtures("answered")
@pytest.mark.parametrize(
    ("form", "name", "media_type", "lines"),
    [
        ("csv", "stoke-2026-11-22.csv", "text/csv; charset=utf-8", 5),
        ("long-csv", "stoke-2026-11-22-long.csv", "text/csv; charset=utf-8", 7),
        ("jsonl", "stoke-2026-11-22.jsonl", "application/x-ndjson", 4),
        ("codebook", "stoke-2026-11-22-codebook.csv", "text/csv; charset=utf-8", None),
    ],
)
async def test_an_export_is_masked_audited_and_left_nowhere(
    signed_in: SignIn, database: Database, form: str, name: str, media_type: str, lines: int | None
) -> None:
    client = await signed_in()
    before = left_behind()
    answer = await client.post(EXPORT, data={"token": await form_token_of(client), "format": form})
    assert answer.status_code == 200
    assert answer.headers["content-disposition"] == f'attachment; filename="{name}"'
    assert answer.headers["content-type"] == media_type
    assert lines in (None, len(answer.text.splitlines()))
    assert "900123" not in answer.text
    assert ("lights are out" in answer.text) == (form != "codebook")
    [(who, detail)] = await rows(database, "SELECT who, detail FROM audit WHERE action = 'export'")
    assert who == "amina"
    assert detail.startswith(f"stoke {form}, masked text")
    assert left_behind() == before


@pytest.mark.usefixtures("answered")
@pytest.mark.parametrize(
    ("path", "form"),
    [
        pytest.param(EXPORT, {"format": "raw"}, id="a format there is not"),
        pytest.param(EXPORT, {}, id="no format"),
        pytest.param("/staff/surveys/none-such/export", {"format": "csv"}, id="a survey there is not"),
    ],
)
async def test_an_export_that_does_not_exist_is_not_audited(
    signed_in: SignIn, database: Database, path: str, form: dict[str, str]
) -> None:
    client = await signed_in()
    answer = await client.post(path, data=form | {"token": await form_token_of(client)})
    assert answer.status_code == 404
    assert await rows(database, "SELECT id FROM audit WHERE action = 'export'") == []


@pytest.mark.usefixtures("answered")
async def test_a_community_worker_sees_nothing_of_the_whole_survey_and_takes_nothing_away(
    signed_in: SignIn, database: Database
) -> None:
    client = await signed_in("cem", "worker")
    page = (await client.get("/staff")).text
    assert "What came of your own campaigns stands on their pages." in page
    assert "<table" not in page
    assert "/export" not in page
    answer = await client.post(EXPORT, data={"token": await form_token_of(client), "format": "csv"})
    assert answer.status_code == 403
    assert await rows(database, "SELECT id FROM audit WHERE action = 'export'") == []


async def test_an_export_needs_a_session(client: httpx2.AsyncClient) -> None:
    assert (await client.post(EXPORT, data={"format": "csv"})).status_code == 403
    assert (await client.get(EXPORT)).status_code == 405


# Headers


@pytest.mark.usefixtures("answered")
@pytest.mark.parametrize(
    ("method", "path", "form"),
    [
        pytest.param("GET", "/staff", None, id="a page"),
        pytest.param("GET", "/staff?survey=none-such", None, id="a page that is not there"),
        pytest.param("POST", "/staff/sign-in", {}, id="an error"),
        pytest.param("POST", EXPORT, {"format": "csv"}, id="an export"),
        pytest.param("POST", "/staff/sign-out", {}, id="a redirect"),
        pytest.param("GET", "/simulator", None, id="the simulator"),
    ],
)
async def test_every_response_carries_the_headers_that_keep_a_page_safe(
    signed_in: SignIn, method: str, path: str, form: dict[str, str] | None
) -> None:
    client = await signed_in()
    sent: dict[str, Any] = {} if form is None else {"data": form | {"token": await form_token_of(client)}}
    headers = (await client.request(method, path, **sent)).headers
    policy = dict(part.strip().split(" ", 1) for part in headers["content-security-policy"].split(";"))
    assert policy["default-src"] == "'none'"
    assert policy["script-src"] == policy["style-src"] == policy["form-action"] == "'self'"
    assert policy["frame-ancestors"] == policy["base-uri"] == "'none'"
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "same-origin"
    assert headers["cache-control"] == "no-store"


@pytest.mark.usefixtures("answered")
async def test_a_page_holds_no_inline_script_or_style(signed_in: SignIn) -> None:
    client = await signed_in()
    for path in ("/staff", "/simulator"):
        page = (await client.get(path)).text
        assert re.findall(r"<script(?![^>]*\bsrc=)|<style|\sstyle=|\son[a-z]+=|javascript:", page) == []


async def test_a_static_file_may_be_kept_only_under_the_address_of_its_content(client: httpx2.AsyncClient) -> None:
    page = (await client.get("/staff")).text
    for address in re.findall(r'(?:href|src)="(/static/[^"]+)"', page):
        answer = await client.get(address)
        assert answer.status_code == 200
        assert "immutable" in answer.headers["cache-control"]
        assert answer.headers["x-content-type-options"] == "nosniff"
    assert (await client.get("/static/page.js")).headers["cache-control"] == "no-cache"
    assert (await client.get("/static/../pages.py")).status_code == 404

"""Every format of the export as a download: its name, its choices, and what it holds."""

import io
import re
import zipfile
from collections.abc import Sequence
from dataclasses import replace

import httpx2
import pytest
from fastapi import FastAPI

from bot.web.accounts import create_staff, one_time_sign_in
from bot.web.downloads import DOWNLOADS, Download
from bot.web.figures import Figures
from bot.web.pages import Pages
from bot.web.staff import staff_routes
from storage.keys import KeyRing
from storage.script import Database
from tests.web.conftest import BASE, PASSWORD, SignIn
from tests.web.scripted import Clock, ScriptedPhone, application
from tests.web.walking import form_token_of, rows

EXPORT = "/staff/surveys/stoke/export"
IN_SQLITE = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@pytest.fixture
def app(database: Database, keys: KeyRing, clock: Clock, phone: ScriptedPhone) -> FastAPI:
    return application(database, clock, phone, BASE, keys)


@IN_SQLITE
@pytest.mark.usefixtures("answered")
@pytest.mark.parametrize("download", DOWNLOADS, ids=[each.key for each in DOWNLOADS])
async def test_each_format_can_be_taken_away(signed_in: SignIn, database: Database, download: Download) -> None:
    client = await signed_in()
    token = await form_token_of(client)
    answer = await client.post(EXPORT, data={"token": token, "format": download.key})
    if answer.status_code == 303:  # a busy machine: its page has it
        at = answer.headers["location"]
        while (await client.get(f"{at}/progress")).status_code != 204:
            pass
        answer = await client.post(at, data={"token": token, "do": "take"})
    assert answer.status_code == 200
    assert answer.headers["content-disposition"] == f'attachment; filename="stoke-2026-11-22{download.ending}"'
    assert answer.headers["content-type"] == download.media_type
    assert b"900123" not in answer.content
    if download.ending.endswith(".zip"):
        with zipfile.ZipFile(io.BytesIO(answer.content)) as packed:
            assert packed.testzip() is None
    assert len(await rows(database, "SELECT id FROM audit WHERE action = 'export'")) == 1


@IN_SQLITE
@pytest.mark.usefixtures("answered")
@pytest.mark.parametrize(
    ("choices", "kind", "detail"),
    [
        pytest.param(["primary_only"], "-primary", "masked text, primary only", id="one of each person"),
        pytest.param(["shareable"], "-shareable", "shareable, masked text", id="to share"),
        pytest.param(
            ["primary_only", "shareable"], "-primary-shareable", "shareable, masked text, primary only", id="both"
        ),
        pytest.param(["labels"], "-labels-en", "masked text", id="labels, in a language by name"),
    ],
)
async def test_a_choice_stands_in_the_files_name_and_in_the_audit_log(
    signed_in: SignIn, database: Database, choices: Sequence[str], kind: str, detail: str
) -> None:
    client = await signed_in()
    asked = {"token": await form_token_of(client), "format": "csv"} | dict.fromkeys(choices, "yes")
    if "labels" in choices:
        asked["labels"] = "English"
    answer = await client.post(EXPORT, data=asked)
    assert f"stoke-2026-11-22{kind}.csv" in answer.headers["content-disposition"]
    assert ("19:04" not in answer.text) == ("shareable" in choices)
    assert ("Agree" in answer.text) == ("labels" in choices)
    [(told,)] = await rows(database, "SELECT detail FROM audit WHERE action = 'export'")
    assert told.startswith(f"stoke csv, {detail}, 4 rows")


@IN_SQLITE
@pytest.mark.usefixtures("answered")
async def test_labels_in_no_language_of_the_survey_are_refused(signed_in: SignIn) -> None:
    client = await signed_in()
    for labels in ("../x", "xx"):
        asked = {"token": await form_token_of(client), "format": "csv", "labels": labels}
        assert (await client.post(EXPORT, data=asked)).status_code == 404


@IN_SQLITE
@pytest.mark.usefixtures("answered")
async def test_the_page_offers_every_format_with_its_purpose(signed_in: SignIn) -> None:
    page = (await (await signed_in()).get("/staff")).text
    offered = re.findall(r'<button [^>]*name="format" value="([a-z-]+)" aria-describedby="for-\1">', page)
    assert offered == [each.key for each in DOWNLOADS]
    assert all(f'<span id="for-{key}">' in page for key in offered)


@IN_SQLITE
@pytest.mark.usefixtures("answered")
async def test_a_format_whose_packages_are_absent_is_shown_and_not_to_be_had(database: Database, clock: Clock) -> None:
    assert all(each.is_possible for each in DOWNLOADS)
    absent = replace(DOWNLOADS[0], packages=("no_such_package",))
    staff, app = await create_staff(database, "amina", "analyst", PASSWORD, clock()), FastAPI()
    app.include_router(staff_routes(database, Figures(database, clock), Pages("Stoke"), clock, BASE, [absent]))
    headers = {"sec-fetch-site": "same-origin"}
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app), base_url=BASE, headers=headers) as client:
        await client.post(f"/staff/sign-in/{await one_time_sign_in(database, staff, clock())}")
        page = (await client.get("/staff")).text
        answer = await client.post(EXPORT, data={"token": await form_token_of(client), "format": "csv"})
    assert 'value="csv" aria-describedby="for-csv" disabled aria-disabled="true">' in page
    assert "uv sync --extra analysis" in page
    assert answer.status_code == 404

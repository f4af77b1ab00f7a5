"""The page that brings a web form's answers in: what it shows, what it refuses, and what it leaves behind."""

import io
import os
import stat
import tempfile
from collections.abc import Iterator
from pathlib import Path

import openpyxl
import pytest

from bot.web.importing import MOST_BYTES
from bot.web.private_folder import PREFIX, PrivateFolder
from bot.web.tasks import KEPT_SECONDS
from storage.keys import KeyRing
from storage.script import Database
from tests.analysis.importing.scene import FIRST, HEAD, MAP, csv_text, row
from tests.web.importing_scene import EXPORT, PAGE, Importing, form_of, import_office, office_of, same_person
from tests.web.outreach_scene import Office
from tests.web.walking import words_of

# What the database does here, tests/analysis/importing has tried on both engines.
pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)

WORDS = "It is dark."
SOURCE = 'source = "web form"'


@pytest.fixture(autouse=True)
def private(tmp_path: Path) -> Iterator[Path]:
    """Give the folder in which private folders are made here."""
    folder = tmp_path / "private"
    folder.mkdir()
    before, tempfile.tempdir = tempfile.tempdir, str(folder)
    yield folder
    tempfile.tempdir = before


@pytest.fixture
async def office(database: Database, keys: KeyRing) -> Office:
    return await import_office(database, keys)


@pytest.fixture
async def dora(office: Office) -> Importing:
    return Importing(await office.sign_in("dora", "analyst"))


def left_in(private: Path) -> list[Path]:
    return [each for each in private.rglob("*") if each.is_file() and each.name != "held"]


async def count(office: Office, table: str = "response") -> int:
    ((found,),) = await office.rows(f"SELECT COUNT(*) FROM {table}")
    return int(found)


async def audited(office: Office, action: str) -> list[tuple[str, str]]:
    found = await office.rows("SELECT who, detail FROM audit WHERE action = :a ORDER BY id", {"a": action})
    return [(row[0], row[1]) for row in found]


# -- the way through --------------------------------------------------------------------------------------------------


async def test_a_file_with_its_map_is_looked_over_and_brought_in(
    office: Office, dora: Importing, private: Path
) -> None:
    said = await dora.sent()
    assert "What it would bring" in said
    assert "Rows 2 New 2 Changed 0 There already 0 Form web form Given 25 October 2026 to 26 October 2026" in said
    assert "safe agree 1, disagree 1 2 0" in said
    assert WORDS not in said
    assert await count(office) == 0
    assert "2 new responses, 0 changed" in await dora.bring()
    assert await count(office) == 2
    assert left_in(private) == []
    assert await audited(office, "import looked over") == [("dora", "stoke: web form, 2 rows, 0 problems")]
    assert await audited(office, "answers imported") == [("dora", "stoke from web form: 2 new, 0 changed")]
    assert "export.csv web form · 22 November 2026, 19:04 · dora 2 0" in words_of((await dora.desk.get(PAGE)).text)


async def test_without_a_map_one_is_proposed_with_what_could_not_be_placed_first(
    office: Office, dora: Importing
) -> None:
    content = csv_text([(*FIRST, "x")], (*HEAD, "Favourite colour"))
    said = await dora.sent(content, "")
    assert "Settle the map" in said
    assert said.index("Columns that fit no question") < said.index("Favourite colour") < said.index("The map")
    assert "What the map itself still needs submitted_at: no column found" in said
    settled = MAP.replace(SOURCE, f'{SOURCE}\nignore = ["Favourite colour"]')
    assert (await dora.do("look", map=settled)).status_code == 303
    assert "What it would bring" in await dora.words()
    assert await audited(office, "import looked over") == [
        ("dora", "stoke: a map was proposed"),
        ("dora", "stoke: web form, 1 row, 0 problems"),
    ]


async def test_everything_that_is_wrong_is_said_at_once_and_nothing_is_written(office: Office, dora: Importing) -> None:
    content = csv_text([row(ref="W1", safe="Perhaps"), row(ref="W1", age="2")])
    said = await dora.sent(content)
    assert "It cannot come in yet" in said
    assert "“Perhaps” is no choice of safe; give it a code under questions.safe.labels (row 2)" in said
    assert "an id in column “Ref” stands in several rows, and each row needs its own (rows 2 and 3)" in said
    assert "Bring these answers in" not in said
    assert (await dora.do("apply", seal="")).status_code == 409
    assert await count(office) == 0


async def test_what_cannot_be_read_is_said(office: Office, dora: Importing) -> None:
    for content, map_text, problem in (
        ("", MAP, "export.csv is empty"),
        (b"%PDF-1.7 ...", "", "is no table, but a page"),
        (EXPORT, "source = ", "map.toml is no TOML"),
        (EXPORT, SOURCE, "the map has nothing for question safe"),
        (b"PK\x03\x04 ...", MAP, "cut off, locked or damaged"),
    ):
        assert problem in await dora.sent(content, map_text)
    assert await count(office, "import_batch") == 0


async def test_a_map_that_is_not_in_utf_8_is_said(dora: Importing, private: Path) -> None:
    answer = await dora.send(EXPORT, MAP.encode("utf-16"))
    assert answer.status_code == 400
    assert "The map is not in UTF-8" in answer.text
    assert left_in(private) == []


async def test_a_map_with_the_worst_pattern_is_looked_over_like_any_other(dora: Importing) -> None:
    await dora.send(EXPORT, MAP.replace('column = "Age"', 'pattern = "^(.*)*(.*)*(.*)*x$"'))
    assert "no column that fits the pattern" in words_of(await dora.page())


async def test_a_map_is_mended_on_the_page(office: Office, dora: Importing) -> None:
    assert "there is no `preset`" in await dora.sent(EXPORT, f'preset = "jade"\n{MAP}')
    await dora.do("look", map=MAP.replace("\n", "\r\n"))  # as a browser sends lines
    assert "What it would bring" in await dora.words()


async def test_a_workbook_and_a_file_beside_it_come_in(office: Office, dora: Importing) -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    for each in (HEAD, FIRST):
        sheet.append(each)
    book.save(packed := io.BytesIO())
    assert "New 1" in await dora.sent(packed.getvalue(), name="export.xlsx")
    answer = await dora.send(EXPORT, MAP, name="form_data.csv", _1199="Ref,Other\r\nW1,x\r\n")
    assert answer.status_code == 303
    assert "form_data_1199.csv lies beside form_data.csv, and the map does not know it" in await dora.words()


async def test_the_same_file_again_brings_nothing(office: Office, dora: Importing) -> None:
    await dora.sent()
    await dora.bring()
    said = await dora.sent()
    assert "It brings nothing new" in said
    assert "Bring these answers in" not in said


async def test_an_older_file_comes_in_only_after_a_tick(office: Office, dora: Importing) -> None:
    for rows in ([FIRST], [(*FIRST[:2], "agree", *FIRST[3:])]):
        await dora.sent(csv_text(rows))
        await dora.bring()
    said = await dora.sent(csv_text([FIRST]))
    assert "may be older than the last import (export.csv, brought in on 22 November 2026)" in said
    assert "could go back to older ones: W1. Import the form’s newest export instead." in said
    answer = await dora.do("apply", seal=await dora.seal())
    assert (answer.status_code, await count(office, "import_batch")) == (422, 2)
    assert "Say whether older answers are right" in words_of(answer.text)
    await dora.do("apply", seal=await dora.seal(), take_back="yes")
    assert "0 new responses, 1 changed" in await dora.words()


# -- nothing but what was looked over ---------------------------------------------------------------------------------


async def test_only_what_was_looked_over_last_is_written(office: Office, dora: Importing) -> None:
    await dora.sent()
    seal = await dora.seal()
    await dora.do("look", map=f"{MAP}\n# another map\n")
    await dora.page()
    answer = await dora.do("apply", seal=seal)
    assert (answer.status_code, await count(office)) == (409, 0)
    assert "not what was looked over" in answer.text


async def test_a_button_that_is_pressed_twice_writes_once(office: Office, dora: Importing) -> None:
    await dora.sent()
    seal = await dora.seal()
    for _ in range(2):
        assert (await dora.do("apply", seal=seal)).status_code == 303
    assert "The answers are in" in await dora.words()
    assert await count(office, "import_batch") == 1


async def test_what_was_overtaken_is_not_written_but_looked_at_again(office: Office, dora: Importing) -> None:
    await dora.sent()
    sadia = Importing(await office.sign_in("sadia", "admin"))
    await sadia.sent(csv_text([FIRST]))
    await sadia.bring()
    assert "were imported or removed meanwhile, so nothing was written" in await dora.bring()
    await dora.do("look", map=MAP)
    assert "New 1 Changed 0 There already 1" in await dora.words()


# -- what stays, and for how long -------------------------------------------------------------------------------------


async def test_the_files_are_for_this_user_alone_and_go_when_it_is_given_up(
    office: Office, dora: Importing, private: Path
) -> None:
    await dora.sent()
    files = left_in(private)
    assert {each.name for each in files} == {"export.csv", "map.toml"}
    assert {stat.S_IMODE(each.stat().st_mode) for each in files} == {0o600}
    assert {stat.S_IMODE(each.parent.stat().st_mode) for each in files} == {0o700}
    assert (await dora.do("drop")).headers["location"] == f"{PAGE}?done=dropped"
    assert left_in(private) == []
    assert "Nothing was written" in words_of((await dora.desk.get(f"{PAGE}?done=dropped")).text)


async def test_another_file_takes_the_place_of_the_last(office: Office, dora: Importing, private: Path) -> None:
    await dora.sent(name="one.csv")
    assert "You have one.csv in hand" in words_of((await dora.desk.get(PAGE)).text)
    first = dora.at
    await dora.sent(name="two.csv")
    assert {each.name for each in left_in(private)} == {"two.csv", "map.toml"}
    assert (await dora.desk.get(first)).status_code == 404


async def test_after_half_an_hour_nothing_is_left(office: Office, dora: Importing, private: Path) -> None:
    await dora.sent()
    office.now += KEPT_SECONDS * 1000
    assert (await dora.desk.get(dora.at)).status_code == 200
    office.now += 1
    answer = await dora.desk.get(dora.at)
    assert answer.status_code == 404
    assert "not in hand any more, and nothing of it was written" in words_of(answer.text)
    assert left_in(private) == []


async def test_after_a_restart_the_page_says_what_became_of_it(
    office: Office, dora: Importing, database: Database, keys: KeyRing
) -> None:
    await dora.sent()
    looked = dora.at
    await dora.sent()
    await dora.bring()
    desk = same_person(dora.desk, office_of(database, keys))
    assert "nothing of it was written" in words_of((await desk.get(looked)).text)
    said = words_of((await desk.get(dora.at)).text)
    assert "export.csv was brought in on 22 November 2026, 19:04: 2 new responses, 0 changed." in said


def test_what_a_killed_process_left_goes_at_the_next_start_and_no_more(
    private: Path, database: Database, keys: KeyRing
) -> None:
    live, dead = PrivateFolder(), private / f"{PREFIX}dead"
    (dead / "files").mkdir(parents=True)
    (dead / "held").touch()
    (dead / "files" / "export.csv").write_text(EXPORT)
    strange = private / "earshot-else"
    strange.mkdir()
    office_of(database, keys)
    assert (live.path.is_dir(), dead.exists(), strange.exists()) == (True, False, True)
    live.remove()
    assert not live.path.exists()


# -- who may, and what is refused -------------------------------------------------------------------------------------


@pytest.mark.parametrize("role", ["worker", "safeguarding"])
async def test_nobody_else_may_bring_answers_in(office: Office, dora: Importing, role: str, private: Path) -> None:
    await dora.sent()
    other = Importing(await office.sign_in("bilal", role), at=dora.at)
    answers = [await other.desk.get(PAGE), await other.desk.get(dora.at), await other.do("apply")]
    answers += [await other.desk.get(f"{dora.at}/progress"), await other.send()]
    assert [answer.status_code for answer in answers] == [403] * 5
    assert len(left_in(private)) == 2


async def test_an_import_is_settled_by_who_sent_it(office: Office, dora: Importing) -> None:
    await dora.sent()
    other = Importing(await office.sign_in("sadia", "admin"), at=dora.at)
    for answer in (await other.desk.get(dora.at), await other.do("drop")):
        assert answer.status_code == 403
        assert "It is dora’s" in answer.text


async def test_a_second_import_at_once_is_refused(office: Office, dora: Importing, private: Path) -> None:
    other = Importing(await office.sign_in("sadia", "admin"))
    await dora.send(csv_text([row(ref=f"W{number}") for number in range(3_000)]), MAP)
    answer = await other.send()
    assert answer.status_code == 409
    assert "A file of dora is on its way in" in answer.text
    assert "dora is importing a file now" in (await other.desk.get(PAGE)).text
    page = (await dora.desk.get(dora.at)).text
    assert '<meta http-equiv="refresh" content="3">' in page
    assert "Nothing is written yet" in words_of(page)
    assert "New 3,000" in await dora.words()
    assert 'http-equiv="refresh"' not in await dora.page()
    assert "New 2" in await other.sent()


Parts = list[tuple[str, str | None, bytes | str]]
RIGHT = ("token", None, "right")
A_FILE = ("file", "a.csv", EXPORT)
ODD: dict[str, tuple[int, Parts]] = {
    "no token": (403, [A_FILE]),
    "the token after the file": (403, [A_FILE, RIGHT]),
    "another's token": (403, [("token", None, "0" * 64), A_FILE]),
    "no file": (422, [RIGHT, ("file", "", "")]),
    "no part for a file": (422, [RIGHT]),
    "a name twice": (400, [RIGHT, A_FILE, A_FILE]),
    "a letter that is none": (400, [("token", None, "right\0"), A_FILE]),
    "no text": (400, [("token", None, b"\xff"), A_FILE]),
    "a long field": (400, [("token", None, "0" * 20_000), A_FILE]),
    "many parts": (400, [RIGHT, *[("x", None, "")] * 50, A_FILE]),
    "a long map": (413, [RIGHT, ("map", "m", "x" * 200_001), A_FILE]),
}


async def test_an_odd_form_leaves_nothing(dora: Importing, private: Path) -> None:
    found = {}
    for name, (_, odd) in ODD.items():
        parts: Parts = [(field, file, dora.token if it == "right" else it) for field, file, it in odd]
        answer = await dora.post(*form_of(*parts))
        assert "<h1" in answer.text
        found[name] = answer.status_code
    assert found == {name: status for name, (status, _) in ODD.items()}
    dora.headers = {"sec-fetch-site": "cross-site"}
    assert (await dora.send()).status_code == 403
    assert left_in(private) == []


async def test_a_form_that_breaks_off_or_is_too_large_leaves_nothing(dora: Importing, private: Path) -> None:
    whole, kind = form_of(("token", None, dora.token), ("file", "a.csv", EXPORT))
    for body in (whole[:-10], whole[:200], b"", b"x" * 20_000):
        assert (await dora.post(body, kind)).status_code == 400
    for wrong in ("multipart/form-data", "multipart/form-data; boundary=", "text/plain", ""):
        assert (await dora.post(whole, wrong)).status_code in (400, 403)
    large, kind = form_of(("token", None, dora.token), ("file", "a.csv", bytes(MOST_BYTES)))
    answer = await dora.post(large, kind)
    assert answer.status_code == 413
    assert "up to 50 MB" in answer.text
    assert left_in(private) == []


async def test_a_survey_or_a_deed_that_is_not_there_is_said(dora: Importing) -> None:
    await dora.sent()
    assert (await dora.desk.get("/staff/surveys/park/import")).status_code == 404
    assert (await dora.desk.get(dora.at.replace("stoke", "park"))).status_code == 404
    assert (await dora.do("dance")).status_code == 400


async def test_a_name_leads_nowhere_else(office: Office, dora: Importing, private: Path) -> None:
    await dora.send(EXPORT, MAP, name="../../held.csv")
    await dora.page()
    assert {each.name for each in left_in(private)} == {"held.csv", "map.toml"}
    await dora.send(EXPORT, MAP, name=f"C:\\fakepath\\{'ж' * 300}.csv")
    await dora.page()
    assert all(len(os.fsencode(each.name)) <= 120 for each in left_in(private))

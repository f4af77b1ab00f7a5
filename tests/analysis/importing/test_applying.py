"""What an import leaves in the database, on either engine: once, whole, and no more the second time."""

import asyncio
import shutil
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from bot.analysis.importing.applying import apply
from bot.analysis.importing.problems import ImportRefused
from storage import imports, installation
from storage.database import open_database
from storage.events import MINUTE_MS
from storage.keys import KeyRing, rotate_data_keys
from storage.script import Database
from tests.analysis.filling import DAY
from tests.analysis.importing.scene import FIRST, HEAD, MAP, NOW, SECOND, SURVEY, Importer, csv_text, importer
from tests.conftest import SECRET

FIRST_REVISION = NOW // MINUTE_MS + 1
HALF = MAP.replace('submitted_at = "Handed in"', 'submitted_at = "Handed in"\nstarted_at = "Begun"')
HALF_HEAD = (*HEAD[:2], "Begun", *HEAD[2:])
BEGUN = "25/10/2026 14:05"


@pytest.fixture
async def form(database: Database, keys: KeyRing, tmp_path: Path) -> Importer:
    return await importer(database, keys, tmp_path)


@pytest.fixture
async def quick(migrated: Path, tmp_path: Path) -> AsyncIterator[Importer]:
    """Make an importer on one engine alone, for what no SQL decides."""
    shutil.copy(migrated, tmp_path / "quick.db")
    database = await open_database(f"sqlite:///{tmp_path / 'quick.db'}")
    yield await importer(database, await KeyRing.open(database, SECRET), tmp_path)
    await database.close()


async def counts(form: Importer) -> tuple[int, ...]:
    tables = ("respondent", "response", "answer", "imported", "import_batch", "event", "audit")
    return tuple([(await form.all(f"SELECT COUNT(*) FROM {table}"))[0][0] for table in tables])


async def test_a_row_becomes_a_response_like_any_other(form: Importer) -> None:
    await form.rows(FIRST)
    (response,) = await form.all(
        "SELECT r.survey, r.version, r.source, r.channel, r.language, r.language_source, r.started_at,"
        " r.last_answer_at, r.completed_at, r.core_answered, r.core_applicable, r.late, r.test, r.revision"
        " FROM response r"
    )
    at = 1_792_937_100_000  # 2026-10-25T14:05Z: the clocks had gone back that night
    assert response == ("stoke", "1", "web", "web", "en", "imported", at, at, at, 3, 3, False, False, FIRST_REVISION)
    assert await form.answers() == {
        "safe": (1, "answered", "disagree", None, "Disagree"),
        "why_not": (1, "answered", None, None, "It is dark.\nVery dark, too"),
        "needs": (1, "answered", "lights buses", None, "Buses, Lights, and lamps"),
        "age": (1, "answered", "34", 34.0, "34"),
        "since": (1, "answered", "2020-05-03", None, "03/05/2020"),
    }
    assert set(await form.all("SELECT channel, input, wording, inbound_id FROM answer")) == {
        ("web", "imported", "full", None)
    }


async def test_blanks_are_skipped_or_do_not_apply(quick: Importer) -> None:
    await quick.rows(SECOND)
    states = {name: answer[1] for name, answer in (await quick.answers("W2")).items()}
    assert states == {
        "safe": "answered",
        "why_not": "not_applicable",
        "needs": "skipped",
        "age": "skipped",
        "since": "skipped",
    }


async def test_what_was_imported_is_noted_and_told(quick: Importer) -> None:
    await quick.rows(FIRST, SECOND)
    assert await quick.all("SELECT source, file_name, added, changed, unchanged, applied_by FROM import_batch") == [
        ("web form", "export.csv", 2, 0, 0, "tester")
    ]
    assert await quick.all("SELECT who, action, detail FROM audit") == [
        ("tester", "answers imported", "stoke from web form: 2 new, 0 changed")
    ]
    events = await quick.all("SELECT type, revision, test FROM event ORDER BY seq")
    assert events == [("response.completed", FIRST_REVISION, False)] * 2 + [("import.applied", 0, False)]


async def test_the_same_file_again_writes_nothing_at_all(quick: Importer) -> None:
    await quick.rows(FIRST, SECOND)
    before = await counts(quick)
    again = await quick.rows(SECOND, FIRST)
    assert (again.report.added, again.report.changed, again.report.unchanged) == (0, 0, 2)
    assert await counts(quick) == before


async def test_a_longer_file_brings_only_what_is_new(quick: Importer) -> None:
    await quick.rows(FIRST)
    longer = await quick.rows(FIRST, SECOND)
    assert (longer.report.added, longer.report.unchanged) == (1, 1)
    assert await quick.all("SELECT external_id FROM imported ORDER BY external_id") == [("W1",), ("W2",)]


async def test_a_shorter_file_takes_nothing_away(quick: Importer) -> None:
    await quick.rows(FIRST, SECOND)
    shorter = await quick.rows(SECOND)
    assert shorter.report.not_in_file == 1
    assert "Imported before, not in this file, and kept: 1 row\n" in str(shorter.report)
    assert len(await quick.all("SELECT id FROM response")) == 2


async def test_a_changed_row_becomes_new_revisions_of_what_differs(form: Importer) -> None:
    await form.rows(FIRST, SECOND)
    changed = await form.rows((*FIRST[:2], "agree", *FIRST[3:4], "Parks", *FIRST[5:]), SECOND)
    assert (changed.report.changed, changed.report.unchanged) == (1, 1)
    revisions = {name: (answer[0], answer[1], answer[2]) for name, answer in (await form.answers()).items()}
    assert revisions == {
        "safe": (2, "answered", "agree"),
        "why_not": (2, "not_applicable", None),
        "needs": (2, "answered", "parks"),
        "age": (1, "answered", "34"),
        "since": (1, "answered", "2020-05-03"),
    }
    assert (await form.all("SELECT type, revision FROM event ORDER BY seq"))[-2:] == [
        ("response.updated", FIRST_REVISION + 1),
        ("import.applied", 0),
    ]
    assert (await form.rows((*FIRST[:2], "agree", *FIRST[3:4], "Parks", *FIRST[5:]), SECOND)).report.unchanged == 2


async def test_an_answer_that_was_cleared_in_a_half_way_row_is_taken_back(form: Importer) -> None:
    row = ("W1", "", BEGUN, "Agree", "", "Buses", "34", "")
    await form.rows(row, map_text=HALF, head=HALF_HEAD)
    cleared = (*row[:6], "", "")
    looked = await form.look(csv_text([cleared], HALF_HEAD), HALF)
    assert (looked.report.changed, list(looked.report.taken_back)) == (1, ["W1"])
    await apply(form.database, looked, "tester", lambda: NOW, takes_back=True)
    answers = await form.answers()
    assert answers["age"] == (2, "skipped", None, None, None)
    assert "since" not in answers
    assert {answers[name][0] for name in ("safe", "needs")} == {1}
    assert (await form.rows(cleared, map_text=HALF, head=HALF_HEAD)).report.unchanged == 1
    given_again = (*row[:6], "35", "")
    assert not (await form.rows(given_again, map_text=HALF, head=HALF_HEAD)).report.taken_back
    assert (await form.answers())["age"][:3] == (3, "answered", "35")
    other = (*row[:3], "Disagree", "Dark", *cleared[5:])  # what was never said before is no older answer
    assert not (await form.look(csv_text([other], HALF_HEAD), HALF)).report.taken_back


async def test_a_half_way_row_that_is_handed_in_later_is_told_as_completed_once(form: Importer) -> None:
    half = ("W1", "", BEGUN, *FIRST[2:])
    whole = ("W1", "25/10/2026 14:25", BEGUN, *FIRST[2:])
    mended = (*whole[:3], "agree", *whole[4:])
    for row in (half, whole, mended):
        await form.rows(row, map_text=HALF, head=HALF_HEAD)
    told = await form.all("SELECT type FROM event WHERE type <> 'import.applied' ORDER BY seq")
    assert told == [("response.started",), ("response.completed",), ("response.updated",)]


async def test_a_mended_map_mends_what_it_had_read_otherwise(quick: Importer) -> None:
    row = (*FIRST[:4], "Benches", *FIRST[5:])
    benches = '\n[questions.needs.labels]\nBenches = "{}"\n'
    await quick.rows(row, map_text=MAP + benches.format("parks"))
    await quick.rows(row, map_text=MAP + benches.format("other"))
    assert (await quick.answers())["needs"][:3] == (2, "answered", "other")


OTHER = ("W9", "27/10/2026 10:00", *FIRST[2:])
MENDED = (*FIRST[:2], "agree", *FIRST[3:])
OLDER = [
    pytest.param(
        [[FIRST, OTHER], [("W1", "26/10/2026 10:00", *MENDED[2:]), OTHER]], "", id="the row's own time goes back"
    ),
    pytest.param(
        [[FIRST], [MENDED, OTHER]], "; it went up to 27 October 2026", id="the file ends before the last one did"
    ),
    pytest.param([[FIRST], [MENDED]], "", id="what stood there before"),
]


@pytest.mark.parametrize(("files", "why"), OLDER)
async def test_an_older_file_takes_newer_answers_back_only_on_an_explicit_word(
    form: Importer, files: list[list[tuple[str, ...]]], why: str
) -> None:
    for rows in files:
        await form.rows(*rows)
    older = await form.look(csv_text(files[0]))
    assert list(older.report.taken_back) == ["W1"]
    last = f"export.csv, brought in on 22 November 2026{why}"
    assert (
        f"Careful:\n  This file may be older than the last import ({last}); or were the map's dates changed? Newer "
        "answers of 1 row could go back to older ones: W1."
    ) in str(older.report)
    before = await form.answers()
    with pytest.raises(ImportRefused, match=r"go back to older ones, so nothing was written.*--apply --take-back"):
        await apply(form.database, older, "tester", lambda: NOW)
    assert await form.answers() == before
    await apply(form.database, older, "tester", lambda: NOW, takes_back=True)
    assert (await form.answers())["safe"] == (3, "answered", "disagree", None, "Disagree")


async def test_many_ids_that_would_go_back_are_not_all_named(quick: Importer) -> None:
    old = [(f"W{i}", *FIRST[1:]) for i in range(30)]
    await quick.rows(*old)
    await quick.rows(*[(*each[:2], "agree", *each[3:]) for each in old])
    assert ", W18, W19 and 10 more." in (await quick.look(csv_text(old))).report.careful


UNDATED = 'undated = "2026-10-31"\n' + MAP
LEFT = ("W1", "", *SECOND[2:])
HALF_WAY, LATER = ("W1", "", *FIRST[2:]), ("W1", "", *FIRST[2:5], "35", FIRST[6])
HANDED_IN = ("W1", "28/10/2026 10:00", *FIRST[2:])
PROGRESS = [
    pytest.param([[LEFT]], [HANDED_IN], id="a row that is handed in, on an earlier day"),
    pytest.param([[HALF_WAY], [LATER]], [HANDED_IN], id="a row that is handed in as it stood at first"),
    pytest.param([[LEFT, ("W2", *FIRST[1:])]], [("W2", *MENDED[1:])], id="a later file without the late day"),
    pytest.param([[LEFT, ("W2", *FIRST[1:])]], [LATER], id="a file of half-way rows alone"),
]


@pytest.mark.parametrize(("files", "after"), PROGRESS)
async def test_what_goes_on_is_not_taken_for_going_back(
    quick: Importer, files: list[list[tuple[str, ...]]], after: list[tuple[str, ...]]
) -> None:
    for rows in files:
        await quick.rows(*rows, map_text=UNDATED)
    assert not (await quick.look(csv_text(after), UNDATED)).report.taken_back


async def test_a_row_that_was_handed_in_and_is_half_way_again_goes_back(quick: Importer) -> None:
    await quick.rows(FIRST)
    again = await quick.look(csv_text([("W1", "", *FIRST[2:])]), UNDATED)
    assert list(again.report.taken_back) == ["W1"]


async def test_the_same_id_of_another_form_is_another_person(quick: Importer) -> None:
    await quick.rows(FIRST)
    await quick.rows(SECOND, map_text=MAP.replace("web form", "second form"))
    third = MAP.replace("web form", "third form")
    other = await quick.rows(SECOND, FIRST, map_text=third)
    assert other.report.added == 2
    assert other.report.notices.listed() == [
        f"imported before from {form}: is it the same form? Then give the map the same `source` (row {row})"
        for form, row in (("second form", 2), ("web form", 3))
    ]
    assert len(await quick.all("SELECT id FROM response")) == 4
    assert not (await quick.rows(SECOND, FIRST, map_text=third)).report.notices


async def test_new_keys_change_nothing(quick: Importer) -> None:
    await quick.rows(FIRST)
    await rotate_data_keys(quick.database, quick.keys)
    assert (await quick.rows(FIRST)).report.unchanged == 1


async def test_what_was_removed_stays_away_also_after_new_keys(form: Importer) -> None:
    await form.rows(FIRST, SECOND)
    assert await form.database.run(lambda: imports.forget("stoke", "web form", "W1", "tester", NOW))
    assert not await form.database.run(lambda: imports.forget("stoke", "web form", "W1", "tester", NOW))
    assert (await form.all("SELECT type FROM event ORDER BY seq"))[-1] == ("response.withdrawn",)
    await rotate_data_keys(form.database, form.keys)
    again = await form.rows(FIRST, SECOND)
    assert (again.report.withdrawn, again.report.added, again.report.unchanged) == (1, 0, 1)
    assert "Removed here before, and kept away: 1 row\n" in str(again.report)
    assert len(await form.all("SELECT id FROM response")) == len(await form.all("SELECT id FROM respondent")) == 1
    assert await form.answers("W1") == {}


async def test_in_a_demo_what_is_imported_is_a_trial(form: Importer) -> None:
    await form.database.run(installation.mark_demo)
    await form.rows(FIRST)
    assert await form.all("SELECT test FROM response") == [(True,)]
    assert set(await form.all("SELECT test FROM event")) == {(True,)}


async def test_two_imports_at_once_do_not_double_anything(form: Importer) -> None:
    looked = [await form.look(csv_text([FIRST])) for _ in range(2)]
    one, other = await asyncio.gather(
        *(apply(form.database, each, "tester", lambda: NOW) for each in looked), return_exceptions=True
    )
    refused = one or other
    assert isinstance(refused, ImportRefused)
    assert "meanwhile, so nothing was written" in str(refused)
    assert await counts(form) == (1, 1, 6, 1, 1, 2, 1)


async def test_a_response_that_came_after_the_close_is_late(database: Database, keys: KeyRing, tmp_path: Path) -> None:
    form = await importer(database, keys, tmp_path, replace(SURVEY, closes="2026-10-25"))
    await form.rows(FIRST, SECOND)
    late = dict(await form.all("SELECT i.external_id, r.late FROM imported i JOIN response r ON r.id = i.response_id"))
    assert {key: bool(value) for key, value in late.items()} == {"W1": False, "W2": True}


async def test_many_rows_are_written_slice_by_slice(form: Importer) -> None:
    rows = [(f"W{i}", *FIRST[1:]) for i in range(imports.SLICE + 1)]
    assert (await form.rows(*rows)).report.added == imports.SLICE + 1
    assert (await form.all("SELECT COUNT(*) FROM answer"))[0][0] == (imports.SLICE + 1) * 6
    form.now += DAY
    changed = [(*each[:2], "agree", "", *each[4:]) for each in rows]
    assert (await form.rows(*changed)).report.changed == imports.SLICE + 1

"""What was exported can be imported again, and exported again: the same bytes, but for the ids of responses.

What an export has no column for, or an import no way to say, cannot go round; the last test says what, and why.
"""

import csv
import shutil
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path

import pytest

from bot.analysis.export import Format, export
from bot.analysis.importing.applying import apply, look_over
from bot.analysis.importing.binding import web_questions
from bot.analysis.importing.map_lines import text
from bot.cli.importing import SAMPLE, SAMPLE_MAP
from bot.core.survey import SurveyDefinition
from storage import surveys
from storage.database import open_database
from storage.keys import KeyRing
from storage.script import Database
from tests.analysis.filling import BEGAN, MINUTE, Answer, Response, keep
from tests.analysis.importing.scene import FIRST, HEAD, NOW, SECOND, SURVEY, changed_map, csv_text
from tests.conftest import SECRET
from tests.playing import shipped
from tests.service.backups import rows

USED = {"response_id", "language", "started_at", "completed_at"}
HALF_WAY_MAP = changed_map(started_at='"Begun"') + '\n[language]\ncolumn = "Language"\n'
HALF_WAY_HEAD = (*HEAD[:2], "Begun", *HEAD[2:], "Language")
AT = "25/10/2026 14:0"
MIXED = [
    (*FIRST[:2], f"{AT}1", *FIRST[2:], "en"),
    (*SECOND[:2], f"{AT}2", *SECOND[2:], "ur"),  # skipped, and not applicable
    (
        "W3",
        f"{AT}8",
        f"{AT}3",
        "agree",
        "asked nowhere",
        "Parks",
        "34",
        "2020-05-03",
        "en",
    ),  # an answer where none is asked
    ("W4", f"{AT}9", f"{AT}4", "disagree", "=1+1; or so\n-2 at 07700 900123", "Something else", "7", "", "en"),
    ("W5", "", f"{AT}5", "disagree", "", "Buses", "", "", "en"),  # half-way: one skipped, two not reached
    ("W6", "", f"{AT}6", "", "", "", "", "", "en"),  # not begun
]

Town = Callable[[str, SurveyDefinition], AbstractAsyncContextManager[Database]]


@pytest.fixture
def town(migrated: Path, tmp_path: Path) -> Town:
    """Open a database by name in which a survey is published."""

    @asynccontextmanager
    async def opened(name: str, survey: SurveyDefinition) -> AsyncIterator[Database]:
        shutil.copy(migrated, tmp_path / f"{name}.db")
        database = await open_database(f"sqlite:///{tmp_path / f'{name}.db'}")
        definition = survey.to_json()
        await database.run(lambda: surveys.publish(survey.id, survey.version, survey.hash, definition, NOW))
        try:
            yield database
        finally:
            await database.close()

    return opened


def map_of(path: Path, survey: SurveyDefinition) -> str:
    """Write the map of an export of ours: its own columns, codes for labels."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        headings = next(csv.reader(file))
    asked = {question.name for question in web_questions(survey)}
    names = [name for name in headings if name in asked]
    ignored = [name for name in headings if name not in names and name not in USED]
    lines = [
        'source = "earshot"',
        'id = "response_id"',
        'started_at = "started_at"',
        'submitted_at = "completed_at"',
        'separator = " "',
        f"ignore = [{', '.join(map(text, ignored))}]",
        "[language]",
        'column = "language"',
        *(f"[questions.{name}]\ncolumn = {text(name)}" for name in names),
    ]
    return "\n".join(lines)


async def brought(database: Database, path: Path, map_path: Path, survey: str) -> None:
    keys = await KeyRing.open(database, SECRET)
    await apply(database, await look_over(database, keys, path, map_path, survey, NOW), "tester", lambda: NOW)


async def written(database: Database, survey: str, out: Path) -> bytes:
    await export(database, survey, Format.CSV, out, raw=False, labels=None, include_test=False, who="tester", now=NOW)
    return read(out)


def read(path: Path) -> bytes:
    return path.read_bytes()


async def again(database: Database, path: Path, survey: SurveyDefinition) -> bytes:
    """Import an export of ours and export it, with the ids that its responses had in the first."""
    map_path, out = path.with_suffix(".toml"), path.with_name("again.csv")
    map_path.write_text(map_of(path, survey), encoding="utf-8")
    await brought(database, path, map_path, survey.id)
    content = await written(database, survey.id, out)
    for old, new in await rows(database, "SELECT external_id, response_id FROM imported"):
        content = content.replace(new.encode(), old.encode())
    return content


def table(content: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(content.decode("utf-8-sig").splitlines()))


async def test_the_shipped_sample_goes_round_byte_for_byte(town: Town, tmp_path: Path) -> None:
    survey, out = shipped(), tmp_path / "out.csv"
    async with town("first", survey) as first, town("second", survey) as second:
        await brought(first, SAMPLE, SAMPLE_MAP, survey.id)
        content = await written(first, survey.id, out)
        assert len(await rows(first, "SELECT id FROM response")) == 40
        assert sorted((await again(second, out, survey)).splitlines()) == sorted(content.splitlines())


async def test_every_state_that_a_form_can_leave_goes_round_byte_for_byte(town: Town, tmp_path: Path) -> None:
    form, map_path, out = tmp_path / "form.csv", tmp_path / "form.toml", tmp_path / "out.csv"
    form.write_text(csv_text(MIXED, HALF_WAY_HEAD), newline="")
    map_path.write_text(HALF_WAY_MAP)
    async with town("first", SURVEY) as first, town("second", SURVEY) as second:
        await brought(first, form, map_path, SURVEY.id)
        content = await written(first, SURVEY.id, out)
        for each in ("skipped", "not_applicable", "not_reached", "partial", "complete"):
            assert f"{each}".encode() in content, each
        assert await again(second, out, SURVEY) == content


async def test_what_a_row_of_the_export_does_not_say_does_not_go_round(town: Town, tmp_path: Path) -> None:
    """What an import brings in was answered on a web form: how else it came, whose it was and a STOP are lost.

    Words that were refused or not understood have no cell in a wide export, so that their place is blank: skipped.
    """
    out = tmp_path / "out.csv"
    texted = Response(
        "r1",
        [
            Answer("safe", "disagree", "disagree"),
            Answer("why_not", "Dark", state="answered"),
            Answer("needs", "all of them", state="unparsed"),
            Answer("age", "no thanks", state="refused"),
            Answer("since", state="skipped"),
            Answer("faith", "agree", "agree"),
        ],
        campaign="leaflet",
        completed=BEGAN + MINUTE,
    )
    stopped = Response(
        "r2",
        [Answer("safe", "agree", "agree", at=BEGAN + 2 * MINUTE)],
        began=BEGAN + MINUTE,
        stopped=BEGAN + 2 * MINUTE,
    )
    async with town("first", SURVEY) as first, town("second", SURVEY) as second:
        await first.run(keep(texted, stopped))
        before = table(await written(first, SURVEY.id, out))
        after = table(await again(second, out, SURVEY))
    lost = [
        {name: f"{old[name]} > {new[name]}" for name in old if old[name] != new[name]}
        for old, new in zip(before, after, strict=True)
    ]
    way = {"source": "sms > web", "channel": "sms > web", "language_source": "default > imported"}
    of_sms_alone = {"faith": "agree > ", "faith__state": "answered > not_applicable"}
    states = {"needs__state": "unparsed > skipped", "age__state": "refused > skipped"}
    assert lost[0] == way | of_sms_alone | states | {"campaign": "leaflet > "}
    later = f"{before[1]['last_answer_at']} > {before[1]['started_at']}"
    assert lost[1] == way | {
        "status": "stopped > partial",
        "last_answer_at": later,
        "faith__state": "not_reached > not_applicable",
    }

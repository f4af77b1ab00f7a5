"""A small survey, a form's export for it, a map, and a look at all three: what the tests of imports begin from."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bot.analysis.columns import Published
from bot.analysis.importing.applying import apply, look_over
from bot.analysis.importing.checking import Checked, check
from bot.analysis.importing.import_map import read_map
from bot.analysis.importing.problems import ImportRefused
from bot.core.survey import Choice, QuestionType, Role, SurveyDefinition
from storage.imports import Before
from storage.keys import KeyRing
from storage.script import Database, Fetch, Rows, Script
from tests.analysis.filling import ask, publish, version

NOW = 1_795_374_240_000  # 2026-11-22T19:04Z
AGREE = (
    Choice("agree", {"en": "Agree", "ur": "متفق"}),
    Choice("neither", {"en": "Neither, nor"}, {"en": "Neither"}),
    Choice("disagree", {"en": "Disagree"}),
)
NEEDS = (
    Choice("lights", {"en": "Lights, and lamps"}),
    Choice("buses", {"en": "Buses"}),
    Choice("parks", {"en": "Parks"}),
    Choice("other", {"en": "Something else"}),
)
SURVEY = version(
    "1",
    ask("safe", choices=AGREE),
    ask("why_not", QuestionType.TEXT, role=Role.OPEN, relevant="${safe} = 'disagree'"),
    ask("needs", QuestionType.SELECT_MULTIPLE, choices=NEEDS),
    ask("age", QuestionType.INTEGER, role=Role.DEMOGRAPHIC),
    ask("since", QuestionType.DATE, role=Role.DEMOGRAPHIC),
    ask("faith", choices=AGREE, role=Role.DEMOGRAPHIC, channels=("sms",)),
    ask("updates", choices=AGREE, role=Role.CONTACT),
)
PUBLISHED = Published("stoke", (SURVEY,), None)
HEAD = ("Ref", "Handed in", "Safe?", "Why not?", "Needs", "Age", "Since")
MAP = """
source = "web form"
id = "Ref"
submitted_at = "Handed in"
date_format = "uk"
[questions.safe]
column = "Safe?"
[questions.why_not]
column = "Why not?"
[questions.needs]
column = "Needs"
separator = ","
[questions.age]
column = "Age"
[questions.since]
column = "Since"
"""
FIRST = (
    "W1",
    "25/10/2026 14:05",
    "Disagree",
    "It is dark.\nVery dark, too",
    "Buses, Lights, and lamps",
    "34",
    "03/05/2020",
)
SECOND = ("W2", "26/10/2026 09:00", "agree", "", "", "", "")
NOTHING = Before({}, {}, frozenset(), (0, ""))
"""What stands in a database into which nothing was imported yet."""


def row(**cells: str) -> tuple[str, ...]:
    """Make a row with everything blank but its id, its time and these cells, by their headings' first words."""
    full = dict(zip(HEAD, FIRST, strict=True)) | dict.fromkeys(HEAD[2:], "")
    names = {name.split()[0].strip("?").lower(): name for name in HEAD}
    return tuple((full | {names[short]: text for short, text in cells.items()}).values())


def csv_text(rows: Sequence[Sequence[str]], head: Sequence[str] = HEAD) -> str:
    """Write rows as CSV."""
    return "".join(
        ",".join(f'"{cell.replace(chr(34), chr(34) * 2)}"' for cell in each) + "\r\n" for each in (head, *rows)
    )


class Keys(KeyRing):
    """Keys without a database: what stands in them is of no matter here."""

    def __init__(self) -> None:
        pass

    def lookup(self, channel: str, address: str) -> str:
        return f"{hash((channel, address)):064x}"

    def lookups(self, channel: str, address: str) -> list[str]:
        return [self.lookup(channel, address)]


def looked(
    folder: Path,
    rows: Sequence[Sequence[str]] = (),
    map_text: str = MAP,
    *,
    head: Sequence[str] = HEAD,
    content: str | bytes = "",
    published: Published = PUBLISHED,
    name: str = "export.csv",
) -> Checked:
    """Look a file over, as the first that is imported."""
    path, map_path = folder / name, folder / "map.toml"
    content = content or csv_text(rows, head)
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    map_path.write_text(map_text, encoding="utf-8")
    at = datetime.fromtimestamp(NOW / 1000, UTC)
    return check(path, map_path, read_map(map_path), published, NOTHING, Keys(), now=at)


def problems(folder: Path, *rows: Sequence[str], map_text: str = MAP, head: Sequence[str] = HEAD) -> list[str]:
    """Look a file over, and list what stops it."""
    try:
        return list(looked(folder, rows, map_text, head=head).report.problems)
    except ImportRefused as refused:
        return list(refused.problems) or [str(refused)]


@dataclass
class Importer:
    """Imports files into a database in which the survey is published."""

    database: Database
    keys: KeyRing
    folder: Path
    now: int = NOW

    async def look(self, content: str | bytes, map_text: str = MAP, name: str = "export.csv") -> Checked:
        path, map_path = self.folder / name, self.folder / "map.toml"
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        map_path.write_text(map_text, encoding="utf-8")
        return await look_over(self.database, self.keys, path, map_path, "stoke", self.now)

    async def bring(self, content: str | bytes, map_text: str = MAP, name: str = "export.csv") -> Checked:
        checked = await self.look(content, map_text, name)
        await apply(self.database, checked, "tester", lambda: self.now)
        return checked

    async def rows(self, *rows: Sequence[str], map_text: str = MAP, head: Sequence[str] = HEAD) -> Checked:
        return await self.bring(csv_text(rows, head), map_text)

    async def all(self, sql: str) -> list[tuple[Any, ...]]:
        def script() -> Script[Rows]:
            return (yield Fetch(sql))

        return [tuple(each) for each in (await self.database.read(script)).rows]

    async def answers(
        self, external_id: str = "W1"
    ) -> dict[str, tuple[int, str, str | None, float | None, str | None]]:
        """Read the newest of each question: revision, state, codes, number and words."""
        found: dict[str, tuple[int, str, str | None, float | None, str | None]] = {}
        rows = await self.all(
            "SELECT a.question, a.revision, a.state, a.value_code, a.value_number, a.said FROM answer a"
            f" JOIN imported i ON i.response_id = a.response_id WHERE i.external_id = '{external_id}'"
            " ORDER BY a.revision, a.id"
        )
        for question, revision, state, code, number, said in rows:
            before = found.get(question)
            codes = f"{before[2]} {code}" if before is not None and before[0] == revision else code
            found[question] = (revision, state, codes, number, said)
        return found


async def importer(database: Database, keys: KeyRing, folder: Path, *definitions: SurveyDefinition) -> Importer:
    """Publish the survey and make an importer."""
    await database.run(publish(*(definitions or (SURVEY,))))
    return Importer(database, keys, folder)


def changed_map(**keys: str) -> str:
    """Write the map with other values at its top; an empty one leaves the name out."""
    lines = []
    for line in MAP.strip().splitlines():
        name = line.split(" = ")[0]
        if name not in keys or line.startswith(("[", "column")):
            lines.append(line)
        elif keys[name]:
            lines.append(f"{name} = {keys[name]}")
    known = {line.split(" = ")[0] for line in MAP.splitlines()}
    return "\n".join([*(f"{name} = {value}" for name, value in keys.items() if name not in known), *lines])

"""The papers hold: every command, setting, column, limit and address is written down, and nothing that is not there.

A page's headings and the first cells of its tables are what is held against the code; the rest is for people.
"""

import os
import re
import tomllib
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, get_args

import click
import pytest
import typer
from fastapi import FastAPI
from starlette.routing import Mount, Route

from bot.analysis.columns import FIXED
from bot.analysis.long import LONG
from bot.analysis.reconciliation import FILED
from bot.analysis.rows import WideRows
from bot.analysis.status import STATUSES
from bot.cli.commands import build
from bot.core import limits
from bot.core.expression_parser import ARITY
from bot.core.survey import QuestionType, Role, Start
from bot.core.words import CommandKind
from bot.settings import SECRETS, Settings
from bot.surveys.questions import CHANNELS
from bot.web import app as web
from bot.web.figures import Figures
from bot.web.metrics import Metrics
from bot.web.pages import Pages
from bot.web.simulator import SimulatorSetup, simulator_routes
from bot.web.staff import staff_routes
from bot.web.webhooks import Webhooks
from storage.database import open_database
from storage.tables import metadata
from tests.channels.webhooks import sms_channel
from tests.core.test_transcripts import play
from tests.web.scripted import ScriptedPhone

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
REFERENCE = DOCS / "reference"
README = ROOT / "README.md"
TRANSCRIPTS = ROOT / "tests" / "transcripts"
MOST_LINES = 120

_FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")
_CODE = re.compile(r"`([^`]+)`")
_OPTION = re.compile(r"--[a-z][a-z-]*")


def pages() -> list[Path]:
    """Every page that people read."""
    return sorted([*ROOT.glob("*.md"), *DOCS.rglob("*.md")])


def read(page: str) -> str:
    """Read one reference page."""
    return (REFERENCE / page).read_text(encoding="utf-8")


def sections(text: str) -> dict[str, str]:
    """Split a page at its headings; what is in code within a heading names the section, else the whole heading."""
    found: dict[str, str] = {}
    parts = re.split(r"^#{1,4} (.+)$", _FENCE.sub("", text), flags=re.MULTILINE)
    for heading, body in zip(parts[1::2], parts[2::2], strict=True):
        code = _CODE.search(heading)
        found[code[1] if code else heading] = body
    return found


def first_cells(text: str) -> list[str]:
    """List what stands in code in the first cell of each table row."""
    cells = (line.split("|")[1] for line in text.splitlines() if line.startswith("|"))
    return [name for cell in cells for name in _CODE.findall(cell)]


def commands(group: click.Group, path: str = "") -> Iterator[tuple[str, click.Command]]:
    """Walk the command line: every command that does something, by its full name."""
    for name, command in group.commands.items():
        full = f"{path} {name}".strip()
        if isinstance(command, click.Group):
            yield from commands(command, full)
        else:
            yield full, command


def the_command_line() -> dict[str, click.Command]:
    """Every command by its full name."""
    group = typer.main.get_command(build())
    assert isinstance(group, click.Group)
    return dict(commands(group))


def options(command: click.Command) -> set[str]:
    """Every option of a command but --help."""
    return {name for parameter in command.params for name in parameter.opts if name.startswith("--")}


def test_every_command_has_its_section_and_every_section_its_command() -> None:
    documented = [name for name in sections(read("commands.md")) if name[0].islower()]
    assert sorted(documented) == sorted(the_command_line())


@pytest.mark.parametrize("name", sorted(the_command_line()))
def test_a_commands_options_and_arguments_are_in_its_section_and_no_others(name: str) -> None:
    command, section = the_command_line()[name], sections(read("commands.md"))[name]
    assert set(_OPTION.findall(section)) == options(command)
    arguments = [p.metavar or p.name or "" for p in command.params if isinstance(p, click.Argument)]
    assert [each for each in arguments if f"`{each.upper()}`" not in section] == []


def test_every_setting_has_its_row_with_its_default() -> None:
    rows = {name: line for line in read("settings.md").splitlines() for name in first_cells(line)}
    assert list(rows) == [name.upper() for name in Settings.model_fields]
    for name, default in defaults().items():
        assert not default or f"`{default}`" in rows[name], name


def test_secrets_and_no_other_settings_may_stand_in_a_file() -> None:
    assert re.findall(r"`(\w+)_FILE`", read("settings.md")) == list(SECRETS)


def test_the_example_settings_are_all_of_them_commented_out_with_their_defaults() -> None:
    lines = (ROOT / ".env.example").read_text(encoding="utf-8").splitlines()
    assert [line for line in lines if line and not line.startswith("#")] == []
    assert dict(re.findall(r"^#([A-Z_]+)=(.*)$", "\n".join(lines), re.MULTILINE)) == defaults()


def defaults() -> dict[str, str]:
    """Every setting and its default, as it would be written."""
    fields = Settings.model_fields
    return {name.upper(): _written(field.get_default()) for name, field in fields.items()}


def _written(default: Any) -> str:  # noqa: ANN401 - whatever type a setting has
    return str(default.get_secret_value() if hasattr(default, "get_secret_value") else default)


@pytest.mark.parametrize(
    ("heading", "names"),
    [
        ("The wide form", FIXED),
        ("The long form", LONG),
        ("States", WideRows.STATES if hasattr(WideRows, "STATES") else None),
        ("Statuses", STATUSES),
    ],
)
def test_every_column_state_and_status_is_written_down_in_order(heading: str, names: Iterable[str] | None) -> None:
    assert names is not None
    assert first_cells(sections(read("columns.md"))[heading]) == list(names)

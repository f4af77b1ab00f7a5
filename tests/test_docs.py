"""The papers hold: every command, setting, column, limit and address is written down, and nothing that is not there.

A page's headings and the first cells of its tables are what is held against the code; the rest is for people.
"""

import os
import re
import tomllib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI
from starlette.routing import Route
from starlette.types import Receive, Scope, Send
from typer.core import TyperArgument, TyperCommand, TyperGroup
from typer.main import get_command

from bot.analysis.codebook import STATES
from bot.analysis.columns import FIXED
from bot.analysis.long import LONG
from bot.analysis.quality import MARKS
from bot.analysis.reconciliation import FILED
from bot.analysis.status import STATUSES
from bot.cli.channels import providers_of
from bot.cli.commands import build
from bot.cli.compose import wording
from bot.core import limits
from bot.core.expression_parser import ARITY
from bot.core.survey import QuestionType, Role, Start
from bot.core.words import CommandKind
from bot.outreach.campaigns import Numbers
from bot.service.forms import Forms
from bot.service.library import Library
from bot.service.safeguarding import Safeguarding
from bot.service.transcribing import Transcribing
from bot.service.unread import UnreadMessages
from bot.service.voice import VoiceBox
from bot.settings import SECRETS, Settings, load
from bot.surveys.questions import CHANNELS
from bot.web import app as web
from bot.web.account import account_routes
from bot.web.assisted import assisted_routes
from bot.web.campaigns import campaign_routes
from bot.web.council import council_routes
from bot.web.figures import Figures
from bot.web.form import form_routes
from bot.web.forwarding import forwarding_routes
from bot.web.importing import import_routes
from bot.web.metrics import Metrics
from bot.web.modes import mode_routes
from bot.web.pages import Pages
from bot.web.pull import pull_routes
from bot.web.safeguarding import safeguarding_routes
from bot.web.simulator import SimulatorSetup, simulator_routes
from bot.web.staff import staff_routes
from bot.web.voice import voice_routes
from bot.web.volunteers import volunteer_routes
from storage.database import open_database
from storage.keys import KeyRing
from storage.tables import metadata
from tests.channels.settings import EVERY_CHANNEL
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


def commands(group: TyperGroup, path: str = "") -> Iterator[tuple[str, TyperCommand]]:
    """Walk the command line: every command that does something, by its full name."""
    for name, command in group.commands.items():
        full = f"{path} {name}".strip()
        if isinstance(command, TyperGroup):
            yield from commands(command, full)
        elif isinstance(command, TyperCommand):
            yield full, command


def the_command_line() -> dict[str, TyperCommand]:
    """Every command by its full name."""
    group = get_command(build())
    assert isinstance(group, TyperGroup)
    return dict(commands(group))


def test_every_command_has_its_section_and_every_section_its_command() -> None:
    documented = [name for name in sections(read("commands.md")) if name[0].islower()]
    assert sorted(documented) == sorted(the_command_line())


@pytest.mark.parametrize("name", sorted(the_command_line()))
def test_a_commands_options_and_arguments_are_in_its_section_and_no_others(name: str) -> None:
    command, section = the_command_line()[name], sections(read("commands.md"))[name]
    options = {option for each in command.params for option in each.opts if option.startswith("--")}
    assert set(_OPTION.findall(section)) == options
    arguments = [
        (each.metavar or each.name or "").upper() for each in command.params if isinstance(each, TyperArgument)
    ]
    assert [each for each in arguments if f"`{each}`" not in section] == []


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


def _written(default: Any) -> str:
    if default is None:
        return ""
    return str(default.get_secret_value() if hasattr(default, "get_secret_value") else default)


@pytest.mark.parametrize(
    ("heading", "names"),
    [
        pytest.param("The wide form", FIXED, id="columns of the wide form"),
        pytest.param("The long form", LONG, id="columns of the long form"),
        pytest.param("Marks", MARKS, id="marks of quality"),
        pytest.param("States", STATES, id="states of an answer"),
        pytest.param("Statuses", STATUSES, id="statuses of a response"),
        pytest.param("Places in the report", FILED, id="places of a message"),
    ],
)
def test_what_an_export_or_report_holds_is_written_down_in_its_order(heading: str, names: Iterable[str]) -> None:
    assert first_cells(sections(read("columns.md"))[heading]) == list(names)


def test_every_limit_of_a_conversation_is_written_down_with_its_number() -> None:
    written = dict(re.findall(r"^\| `([A-Z_]+)` \| ([\d,]+) \|", read("conversation.md"), re.MULTILINE))
    named = {name: f"{value:,}" for name, value in vars(limits).items() if isinstance(value, int)}
    assert written == named


def test_every_command_of_a_resident_is_written_down() -> None:
    assert set(first_cells(sections(read("conversation.md"))["Commands"])) == set(CommandKind)


@pytest.mark.parametrize(
    ("heading", "names"),
    [
        pytest.param("Types", QuestionType, id="types of question"),
        pytest.param("Functions", ARITY, id="functions of expressions"),
        pytest.param("Roles", Role, id="roles of a question"),
        pytest.param("Channels", CHANNELS, id="channels of a question"),
        pytest.param("Start", Start, id="ways to start"),
    ],
)
def test_what_a_survey_file_may_hold_is_written_down(heading: str, names: Iterable[str]) -> None:
    assert set(first_cells(sections(read("survey-file.md"))[heading])) == set(names)


async def test_every_address_of_the_server_is_written_down(tmp_path: Path) -> None:
    database = await open_database(f"sqlite:///{tmp_path / 'earshot.db'}")
    metrics, pages_of_ours = Metrics(), Pages("Stoke")
    staff = staff_routes(database, Figures(database, lambda: 0), pages_of_ours, lambda: 0, "")
    simulator = simulator_routes({"sms": ScriptedPhone()}, pages_of_ours, SimulatorSetup("Earshot", (), 0.0), "")
    keys = await KeyRing.open(database, "a secret of tests")
    box = VoiceBox(database, keys, {}, now=lambda: 0)
    transcribing = Transcribing(database, Library(database, wording()), now=lambda: 0)
    voice = voice_routes(database, box, transcribing, pages_of_ours, lambda: 0, "")
    queue = Safeguarding(database, keys, now=lambda: 0)
    safe = safeguarding_routes(database, queue, pages_of_ours, lambda: 0, "")
    account = account_routes(database, keys, pages_of_ours, lambda: 0, "")
    campaigns = campaign_routes(database, Numbers(), pages_of_ours, lambda: 0, "")
    unread = UnreadMessages(database, {}, now=lambda: 0)
    council = council_routes(database, unread, pages_of_ours, lambda: 0, "")
    pulled = pull_routes(database, "a token of tests", lambda: 0)
    modes = mode_routes(database, keys, pages_of_ours, lambda: 0, "")
    forms = Forms(database, keys, Library(database, wording()), now=lambda: 0)
    entry = [
        form_routes(forms, pages_of_ours, lambda: 0, ""),
        assisted_routes(database, forms, pages_of_ours, lambda: 0, ""),
        volunteer_routes(database, forms, pages_of_ours, lambda: 0, ""),
    ]
    forwarding = forwarding_routes(database, pages_of_ours, lambda: 0, "")
    imported = import_routes(database, keys, pages_of_ours, lambda: 0, "")
    ours = [staff, account, voice, safe, campaigns, council, modes, imported, forwarding, pulled, simulator, *entry]
    application = web.build(_nobody, ours, metrics, _yes)
    await database.close()
    served = {f"{method} {route.path}" for route in _routes(application.pages) for method in _methods(route)}
    names = providers_of(load(**EVERY_CHANNEL)).channels
    webhooks = {f"POST /channels/{name}{end}" for name in names for end in ("", "/status")}
    assert set(first_cells(read("http.md"))) == served | webhooks
    assert set(re.findall(r"earshot_\w+", read("http.md"))) == set(re.findall(r"# HELP (\w+)", metrics.text().decode()))


def _routes(pages_of_ours: FastAPI) -> list[Route]:
    routers = [getattr(included, "original_router", pages_of_ours) for included in pages_of_ours.routes]
    return [route for router in routers for route in router.routes if isinstance(route, Route)]


def _methods(route: Route) -> set[str]:
    return set(route.methods or ()) - {"HEAD"}


async def _yes() -> bool:
    return True


async def _nobody(scope: Scope, receive: Receive, send: Send) -> None:
    """Stand where the webhooks would: no request comes here."""


def test_every_table_is_written_down() -> None:
    assert set(first_cells(sections(read("storage.md"))["Tables"])) == set(metadata.tables)


def test_every_dependency_has_its_reason_in_a_decision() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    groups = project["dependency-groups"]
    asked_for = [
        *project["project"]["dependencies"],
        *groups["test"],
        *groups["lint"],
        *project["build-system"]["requires"],
    ]
    names = [re.split(r"[\[<>=!~]", each)[0] for each in asked_for]
    decisions = "\n".join(page.read_text(encoding="utf-8") for page in (DOCS / "decisions").glob("*.md"))
    assert [name for name in names if f"`{name}`" not in decisions] == []


def test_decisions_are_numbered_without_a_gap() -> None:
    numbers = [int(page.name[:4]) for page in sorted((DOCS / "decisions").glob("*.md")) if page.name != "README.md"]
    assert numbers == list(range(1, len(numbers) + 1))


def test_the_readme_is_short() -> None:
    assert len(README.read_text(encoding="utf-8").splitlines()) <= MOST_LINES


def test_the_readmes_transcript_is_one_that_is_played() -> None:
    text = README.read_text(encoding="utf-8")
    (shown,) = [body for _, body in _FENCE.findall(text) if body.startswith("> ")]
    source = TRANSCRIPTS / f"{re.findall(r'(?<=tests/transcripts/)[a-z_]+', text)[0]}.txt"
    played = _shorten(play(source.read_text(encoding="utf-8")), re.findall(r"^> .*$", shown, re.MULTILINE))
    if os.environ.get("EARSHOT_REGENERATE"):
        README.write_text(text.replace(shown, played), encoding="utf-8")
    assert played == shown


def _shorten(transcript: str, texts: list[str]) -> str:
    """Keep the exchanges that begin with these texts, in their order; `...` stands for what is left out between."""
    exchanges = iter(part.rstrip() for part in re.split(r"^(?=> )", transcript, flags=re.MULTILINE)[1:])
    kept: list[str] = []
    for text in texts:
        left_out = False
        for exchange in exchanges:
            if exchange.splitlines()[0] == text:
                break
            left_out = True
        else:
            pytest.fail(f"The transcript does not go on to: {text}")
        kept += ["...\n" if left_out else "\n" if kept else "", f"{exchange}\n"]
    return "".join(kept)


def test_the_readme_and_the_gates_run_the_same_tests() -> None:
    (command,) = re.findall(r"^(sh run\.sh test)\b", README.read_text(encoding="utf-8"), re.MULTILINE)
    gates = (ROOT / ".ci" / "run").read_text(encoding="utf-8").splitlines()
    assert command in [line for line in gates if line.strip() and not line.lstrip().startswith("#")][-1]


@pytest.mark.parametrize("page", pages(), ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_and_picture_of_a_page_leads_somewhere(page: Path) -> None:
    links = _LINK.findall(_FENCE.sub("", page.read_text(encoding="utf-8")))
    assert [link for link in links if not _leads_somewhere(page, link)] == []


def _leads_somewhere(page: Path, link: str) -> bool:
    path, _, place = link.partition("#")
    if path.startswith(("http://", "https://", "mailto:")):
        return True
    target = (page.parent / path).resolve() if path else page
    if not target.exists() or not target.is_relative_to(ROOT):
        return False
    return not place or place in [_anchor(heading) for heading in _headings(target)]


def _headings(page: Path) -> list[str]:
    return re.findall(r"^#{1,6} (.+)$", _FENCE.sub("", page.read_text(encoding="utf-8")), re.MULTILINE)


def _anchor(heading: str) -> str:
    return re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-")

"""The command line: one module per matter, put together here. Every failure is one clear line on standard error."""

import sys
import traceback
from collections.abc import Sequence
from pathlib import Path

import typer

from bot.analysis.columns import UnknownSurvey
from bot.analysis.formats.asked import ExportRefused
from bot.analysis.forwarding.allowed import ForwardRefused
from bot.analysis.importing.problems import ImportRefused
from bot.analysis.population import PopulationRefused
from bot.cli import (
    asking,
    backups,
    campaigns,
    detecting,
    doctoring,
    exporting,
    forwarding,
    importing,
    merging,
    people,
    population,
    posters,
    reviewing,
    running,
    surveys,
)
from bot.cli.compose import Refusal
from bot.cli.streams import OutputLost, throw_output_away
from bot.outreach.campaigns import CampaignRefused
from bot.outreach.poster import PosterRefused
from bot.outreach.publishing import PublicationRefused
from bot.service.backup import BackupRefused
from bot.service.catalogues import CatalogueUnreadable
from bot.service.reviewing import SheetUnreadable
from bot.service.suppression import LedgerProblem
from bot.service.word_files import WordFileUnreadable
from bot.settings import SettingsProblem
from bot.surveys.problems import SurveyRefused
from bot.web.accounts import StaffRefused
from storage.errors import CannotOpen, Unavailable, WrongSecret

EXPECTED = (
    Refusal,
    BackupRefused,
    CampaignRefused,
    LedgerProblem,
    PopulationRefused,
    PosterRefused,
    PublicationRefused,
    SettingsProblem,
    CatalogueUnreadable,
    WordFileUnreadable,
    ExportRefused,
    ForwardRefused,
    ImportRefused,
    UnknownSurvey,
    SheetUnreadable,
    StaffRefused,
    CannotOpen,
    Unavailable,
    WrongSecret,
)


def build() -> typer.Typer:
    """Put the commands together."""
    app = typer.Typer(
        name="earshot",
        help="Earshot: a council's consultation survey by text message, in the same schema as the web survey.",
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
        rich_markup_mode=None,
    )
    survey_commands = typer.Typer(help="Check, publish, list and close surveys.", no_args_is_help=True)
    staff_commands = typer.Typer(help="Who may sign in to the staff pages.", no_args_is_help=True)
    review_commands = typer.Typer(help="Translations: a sheet to be read, and what was read.", no_args_is_help=True)
    campaign_commands = typer.Typer(help="Invite residents to a survey, by a word of its own.", no_args_is_help=True)
    population_commands = typer.Typer(help="How many people there are, to see who is missing.", no_args_is_help=True)
    forward_commands = typer.Typer(help="Bring what happens to where the analysis is done.", no_args_is_help=True)
    surveys.register(survey_commands)
    forwarding.register(forward_commands)
    population.register(population_commands)
    campaigns.register(campaign_commands)
    posters.register(app)
    reviewing.register(review_commands)
    people.register(app, staff_commands)
    running.register(app)
    asking.register(app)
    detecting.register(app)
    exporting.register(app)
    merging.register(app)
    importing.register(app)
    backups.register(app)
    doctoring.register(app)
    app.add_typer(survey_commands, name="survey")
    app.add_typer(campaign_commands, name="campaign")
    app.add_typer(population_commands, name="population")
    app.add_typer(forward_commands, name="forward")
    app.add_typer(staff_commands, name="staff")
    app.add_typer(review_commands, name="review")
    return app


def main(arguments: Sequence[str] | None = None) -> None:
    """Run one command: exit 0 on success, 2 on bad usage, 1 on failure with one line on standard error."""
    given = sys.argv[1:] if arguments is None else list(arguments)
    if not _is_text(given):
        print("earshot: what follows the command is not UTF-8. Use a terminal that writes UTF-8.", file=sys.stderr)
        sys.exit(2)
    try:
        _run(given)
    except EXPECTED as problem:
        sys.exit(_fail(str(problem)))
    except KeyboardInterrupt:
        sys.exit(130)
    except BrokenPipeError:  # whoever reads has read enough, as `head` does
        throw_output_away()
        sys.exit(1)
    except OutputLost as lost:
        throw_output_away()
        sys.exit(_fail(str(lost)))
    except Exception as problem:
        if isinstance(problem, OSError) and isinstance(problem.filename, str):
            sys.exit(_fail(f"{problem.filename}: {problem.strerror}."))
        # A bug: say where, and nothing of what was being handled.
        last = traceback.extract_tb(problem.__traceback__)[-1]
        sys.exit(_fail(f"Unexpected {type(problem).__name__} in {Path(last.filename).name}:{last.lineno}."))


def _run(given: Sequence[str]) -> None:
    try:
        build()(args=given)
    except SurveyRefused as refused:
        raise Refusal(_sum_up(refused)) from refused
    finally:
        sys.stdout.flush()  # at the interpreter's end nobody could say any more that this failed


def _is_text(given: Sequence[str]) -> bool:
    try:
        " ".join(given).encode()
    except UnicodeEncodeError:
        return False
    return True


def _sum_up(refused: SurveyRefused) -> str:
    """Say what is wrong with a survey file in one line; of several problems, list each on standard output first."""
    if len(refused.problems) == 1:
        return str(refused.problems[0])
    for problem in refused.problems:
        print(problem)
    return f"The survey file cannot be published: {len(refused.problems)} problems, listed above."


def _fail(message: str) -> int:
    print(f"earshot: {message}", file=sys.stderr)
    return 1

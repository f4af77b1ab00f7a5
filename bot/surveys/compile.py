"""From a survey file (XLSForm: .xlsx, .xls, .csv) to one frozen `SurveyDefinition`."""

from dataclasses import dataclass
from pathlib import Path

from bot.core.survey import Question, SurveyDefinition
from bot.surveys.choices import ChoiceLists
from bot.surveys.languages import EXTRAS, Languages, find_languages, tidy_code
from bot.surveys.logic import check_logic
from bot.surveys.odk import check_as_odk
from bot.surveys.problems import Findings, Problem
from bot.surveys.problems import SurveyRefused as SurveyRefused
from bot.surveys.questions import QuestionReader
from bot.surveys.settings import Settings, SettingsReader
from bot.surveys.workbook import Row, Workbook, open_workbook


@dataclass(frozen=True, slots=True)
class Compiled:
    """A survey file that can be published, and what its author should still know."""

    definition: SurveyDefinition
    warnings: tuple[Problem, ...]


def compile_survey(path: Path, *, stop_words: frozenset[str] = frozenset()) -> Compiled:
    """Read a survey file. The same file always gives the same definition, and so the same hash.

    `stop_words` are what Earshot takes for STOP beside the carrier's own words; no choice may be called so. Raises
    `SurveyRefused`, and nothing else, whatever the file holds: with every problem that Earshot finds, each with sheet,
    row and column, and with the first that ODK's reader has beside those.
    """
    findings = Findings()
    workbook = open_workbook(path, findings)
    definition = _definition(workbook, findings, stop_words)
    check_as_odk(path, findings)
    if not findings.refusals and not any(question.is_asked for question in definition.questions):
        findings.refuse("survey", 0, "", "there is no question in it")
    findings.raise_if_refused()
    return Compiled(definition, tuple(findings.warnings))


def _definition(workbook: Workbook, findings: Findings, stop_words: frozenset[str]) -> SurveyDefinition:
    row = workbook.settings.rows[0] if workbook.settings.rows else Row(2, {})
    languages = find_languages(row.text("default_language"), workbook.survey, workbook.choices, findings)
    settings = SettingsReader(row, languages, findings).read()
    lists = ChoiceLists(workbook.choices.rows, languages, findings, stop_words)
    reader = QuestionReader(lists, languages, findings)
    questions = reader.read(workbook.survey.rows)
    check_logic(questions, reader.logic, reader.refused, lists.columns(), findings)
    _warn_of_lost_texts(workbook, languages, findings)
    return _assemble(settings, languages, questions)


def _assemble(settings: Settings, languages: Languages, questions: tuple[Question, ...]) -> SurveyDefinition:
    return SurveyDefinition(
        id=settings.id,
        version=settings.version,
        title=settings.title,
        default_language=languages.default,
        keywords=settings.keywords,
        questions=questions,
        languages=languages.known,
        organisation=settings.organisation,
        privacy_url=settings.privacy_url,
        verify_url=settings.verify_url,
        contact=settings.contact,
        opens=settings.opens,
        closes=settings.closes,
        min_age=settings.min_age,
        start=settings.start,
        draft_languages=settings.draft_languages,
        next_steps=settings.next_steps,
    )


def _warn_of_lost_texts(workbook: Workbook, languages: Languages, findings: Findings) -> None:
    """Name the extra columns of a language that the file does not have: nobody would ever read them."""
    known = {language.code for language in languages.known}
    for name, sheet in (("survey", workbook.survey), ("choices", workbook.choices)):
        for column, *_ in sheet.headers:
            for extra in EXTRAS:
                code = tidy_code(column.removeprefix(extra)) if column.startswith(extra) else ""
                if code and code not in known:
                    findings.warn(name, 1, column, f"the file has no column label::... ({code}), so nobody reads this")

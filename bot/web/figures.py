"""What the staff pages show and hand out: the published surveys, one survey's numbers, and its export files.

The responses of trials count in a demo's database alone.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from bot.analysis.columns import read_published
from bot.analysis.counts import Counts, count
from bot.analysis.export import Format, export
from bot.analysis.formats.asked import ExportRefused, Progress
from bot.analysis.hiding import hide_small
from bot.analysis.reconciliation import Report, reconcile
from bot.analysis.tallies import today_began
from bot.core.language_names import name_in_english
from bot.core.survey import SurveyDefinition, wording
from bot.service.reviewing import sentences_now, standing
from bot.web.accounts import Clock
from storage import reviews
from storage import surveys as store
from storage.installation import is_demo
from storage.keys import KeyRing
from storage.script import Database
from storage.voice import open_notes


@dataclass(frozen=True, slots=True)
class SurveyName:
    """A survey as the staff pages list it. `id` is the form_id."""

    id: str
    title: str


@dataclass(frozen=True, slots=True)
class LanguageFigures:
    """One language of a survey: what it is called, how many answer in it, and how far its translation was read.

    `responses` is None where the number, or what is left of the sum beside it, could point to somebody.
    """

    code: str
    name: str
    responses: int | None
    sentences: int
    read: int


@dataclass(frozen=True, slots=True)
class SurveyFigures:
    """One survey's numbers. `labels` has each question's wording in the default language, by its export column.

    `wishes` are the languages that residents would have liked and the survey does not have, by name. `voice_notes` wait
    to be written down, of all surveys.
    """

    counts: Counts
    report: Report
    labels: Mapping[str, str]
    languages: Sequence[LanguageFigures]
    wishes: Mapping[str, int]
    voice_notes: int


class Figures:
    """Reads the numbers of a database; `clock` gives epoch milliseconds UTC. `keys` are for shareable exports."""

    def __init__(self, database: Database, clock: Clock, keys: KeyRing | None = None) -> None:
        self._database = database
        self._clock = clock
        self._keys = keys

    async def surveys(self) -> list[SurveyName]:
        """List the published surveys, the one published last first."""
        versions = await self._database.read(store.every_version)
        current = [SurveyDefinition.from_json(row.definition) for row in reversed(versions) if row.is_current]
        return [SurveyName(it.id, wording(it.title, it.default_language, it.default_language)) for it in current]

    async def language_called(self, survey: str, name: str) -> str | None:
        """Find one of a survey's languages by its code or name; None where no one alone is. Raises UnknownSurvey."""
        return (await self._database.read(lambda: read_published(survey))).language_called(name)

    async def of_survey(self, survey: str) -> SurveyFigures:
        """Count one survey. Raises UnknownSurvey."""
        published = await self._database.read(lambda: read_published(survey))
        default, now = published.newest.default_language, self._clock()
        include_test = await self._database.read(is_demo)
        waiting, _ = await self._database.read(lambda: open_notes(now, include_test=include_test))
        return SurveyFigures(
            voice_notes=waiting,
            counts=await count(self._database, survey, include_test=include_test, now=now),
            report=await reconcile(self._database, survey, include_test=include_test, now=now),
            labels={each.column: wording(each.question.label, default, default) for each in published.variables},
            languages=await self._languages(published.newest, include_test),
            wishes={
                name_in_english(code): wished
                for code, wished in (await self._database.read(lambda: reviews.wishes(survey, include_test))).items()
            },
        )

    async def _languages(self, definition: SurveyDefinition, include_test: bool) -> list[LanguageFigures]:
        """Give the languages of a survey, with who began in each before today: its own needs no translation."""
        spoken = await self._database.read(
            lambda: reviews.spoken(definition.id, include_test, today_began(self._clock()))
        )
        every, kept = await sentences_now(self._database)
        shown = hide_small({language.code: spoken.get(language.code, 0) for language in definition.languages})
        found = []
        for language in definition.languages:
            code = language.code
            is_own = code == definition.default_language
            stands = standing(code, [] if is_own else every.get(code, []), kept)
            name = name_in_english(code)
            found.append(LanguageFigures(code, name, shown[code], stands.sentences, stands.read))
        return found

    async def export(
        self,
        survey: str,
        form: Format,
        out: Path,
        who: str,
        *,
        labels: str | None,
        primary_only: bool,
        shareable: bool,
        progress: Progress | None = None,
    ) -> None:
        """Write a masked export, which stands in the audit log under `who`; with `labels` in that language for codes.

        `progress` hears in a worker thread how many responses are done; what it raises ends the work. Raises
        ExportRefused, UnknownSurvey.
        """
        if shareable and self._keys is None:
            raise ExportRefused("A shareable export needs the keys of the database.")
        await export(
            self._database,
            survey,
            form,
            out,
            raw=False,
            labels=labels,
            include_test=await self._database.read(is_demo),
            who=who,
            now=self._clock(),
            primary_only=primary_only,
            shareable_by=self._keys if shareable else None,
            progress=progress,
        )

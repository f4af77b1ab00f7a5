"""The columns of the merged export: one list for a survey, over all its published versions and never from the answers.

The first columns are the same for every survey (`FIXED`); then come the questions in survey order. A question or
choice that only older versions have stands where it stood.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from bot.analysis.quality import MARKS
from bot.core.language_names import EVERY_NAME, name_in_english
from bot.core.survey import Choice, Question, QuestionType, SurveyDefinition
from bot.core.window import closed_by_hand, closed_on
from storage.script import Fetch, Script

FIXED: Mapping[str, str] = MappingProxyType(
    {
        "response_id": "Random id of the response; it means nothing elsewhere",
        "survey": "Id of the survey",
        "survey_version": "Version of the survey it began in; of an imported one, that of the last map that changed it",
        "source": "Where it came from: web, sms, whatsapp, telegram, assisted, paper or phone",
        "channel": "Channel on which it was begun",
        "campaign": "Campaign that invited the respondent, if one did",
        "language": "Language in which the questions were last put",
        "language_source": "How that language was settled: chosen, detected, default or imported",
        "status": "complete, partial, breakoff or stopped",
        "started_at": "When it began, UTC to the minute",
        "last_answer_at": "When the latest answer came, UTC to the minute",
        "completed_at": "When the last question was passed, UTC to the minute",
        "assisted": "1 if somebody helped the respondent to answer, else 0",
        "duplicate_group": "Id of the first response of a person who has several here, also by LINK",
        "is_primary": "1 for the response to count of such a group, and for every other response; else 0",
        "late": "1 if an answer came after the survey had closed, else 0",
        "quality": f"Marks for the analyst's judgement: {', '.join(MARKS)}",
    }
)
"""The columns that every export begins with, and what each holds."""


class UnknownSurvey(Exception):
    """No survey of that id was ever published here."""

    def __init__(self, survey: str, known: Sequence[str]) -> None:
        published = ", ".join(known) if known else "none yet"
        super().__init__(f"There is no published survey '{survey}'. Published here: {published}.")


@dataclass(frozen=True, slots=True)
class Variable:
    """One question over all versions. `question` is its newest form; `choices` is the union, newest label first.

    `column` is the question's name, or `question_<name>` where that is the name of a fixed column.
    """

    column: str
    question: Question
    choices: tuple[Choice, ...]
    is_multiple: bool

    @property
    def codes(self) -> tuple[str, ...]:
        """The codes in choice-list order."""
        return tuple(choice.name for choice in self.choices)

    @property
    def columns(self) -> tuple[str, ...]:
        """Its columns: the value, one for each choice of a multiple, and the state."""
        chosen = tuple(f"{self.column}/{code}" for code in self.codes) if self.is_multiple else ()
        return (self.column, *chosen, f"{self.column}__state")


@dataclass(frozen=True, slots=True)
class Published:
    """A survey as it was published: every version, newest first, and when somebody closed it (epoch milliseconds)."""

    survey: str
    definitions: tuple[SurveyDefinition, ...]
    closed_at: int | None

    @property
    def newest(self) -> SurveyDefinition:
        """The version that was published last."""
        return self.definitions[0]

    @property
    def languages(self) -> tuple[str, ...]:
        """Every language that some version has, the default first."""
        codes = [self.newest.default_language]
        codes += [language.code for definition in self.definitions for language in definition.languages]
        return tuple(dict.fromkeys(codes))

    def language_called(self, name: str) -> str | None:
        """Find one of its languages by its code or by what it is called (Urdu); None where no one alone is."""
        wanted = name.strip().casefold()
        by_code = [code for code in self.languages if code.casefold() == wanted]
        found = by_code or [code for code in self.languages if wanted in self._names(code)]
        return found[0] if len(found) == 1 else None

    def _names(self, code: str) -> set[str]:
        told = [each.name for version in self.definitions for each in version.languages if each.code == code]
        names = (name_in_english(code), *EVERY_NAME.get(code, ()), *told)
        return {name.casefold() for name in names if name}

    @property
    def variables(self) -> tuple[Variable, ...]:
        """The questions that have columns, in survey order."""
        forms = [{q.name: q for q in d.questions if q.has_column} for d in self.definitions]
        return tuple(
            _variable([form[name] for form in forms if name in form]) for name in merge_order([*map(list, forms)])
        )

    @property
    def header(self) -> tuple[str, ...]:
        """Every column of the wide form, in order."""
        return (*FIXED, *(column for variable in self.variables for column in variable.columns))

    def is_closed(self, now: int) -> bool:
        """Say whether it takes no more answers: closed by hand, or its newest version's closing time has passed."""
        closed = closed_on(self.newest, closed_by_hand(self.closed_at))
        return closed is not None and closed.timestamp() * 1000 <= now


def read_published(survey: str) -> Script[Published]:
    """Read a survey's published versions. Raises UnknownSurvey, which names those that there are."""
    found = yield Fetch("SELECT closed_at FROM survey WHERE id = :survey", {"survey": survey})
    versions = yield Fetch(
        "SELECT definition FROM survey_definition WHERE survey = :survey ORDER BY ordinal DESC", {"survey": survey}
    )
    if found.first is None or not versions.rows:
        known = yield Fetch("SELECT id FROM survey ORDER BY id")
        raise UnknownSurvey(survey, [row[0] for row in known.rows])
    definitions = tuple(SurveyDefinition.from_json(row[0]) for row in versions.rows)
    return Published(survey, definitions, found.first[0])


def merge_order(orders: Sequence[Iterable[str]]) -> list[str]:
    """Merge lists of names, the one that rules first: a name that only a later list has follows its neighbour there."""
    merged: list[str] = []
    for order in orders:
        place = 0
        for name in order:
            if name in merged:
                place = merged.index(name) + 1
            else:
                merged.insert(place, name)
                place += 1
    return merged


def _variable(forms: Sequence[Question]) -> Variable:
    newest = forms[0]
    choices = {choice.name: choice for form in reversed(forms) for choice in form.choices}
    order = merge_order([[choice.name for choice in form.choices] for form in forms])
    return Variable(
        column=f"question_{newest.name}" if newest.name in FIXED else newest.name,
        question=newest,
        choices=tuple(choices[name] for name in order),
        is_multiple=any(form.type is QuestionType.SELECT_MULTIPLE for form in forms),
    )

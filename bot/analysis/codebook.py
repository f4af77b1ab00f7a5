"""The codebook: what every column and code of the export means, in every language in which it was asked."""

import re
from collections.abc import Collection, Iterator, Mapping, Sequence

from bot.analysis.columns import FIXED, Published, Variable
from bot.core.survey import Choice, Question

STATES = {
    "answered": "The value is the answer",
    "skipped": "The respondent passed over the question",
    "refused": "The respondent declined to answer it",
    "not_applicable": "The survey's logic, or the channel, left the question out",
    "unparsed": "What was written could not be read as an answer; the long form has the words",
    "not_reached": "The respondent had not come to it",
    "not_in_version": "The respondent's version of the survey, or the web form that they filled in, does not have it",
}
"""What each value of a `__state` column means."""


_FIRST = (
    *("variable", "kind", "type", "role", "code", "spss_value", "first_version", "last_version", "channels", "note"),
)
_WHOLE = re.compile(r"-?(?:0|[1-9][0-9]{0,8})")


def codebook_header(published: Published) -> list[str]:
    """Give the codebook's columns: for each language the full wording, and the short one that SMS asks with."""
    wordings = [f"{kind}::{language}" for kind in ("wording", "sms_wording") for language in published.languages]
    return [*_FIRST, *wordings]


def codebook_rows(published: Published) -> Iterator[list[str]]:
    """Give a row for every column, every code of a closed question, and every state.

    A question that was reworded has a row for each wording, with the versions that had it.
    """
    for column, note in FIXED.items():
        yield _row(published, column, "fixed", note=note)
    for variable in published.variables:
        yield from _variable_rows(published, variable)
    for state, note in STATES.items():
        yield _row(published, "*__state", "state", code=state, note=note)


def _variable_rows(published: Published, variable: Variable) -> Iterator[list[str]]:
    for forms in runs(published, variable.question.name):
        versions, question = forms
        yield _row(
            published,
            variable.column,
            "question",
            type=question.type,
            role=question.role,
            first_version=versions[0],
            last_version=versions[-1],
            channels=" ".join(question.channels),
            note=question.reason,
            wordings=[
                texts.get(language, "")
                for texts in (question.label, question.sms_label)
                for language in published.languages
            ],
        )
    numbers = numbered(published, variable)
    for choice in variable.choices:
        versions = versions_with(published, variable, choice)
        yield _row(
            published,
            f"{variable.column}/{choice.name}" if variable.is_multiple else variable.column,
            "choice",
            code=choice.name,
            spss_value="" if variable.is_multiple else str(numbers[choice.name]),
            first_version=versions[0],
            last_version=versions[-1],
            wordings=[
                texts.get(language, "")
                for texts in (choice.label, choice.sms_label)
                for language in published.languages
            ],
        )
    yield _row(published, f"{variable.column}__state", "state", note="What became of the question: see *__state")


def numbered(published: Published, variable: Variable, strange: Collection[str] = ()) -> Mapping[str, int]:
    """Give each code of a closed question the number that stands for it in an SPSS file.

    That is the code itself where it is a whole number, unless an older version gave that number to another. The other
    codes are counted on from the greatest number so far. Each version goes on from the one before, so that a new one
    changes no number. `strange` codes, which no version has, come last.
    """
    forms = [q for d in reversed(published.definitions) for q in d.questions if q.name == variable.question.name]
    numbers: dict[str, int] = {}
    for codes in (*([choice.name for choice in form.choices] for form in forms), sorted(strange)):
        for code in (code for code in codes if _WHOLE.fullmatch(code) and code not in strange):
            if int(code) not in numbers.values():
                numbers.setdefault(code, int(code))
        for code in codes:
            numbers.setdefault(code, max([0, *numbers.values()]) + 1)
    return numbers


def versions_with(published: Published, variable: Variable, choice: Choice) -> list[str]:
    """List the versions that offered a choice, oldest first."""
    return [
        definition.version
        for definition in reversed(published.definitions)
        for question in definition.questions
        if question.name == variable.question.name and choice.name in {each.name for each in question.choices}
    ]


def runs(published: Published, name: str) -> list[tuple[list[str], Question]]:
    """Give a question's forms, oldest first, each with the consecutive versions that asked it in these words."""
    runs: list[tuple[list[str], Question]] = []
    for definition in reversed(published.definitions):
        for question in definition.questions:
            if question.name != name or not question.has_column:
                continue
            if runs and _as_asked(runs[-1][1]) == _as_asked(question):
                runs[-1][0].append(definition.version)
            else:
                runs.append(([definition.version], question))
    return runs


def _as_asked(question: Question) -> tuple[object, ...]:
    return (dict(question.label), question.type, question.role, question.channels)


def _row(published: Published, variable: str, kind: str, *, wordings: Sequence[str] = (), **cells: str) -> list[str]:
    middle = [cells.get(name, "") for name in _FIRST[2:]]
    return [variable, kind, *middle, *(wordings or [""] * (2 * len(published.languages)))]

"""The codebook as a page: what the codes mean, to read and print; folded away, every wording and who read it.

One file, without a script, a font or a picture from elsewhere.
"""

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from types import MappingProxyType

from jinja2 import Environment, PackageLoader
from msgspec import Struct

from bot.analysis.codebook import STATES, numbered, runs, versions_with
from bot.analysis.columns import FIXED, Variable
from bot.analysis.formats.asked import Asked, Written
from bot.analysis.formats.described import question_words
from bot.analysis.formats.plain import writing
from bot.analysis.formats.spss import missing_values
from bot.core.form import direction
from bot.core.language_names import name_in_english
from bot.core.survey import Question, QuestionType, Texts
from bot.core.window import london_day, moment
from bot.service.reviewing import Sentence

_OWN = "the survey's own"
_MISSING = "no translation"
_DRAFT = "draft: nobody has read it yet"
_HOLDS = {
    QuestionType.SELECT_ONE: "one code",
    QuestionType.SELECT_MULTIPLE: "codes, with a space between them",
    QuestionType.TEXT: "words",
    QuestionType.INTEGER: "a whole number",
    QuestionType.DECIMAL: "a number",
    QuestionType.DATE: "a date",
    QuestionType.CALCULATE: "calculated",
}
"""What the cells of a question's column hold."""


class Words(Struct, frozen=True):
    """A text as the short form has it, in one language. One that `is_draft` is a translation nobody has read."""

    text: str
    code: str
    dir: str
    is_draft: bool


class Wording(Struct, frozen=True):
    """One text in one language, and how far it is to be trusted."""

    what: str
    language: str
    code: str
    dir: str
    text: str
    read: str


class Option(Struct, frozen=True):
    """One code of a closed question."""

    code: str
    label: Words
    number: int | None
    versions: str
    wordings: Sequence[Wording]


class Form(Struct, frozen=True):
    """A question as some versions asked it."""

    versions: str
    channels: str
    reason: str
    wordings: Sequence[Wording]


class Entry(Struct, frozen=True):
    """One question: its columns, its forms from the oldest on, and its options."""

    column: str
    asks: Words
    holds: str
    versions: str
    columns: Sequence[str]
    type: str
    role: str
    forms: Sequence[Form]
    options: Sequence[Option]


def write_codebook_page(asked: Asked, path: Path) -> Written:
    """Write the page."""
    published = asked.published
    newest = published.newest
    environment = Environment(
        loader=PackageLoader("bot.analysis"), autoescape=True, trim_blocks=True, lstrip_blocks=True
    )
    entries = [_entry(asked, variable) for variable in published.variables]
    page = environment.get_template("codebook.html").render(
        title=newest.title.get(newest.default_language, newest.id),
        lang=newest.default_language,
        dir=direction(newest.default_language),
        survey=newest.id,
        versions=[definition.version for definition in reversed(published.definitions)],
        languages=[name_in_english(code) for code in published.languages],
        language=name_in_english(asked.language),
        fixed=FIXED,
        states=STATES,
        missing=missing_values(),
        entries=entries,
        drafts=_drafts(entries),
    )
    with writing(path) as file:
        file.write(page)
    return Written(len(entries), len(published.header))


def _drafts(entries: Sequence[Entry]) -> int:
    """Count the words of the short form that nobody has read."""
    return sum(words.is_draft for each in entries for words in (each.asks, *(option.label for option in each.options)))


def _entry(asked: Asked, variable: Variable) -> Entry:
    question = variable.question
    forms = runs(asked.published, question.name)
    return Entry(
        column=variable.column,
        asks=_words(asked, question.label),
        holds=_HOLDS.get(QuestionType.SELECT_MULTIPLE if variable.is_multiple else question.type, ""),
        versions=_span([version for versions, _ in forms for version in versions]),
        columns=variable.columns,
        type=question.type,
        role=question.role,
        forms=[
            Form(_span(versions), " ".join(form.channels), form.reason, [*_question_wordings(asked, form)])
            for versions, form in forms
        ],
        options=[*_options(asked, variable)],
    )


def _words(asked: Asked, texts: Texts, otherwise: str = "") -> Words:
    """Give a text in the language of the labels; where it is missing, in the survey's own."""
    language = asked.language if texts.get(asked.language) else asked.published.newest.default_language
    text = texts.get(language, "")
    is_draft = _read(asked, texts.get(asked.published.newest.default_language, ""), text, language) == _DRAFT
    return Words(question_words(asked, texts) or otherwise, language, direction(language), is_draft)


def _question_wordings(asked: Asked, form: Question) -> Iterator[Wording]:
    yield from _wordings(asked, "Question", form.label, needed=True)
    yield from _wordings(asked, "In a text message", form.sms_label, full=form.label)
    yield from _wordings(asked, "Hint", form.hint)
    yield from _wordings(asked, "MORE", form.more)
    yield from _wordings(asked, "If it does not fit", form.constraint_message)


def _options(asked: Asked, variable: Variable) -> Iterator[Option]:
    numbers = numbered(asked.published, variable)
    for choice in variable.choices:
        versions = versions_with(asked.published, variable, choice)
        wordings = [
            *_wordings(asked, "Label", choice.label, needed=True),
            *_wordings(asked, "In a text message", choice.sms_label, full=choice.label),
        ]
        number = None if variable.is_multiple else numbers[choice.name]
        yield Option(choice.name, _words(asked, choice.label, choice.name), number, _span(versions), wordings)


def _wordings(
    asked: Asked, what: str, texts: Texts, *, needed: bool = False, full: Texts = MappingProxyType({})
) -> Iterator[Wording]:
    """Give a text in every language that has it; one that is `needed` also where it is missing.

    Where a short text has no English of its own, it was read beside that of the `full` one.
    """
    default = asked.published.newest.default_language
    english = texts.get(default) or full.get(default, "")
    for language in asked.published.languages:
        text = texts.get(language, "")
        if text or (needed and texts.get(default)):
            yield Wording(
                what,
                name_in_english(language),
                language,
                direction(language),
                text,
                _read(asked, english, text, language),
            )


def _read(asked: Asked, english: str, text: str, language: str) -> str:
    if language == asked.published.newest.default_language:
        return _OWN
    if not text:
        return _MISSING
    found = asked.readers.get((language, Sentence("", english, text).mark))
    if found is None:
        return _DRAFT
    by, at = found
    return f"read by {by}, {london_day(moment(at)).isoformat()}"


def _span(versions: Iterable[str]) -> str:
    first, *rest = versions
    return f"{first} to {rest[-1]}" if rest else first

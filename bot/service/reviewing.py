"""From draft to reviewed: a sheet of sentences for somebody who speaks the language, and what they accepted of it.

A sentence counts as read while neither it nor its English has changed since: the mark is a hash of both.
"""

import csv
import hashlib
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TextIO

from bot.core.phrases import Phrase
from bot.core.survey import SurveyDefinition, Texts
from bot.core.words import CommandKind
from bot.service.catalogues import Catalogue, load_catalogues, placeholders_differ
from storage import reviews, surveys
from storage.reviews import Reviews
from storage.script import Database

COLUMNS: Final = ("language", "where", "english", "translation", "correction")
BOT: Final = "the bot"
BOT_SMS: Final = "the bot, in text messages"


@dataclass(frozen=True, slots=True)
class Sentence:
    """One sentence beside its English. `key` is what a correction is kept under; empty for a survey's."""

    where: str
    english: str
    text: str
    key: str = ""

    @property
    def mark(self) -> str:
        """Name this very wording of both."""
        return hashlib.sha256(f"{self.english}\0{self.text}".encode()).hexdigest()[:32]


@dataclass(frozen=True, slots=True)
class Standing:
    """How far a language is: sentences in all, those without a translation, and those that somebody has read."""

    language: str
    sentences: int
    missing: int
    read: int

    @property
    def is_read(self) -> bool:
        """Whether all of it was read."""
        return self.sentences > 0 and self.read == self.sentences


@dataclass(frozen=True, slots=True)
class Accepted:
    """What came of a sheet. `corrections` are the bot's own sentences, by key; `problems` say what was not taken."""

    language: str
    marks: tuple[str, ...]
    corrections: Mapping[str, str]
    problems: tuple[str, ...]


class SheetUnreadable(Exception):
    """A sheet cannot be taken. The message names the file, the row and what to do; nothing of it was accepted."""

    def __init__(self, path: Path, problem: str) -> None:
        super().__init__(f"{path.name}: {problem}")


def corrected(catalogue: Catalogue, corrections: Mapping[str, str]) -> Catalogue:
    """Put a reader's corrections in place of the bot's own sentences, and where a sentence had no translation."""
    written = {phrase.value: corrections[phrase] for phrase in Phrase if phrase in corrections}
    full = {**catalogue.sentences, **written}
    short = {english: corrections.get(_sms(english), text) for english, text in catalogue.short.items()}
    return Catalogue(catalogue.language, full, catalogue.reviewed, short)


def of_the_bot(catalogue: Catalogue) -> list[Sentence]:
    """List what the bot says in a language, in the order of its phrases."""
    found = []
    for phrase in Phrase:
        english = phrase.value
        found.append(Sentence(BOT, english, catalogue.sentences.get(english, ""), english))
        if english in catalogue.short:
            found.append(Sentence(BOT_SMS, english, catalogue.short[english], _sms(english)))
    return found


def of_a_survey(definition: SurveyDefinition, language: str) -> list[Sentence]:
    """List what a survey says in a language, in the order in which residents read it."""
    default = definition.default_language
    if language == default:
        return []
    found = []
    for where, full, short in _texts(definition):
        english = full.get(default, "")
        if english:
            found.append(Sentence(f"{definition.id}: {where}", english, full.get(language, "")))
        # A short wording is said by SMS wherever there is one, also beside an English that needs none.
        if short.get(language) and (short.get(default) or english):
            spoken = Sentence(f"{definition.id}: {where}, for SMS", short.get(default) or english, short[language])
            found.append(spoken)
    return list(dict.fromkeys(found))


def _texts(definition: SurveyDefinition) -> Iterator[tuple[str, Texts, Texts]]:
    """Give every text of a survey with its short wording, and where it stands; options of one wording but once."""
    yield from (("title", definition.title, {}), ("organisation", definition.organisation, {}))
    yield from (("contact", definition.contact, {}), ("next_steps", definition.next_steps, {}))
    given: list[tuple[Texts, Texts]] = []
    for question in definition.questions:
        name = question.name
        yield from ((name, question.label, question.sms_label), (f"{name}, hint", question.hint, {}))
        yield from (
            (f"{name}, on a page", question.web_label, {}),
            (f"{name}, hint on a page", question.web_hint, {}),
            (f"{name}, more", question.more, {}),
            (f"{name}, if it does not fit", question.constraint_message, {}),
        )
        for place, choice in enumerate(question.choices, 1):
            wordings = (choice.label, choice.sms_label)
            if wordings not in given:
                given.append(wordings)
                yield f"{name}, option {place}", *wordings


async def sentences_now(database: Database) -> tuple[dict[str, list[Sentence]], Reviews]:
    """Return every sentence of every language, the bot's and the current surveys', and what was read of them."""
    kept = await database.read(reviews.read)
    every = {
        each.language: of_the_bot(corrected(each, kept.corrections.get(each.language, {})))
        for each in load_catalogues()
    }
    for row in await database.read(surveys.every_version):
        definition = SurveyDefinition.from_json(row.definition) if row.is_current else None
        for language in definition.languages if definition else ():
            if definition and language.code != definition.default_language:
                every.setdefault(language.code, []).extend(of_a_survey(definition, language.code))
    return every, kept


def standing(language: str, sentences: Sequence[Sentence], reviews: Reviews) -> Standing:
    """Count how far a language is."""
    marks = reviews.marks.get(language, frozenset())
    missing = sum(not sentence.text for sentence in sentences)
    read = sum(bool(sentence.text) and sentence.mark in marks for sentence in sentences)
    return Standing(language, len(sentences), missing, read)


def write_sheet(out: TextIO, language: str, sentences: Iterable[Sentence]) -> None:
    """Write the sheet: the English beside each sentence, and an empty column for a better one."""
    sheet = csv.writer(out)
    sheet.writerow(COLUMNS)
    for sentence in sentences:
        sheet.writerow((language, sentence.where, sentence.english, sentence.text, ""))


def read_sheet(path: Path, sentences_of: Mapping[str, Sequence[Sentence]]) -> Accepted:
    """Compare a sheet with what stands now, and say what was accepted. `sentences_of` is by language.

    A correction of the bot's own is taken; one of a survey's belongs in its file, and is named. Raises SheetUnreadable.
    """
    rows = _rows(path)
    languages = {row["language"] for _, row in rows}
    if len(languages) != 1:
        raise SheetUnreadable(path, "must hold the sentences of one language; its column `language` names it")
    (language,) = languages
    if language not in sentences_of:
        raise SheetUnreadable(path, f"language {language!r} is none of {', '.join(sorted(sentences_of))}")
    stands = {(one.where, one.english): one for one in sentences_of[language]}
    marks: list[str] = []
    corrections: dict[str, str] = {}
    problems = []
    for number, row in rows:
        sentence = stands.get((row["where"], row["english"]))
        problem = _take(sentence, row, marks, corrections)
        if problem:
            problems.append(f"row {number} ({row['where']}): {problem}")
    return Accepted(language, tuple(dict.fromkeys(marks)), corrections, tuple(problems))


def _take(
    sentence: Sentence | None, row: Mapping[str, str], marks: list[str], corrections: dict[str, str]
) -> str | None:
    """Take one row; say why, where it cannot be."""
    better = row["correction"].strip()
    # Who accepts a sheet once more, with a row put right, has the other corrections in it still.
    if sentence is None or sentence.text not in (row["translation"], better):
        return "the sentence has changed since the sheet was made. Run review export again and read it there"
    if better and better != sentence.text:
        if not sentence.key:
            return f'put "{better}" into the survey file, publish it as a new version, and export again'
        if placeholders_differ(sentence.english, better):
            return "the correction must hold the same {words in braces} as the English"
        if lost := sorted(_commands(sentence.english) - _commands(better)):
            return f"the correction must keep {', '.join(lost)} in capitals: that is what residents text"
        corrections[sentence.key] = better
        marks.append(Sentence(sentence.where, sentence.english, better).mark)
        return None
    if not sentence.text:
        return (
            "it has no translation yet. Write one under `correction`" if sentence.key else "it has no translation yet"
        )
    marks.append(sentence.mark)
    return None


def _rows(path: Path) -> list[tuple[int, dict[str, str]]]:
    try:
        text = path.read_text(encoding="utf-8-sig")
    except OSError as problem:
        raise SheetUnreadable(path, f"cannot be read ({problem.strerror}); check its name") from problem
    except UnicodeDecodeError as problem:
        raise SheetUnreadable(path, f"is not UTF-8 ({problem.reason}); save it as CSV in UTF-8") from problem
    heading = text.partition("\n")[0]
    table = csv.reader(
        text.splitlines(keepends=True), delimiter=";" if heading.count(";") > heading.count(",") else ","
    )
    header = [name.strip().lower() for name in next(table, [])]
    if missing := [name for name in COLUMNS if name not in header]:
        raise SheetUnreadable(
            path, f"the first row lacks {', '.join(missing)}; keep the heading that review export wrote"
        )
    rows = []
    for number, cells in enumerate(table, 2):
        if any(cell.strip() for cell in cells):
            rows.append((number, dict(zip(header, [*cells, *[""] * len(header)], strict=False))))
    if not rows:
        raise SheetUnreadable(path, "holds no sentence")
    return rows


def _commands(text: str) -> set[str]:
    return {str(kind) for kind in CommandKind if re.search(rf"\b{kind}\b", text)}


def _sms(english: str) -> str:
    return f"sms: {english}"

"""Letters that a channel cannot carry: which languages it can be used in, and how others are named there.

GOV.UK Notify writes a question mark for every letter of Urdu or Arabic, so its channel refuses such a text: a resident
would hear nothing at all. So there a language is not offered whose sentences could not be sent. Who writes in it is
answered in the survey's default language, and told once that theirs is not offered.
"""

from collections.abc import Iterator
from unicodedata import category

from bot.core.desk import Desk
from bot.core.language_names import NAMES
from bot.core.phrases import Phrase, Phrases
from bot.core.questionnaire import Questionnaire
from bot.core.survey import Language, SurveyDefinition
from bot.service.library import Library
from channels.base import Carries
from channels.segments import plain


def gets_through(text: str, carries: Carries) -> bool:
    """Whether every letter of a text arrives as it is read. Signs are not looked at."""
    return all(carries(character) for character in text if category(character)[0] in "LM")


def cannot_be_written(definition: SurveyDefinition, phrases: Phrases, carries: Carries) -> tuple[Language, ...]:
    """Name a survey's languages in which some sentence has letters that do not get through; not its default one."""

    def can_be_written(code: str) -> bool:
        said = (*[phrases.say(phrase, code) for phrase in Phrase], *_wordings(definition, code))
        return all(gets_through(text, carries) for text in said)

    others = [language for language in definition.languages if language.code != definition.default_language]
    return tuple(language for language in others if not can_be_written(language.code))


def characters_lost(definition: SurveyDefinition, language: str, carries: Carries) -> tuple[str, ...]:
    """Give what does not get through of a survey's own wording in a language, signs too, in the order of their code."""
    text = plain("".join(_wordings(definition, language)))
    return tuple(sorted({character for character in text if not carries(character)}))


def with_names_that_get_through(text: str, carries: Carries | None) -> str:
    """Write the languages that a text names in their own letters as they are typed on an old phone: URDU, say."""
    if carries is None or gets_through(text, carries):
        return text
    for names in NAMES.values():
        if not gets_through(names.own, carries):
            text = text.replace(names.own, names.typed)
    return text


class Narrowed:
    """A library as a channel has it that cannot carry every letter: the same surveys, in the languages it can write."""

    def __init__(self, library: Library, carries: Carries) -> None:
        self._library = library
        self._carries = carries
        self._versions: dict[tuple[str, str], Questionnaire] = {}
        self._whole = library.desk
        self._desk = self._narrowed(library.desk)

    @property
    def desk(self) -> Desk:
        """The desk over the current versions."""
        if self._whole is not self._library.desk:
            self._whole = self._library.desk
            self._desk = self._narrowed(self._whole)
        return self._desk

    def questionnaire(self, survey: str, version: str) -> Questionnaire:
        """Return a version made ready. Raises UnknownVersion."""
        key = (survey, version)
        if key not in self._versions:
            self._versions[key] = self._without_what_is_lost(self._library.questionnaire(survey, version))
        return self._versions[key]

    def _narrowed(self, whole: Desk) -> Desk:
        return self._library.desk_over(
            [
                listing.with_version(self.questionnaire(survey, listing.questionnaire.definition.version))
                for survey, listing in whole.listings.items()
            ]
        )

    def _without_what_is_lost(self, whole: Questionnaire) -> Questionnaire:
        lost = cannot_be_written(whole.definition, self._library.phrases, self._carries)
        if not set(lost) & set(whole.offered):
            return whole
        return self._library.ready(whole.definition, tuple(one for one in whole.offered if one not in lost))


def as_written(library: Library, carries: Carries | None) -> Library | Narrowed:
    """Give the library as a channel has it."""
    return library if carries is None else Narrowed(library, carries)


def _wordings(definition: SurveyDefinition, language: str) -> Iterator[str]:
    """Yield all that a survey says in a language: its short wording where it has one."""
    for texts in (definition.title, definition.organisation, definition.contact, definition.next_steps):
        yield texts.get(language, "")
    for question in definition.questions:
        yield question.sms_label.get(language) or question.label.get(language, "")
        for texts in (question.more, question.hint, question.constraint_message):
            yield texts.get(language, "")
        for choice in question.choices:
            yield choice.sms_label.get(language) or choice.label.get(language, "")

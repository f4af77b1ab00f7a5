"""What the author of a survey should still know before it goes out: nothing here stops publishing."""

from collections.abc import Callable, Iterator

from bot.core.survey import Choice, Question, QuestionType, Role, SurveyDefinition, short_wording, wording
from bot.surveys.insisted import missing_settings, unreachable_contact
from bot.surveys.problems import Problem
from bot.surveys.reading_age import reading_age
from channels.segments import GSM_7_BASIC, GSM_7_EXTENSION, plain

MOST_CORE_QUESTIONS = 10
OLDEST_READER = 11
"""Warned above this: the aim of 9, and the two years that the estimate may be out on one question."""
MOST_SEGMENTS = 2
"""What a question may cost in any language; a closed one in the default language should fit one."""

_GSM_7 = frozenset(GSM_7_BASIC + GSM_7_EXTENSION)


def lint(definition: SurveyDefinition, *, segments: Callable[[str], int]) -> tuple[Problem, ...]:
    """List what could be better, in the order of the sheets. `segments` counts what one text costs as SMS."""
    found = [*_settings(definition), *_length(definition)]
    for question in definition.questions:
        found += _wording(definition, question)
        found += _cost(definition, question, segments)
        found += _care(definition, question)
        found += _names(definition, question)
    return tuple(found)


def as_sms(definition: SurveyDefinition, question: Question, language: str, position: str = "8/8") -> str:
    """Write a question as a resident gets it by SMS: its place, its short wording, each choice on its own line."""
    default = definition.default_language
    lines = [f"{position} {short_wording(question.label, question.sms_label, language, default)}"]
    lines += [f"{i} {_short_label(choice, language, default)}" for i, choice in enumerate(question.choices, 1)]
    return "\n".join(lines)


def _short_label(choice: Choice, language: str, default: str) -> str:
    return short_wording(choice.label, choice.sms_label, language, default)


def _settings(definition: SurveyDefinition) -> Iterator[Problem]:
    for name in missing_settings(definition):
        yield Problem("settings", 2, name, "it is empty; a campaign or a poster cannot start without it")
    if unreachable := unreachable_contact(definition):
        yield Problem("settings", 2, "", unreachable)
    if not definition.keywords:
        yield Problem("settings", 2, "keyword", "it is empty; nobody can start this survey by texting a word")


def _length(definition: SurveyDefinition) -> Iterator[Problem]:
    core = [q for q in definition.questions if q.is_asked and q.role in (Role.OPEN, Role.CLOSED)]
    if len(core) > MOST_CORE_QUESTIONS:
        yield Problem(
            "survey",
            core[MOST_CORE_QUESTIONS].row,
            "",
            f"there are {len(core)} questions before the ones about the person; "
            f"over text few people answer more than {MOST_CORE_QUESTIONS}",
        )


def _wording(definition: SurveyDefinition, question: Question) -> Iterator[Problem]:
    for language in definition.languages:
        missing = [
            name
            for name, texts in (
                ("label", question.label),
                ("hint", question.hint),
                ("web_label", question.web_label),
                ("web_hint", question.web_hint),
                ("more", question.more),
                ("constraint_message", question.constraint_message),
            )
            if texts and language.code not in texts
        ]
        missing += [f"choice '{c.name}'" for c in question.choices if c.label and language.code not in c.label]
        if missing:
            yield _about(question, f"{language.name} ({language.code})", f"not translated: {', '.join(missing)}")
    for code, text in question.label.items():
        age = reading_age(text) if code.split("-")[0] == "en" else None
        if age and age > OLDEST_READER:
            yield _about(
                question, "label", f"reads as for age {age} (an estimate; aim for 9): shorter sentences, shorter words"
            )


def _cost(definition: SurveyDefinition, question: Question, segments: Callable[[str], int]) -> Iterator[Problem]:
    if not question.is_asked or (question.channels and "sms" not in question.channels):
        return
    for language in definition.languages:
        text = as_sms(definition, question, language.code)
        count = segments(plain(text))
        dear = "".join(dict.fromkeys(char for char in plain(text) if char not in _GSM_7))
        name = f"{language.name} ({language.code})"
        is_short = question.is_closed and language.code == definition.default_language
        if count > (1 if is_short else MOST_SEGMENTS):
            why = f"; {_named(dear)} more than double the price" if dear else f" ({len(text)} characters)"
            yield _about(question, name, f"costs {count} SMS segments{why}; shorten it in sms_label_{language.code}")
        elif dear and language.code.split("-")[0] == "en":
            yield _about(question, name, f"{_named(dear)} more than double the price of the SMS; use plain letters")


def _named(characters: str) -> str:
    shown = " ".join(characters[:8])
    return f"the characters {shown}{' ...' if len(characters) > 8 else ''}"


def _care(definition: SurveyDefinition, question: Question) -> Iterator[Problem]:
    can_decline = any(choice.name == "prefer_not" for choice in question.choices)
    if question.role is Role.DEMOGRAPHIC and question.is_closed and not can_decline:
        yield _about(question, "type", "a question about the person needs a choice 'prefer_not'")
    if question.special_category and not question.reason:
        yield _about(question, "reason", "special-category data needs a reason; say what it is asked for")
    if question.type is QuestionType.TEXT and definition.default_language not in question.hint:
        yield _about(question, "hint", "say how to answer an open question, such as 'In your own words.'")


def _names(definition: SurveyDefinition, question: Question) -> Iterator[Problem]:
    """Find labels that are another choice's, or its name: a form may write either, and an import guesses neither."""
    names = {choice.name.casefold(): choice.name for choice in question.choices}
    for choice in question.choices:
        label = wording(choice.label, definition.default_language, definition.default_language)
        meant = names.get(label.casefold(), choice.name)
        if meant != choice.name:
            text = (
                f"choice '{choice.name}' has the label '{label}', which is the name of choice '{meant}'; "
                "an import of web answers cannot tell which is meant. Name the choices unlike their labels"
            )
            yield _about(question, "type", text)
    first: dict[str, str] = {}
    for choice in question.choices:
        label = wording(choice.label, definition.default_language, definition.default_language).casefold()
        if first.setdefault(label, choice.name) != choice.name and not question.choice_filter:
            text = f"choices '{first[label]}' and '{choice.name}' have the same label; word them apart"
            yield _about(question, "type", text)


def _about(question: Question, column: str, message: str) -> Problem:
    return Problem("survey", question.row, column, f"{question.name}: {message}")

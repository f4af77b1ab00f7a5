"""The first and the last message: who asks and how to leave; thanks and what happens next."""

from bot.core.events import Circumstances
from bot.core.language_names import names_of
from bot.core.phrases import Phrase
from bot.core.questionnaire import Questionnaire
from bot.core.way import Way


def opening(questionnaire: Questionnaire, language: str, here: Circumstances, way: Way, word: str = "") -> str:
    """Compose the opening. A setting the survey does not have only drops its sentence (DESIGN section 10).

    `word` is the campaign's that somebody came by, if any: with it they choose a language too.
    """
    definition = questionnaire.definition

    def say(phrase: Phrase, /, **values: object) -> str:
        return questionnaire.say(phrase, language, short=here.short, **values)

    address = definition.verify_url or definition.privacy_url
    sentences = [
        who_asks(questionnaire, language, short=here.short),
        count(questionnaire, language, here, way),
        say(Phrase.MINIMUM_AGE, age=definition.min_age) if definition.min_age else "",
        say(Phrase.TAKING_PART),
        say(Phrase.COST) if here.short else "",
        say(Phrase.CARRIED, carrier=here.carrier) if here.carrier else "",
        say(Phrase.NOT_EMERGENCY),
        say(Phrase.CHECK, url=address) if address else "",
        say(Phrase.PRIVACY_AT, url=definition.privacy_url) if definition.privacy_url not in ("", address) else "",
        say(Phrase.HOW_TO_STOP),
        _languages(questionnaire, language, here.short, word),
    ]
    return " ".join(filter(None, sentences))


def who_asks(questionnaire: Questionnaire, language: str, *, short: bool) -> str:
    """Say who asks, and about what."""
    organisation = questionnaire.text(questionnaire.definition.organisation, language)
    title = questionnaire.title(language)
    if not organisation:
        return questionnaire.say(Phrase.WHAT_ABOUT, language, short=short, title=title)
    return questionnaire.say(Phrase.WHO_ASKS, language, short=short, organisation=organisation, title=title)


def count(questionnaire: Questionnaire, language: str, here: Circumstances, way: Way) -> str:
    """Say how many questions there are, of which how many can be skipped at once."""
    proper = way.proper or len(way.asked)
    more = len(way.asked) - proper
    most = questionnaire.most_asked(here.source)
    if most > len(way.asked):
        return questionnaire.say(Phrase.UP_TO_QUESTIONS, language, short=here.short, count=most)
    if proper == 1:
        phrase = Phrase.ONE_QUESTION_AND_MORE if more else Phrase.ONE_QUESTION
    else:
        phrase = Phrase.QUESTIONS_AND_MORE if more else Phrase.QUESTIONS
    return questionnaire.say(phrase, language, short=here.short, count=proper, more=more)


def _languages(questionnaire: Questionnaire, language: str, short: bool, word: str) -> str:
    others = (
        names_of(offered.code, offered.name).typed for offered in questionnaire.offered if offered.code != language
    )
    names = [name for name in others if name]
    keyword = word or next(iter(questionnaire.definition.keywords), "")
    if not names or not keyword:
        return ""
    listed = ", ".join(names)
    return questionnaire.say(Phrase.OTHER_LANGUAGES, language, short=short, languages=listed, keyword=keyword)


def closing(questionnaire: Questionnaire, language: str, short: bool) -> str:
    """Compose the last message: thanks, and what happens next. It awaits nothing, so it holds no digit/digit."""
    thanks = questionnaire.say(Phrase.THANK_YOU, language, short=short)
    return f"{thanks} {next_steps(questionnaire, language, short=short)}"


def next_steps(questionnaire: Questionnaire, language: str, *, short: bool) -> str:
    """Say what happens next, in the survey's own words where it has some."""
    own = questionnaire.text(questionnaire.definition.next_steps, language)
    return own or questionnaire.say(Phrase.NEXT_STEPS, language, short=short)

"""Which language a text on a survey's page is in, where it is not the page's own: for readers that speak (WCAG 3.1.2).

What nobody has translated is shown in the survey's own language, the bot's own sentences in English.
"""

import re
from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import Final

from markupsafe import Markup, escape

from bot.core import form
from bot.core.phrases import Phrase
from bot.core.questionnaire import Questionnaire
from bot.core.survey import Texts

_ENGLISH: Final = "en"
_PLACEHOLDER: Final = re.compile(r"\\\{\w+\\\}")


@lru_cache(maxsize=64)
def tongue(questionnaire: Questionnaire, language: str) -> Callable[[str], str]:
    """Give what marks a text of a page in this language, where the text is in another."""
    own = questionnaire.definition.default_language
    untranslated = {texts[own]: own for texts in _texts(questionnaire) if not texts.get(language) and texts.get(own)}
    lacking = [each.value for each in Phrase if not questionnaire.phrases.has(each, language)]
    sentences = [_PLACEHOLDER.sub(".+", re.escape(each)) for each in lacking]
    is_english = re.compile("|".join(sentences), re.DOTALL).fullmatch if sentences else None

    def marked(text: str) -> str:
        code = _ENGLISH if is_english is not None and is_english(text) else untranslated.get(text, language)
        if code == language:
            return text
        return Markup('<span lang="{}" dir="{}">{}</span>').format(code, form.direction(code), escape(text))

    return marked


def _texts(questionnaire: Questionnaire) -> Iterator[Texts]:
    """Go through everything of the survey file that a page may show."""
    definition = questionnaire.definition
    yield from (definition.title, definition.next_steps)
    for each in definition.questions:
        yield from (each.label, each.hint, each.web_label, each.web_hint, each.more, each.constraint_message)
        yield from (choice.label for choice in each.choices)

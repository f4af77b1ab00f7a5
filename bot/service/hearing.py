"""Lets the core hear which language a text is in: `bot.language`, behind the core's own small door.

What it knows of a conversation travels as JSON text in the conversation's state.
"""

from functools import cached_property

import msgspec
import structlog

from bot.core.listening import Action, Impression
from bot.language import Hint, LangState, LanguageSense, Lexicon
from bot.language.familiar import Familiar

log = structlog.get_logger()

LIKELY_FROM = 0.1
"""How likely the second language must be to be worth a line of the menu."""

STAY = Impression("", 0.0, Action.STAY)

_encoder = msgspec.json.Encoder()
_decoder = msgspec.json.Decoder(LangState)


class Hearing:
    """The listener of one process. It loads what it needs at its first text; `warm_up` does that beforehand."""

    def __init__(self, sense: LanguageSense | None = None) -> None:
        self._given = sense

    @cached_property
    def _lexicon(self) -> Lexicon:
        return Lexicon.shipped()

    @cached_property
    def _familiar(self) -> Familiar:
        return Familiar(self._lexicon.words)

    @cached_property
    def _sense(self) -> LanguageSense:
        return self._given or LanguageSense(lexicon=self._lexicon)

    def warm_up(self) -> None:
        """Load the lists and models. Takes a second: for a worker thread."""
        self._familiar.is_in("", "en")
        self._sense.read("Gdzie ludzie mogą się spotkać")

    def __call__(self, text: str, known: str, hint: str, current: str) -> Impression:
        """Listen to one text. Whatever goes wrong in a statistical library, the answer is kept and nothing changes."""
        try:
            if self._familiar.is_in(text, current):
                return msgspec.structs.replace(STAY, known=known)
            return self._listen(text, known, hint, current)
        except Exception as problem:
            log.error("language unheard", problem=type(problem).__name__)
            return msgspec.structs.replace(STAY, known=known)

    def _listen(self, text: str, known: str, hint: str, current: str) -> Impression:
        before = msgspec.structs.replace(_decoder.decode(known) if known else LangState(), current=current)
        verdict, after = self._sense.read(text, before, Hint(hint) if hint else None)
        second = (verdict.runner_up[0],) if verdict.runner_up and verdict.runner_up[1] >= LIKELY_FROM else ()
        kept = _encoder.encode(after).decode() if after != before else known
        action = Action(verdict.action.value)
        return Impression(verdict.lang or "", verdict.p, action, second, kept, is_plain=verdict.is_plain)

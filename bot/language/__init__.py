"""Which language a resident writes. Pure: no clock, no network, no chance; it reads only its own files, once.

    sense = LanguageSense()                                            # the voters of `serve`, loaded at first use
    verdict, state = sense.read(text, LangState(current="en"), hint=Hint("pl"))
    match verdict.action:
        case Action.SWITCH: ...                                        # to verdict.lang, and say so in both languages
        case Action.ASK: ...                                           # which language it shall be
        case Action.STAY: ...

`LangState` goes through JSON with `msgspec.to_builtins(state)` and `msgspec.convert(kept, LangState)`; begin with
`LangState(current="en")`. `Verdict.why` says what each source found. `live_voters()` says which voters are installed.
Reading takes up to a few milliseconds and some memory at first use, so call it for free text alone, in a thread.
"""

from bot.language.evidence import Action, Evidence, Hint, LangState, Source, Verdict
from bot.language.labels import LABELS
from bot.language.lexicon import Lexicon
from bot.language.mix import Weights, shipped_weights
from bot.language.sense import LanguageSense
from bot.language.text import Script
from bot.language.voters import EVERY, FULL, LIGHT, Voter, live_voters

__all__ = [
    "EVERY",
    "FULL",
    "LABELS",
    "LIGHT",
    "Action",
    "Evidence",
    "Hint",
    "LangState",
    "LanguageSense",
    "Lexicon",
    "Script",
    "Source",
    "Verdict",
    "Voter",
    "Weights",
    "live_voters",
    "shipped_weights",
]

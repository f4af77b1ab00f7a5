"""Which language a resident writes. Pure: no clock, no network, no chance; it reads only its own files, once.

    sense = LanguageSense(offered=("en", "pl", "ur", "ur-Latn"))       # the voters of `serve`, loaded at first use
    verdict, state = sense.read(text, state, hint=Hint("pl"), asked=Asked.OPEN)
    match verdict.action:                                              # verdict.offer is the offered language meant
        case Action.SWITCH: state = state.switch(verdict.offer)        # ... and say so, in both languages
        case Action.ASK: ...                                           # the state counts the question already
        case Action.STAY: ...                                          # verdict.is_unoffered: one polite line
    state = state.choose("pl")                                         # the resident's own choice is final

`LangState` goes through JSON with `msgspec.to_builtins(state)` and `msgspec.convert(kept, LangState)`; begin with
`LangState(current="en")`. `Verdict.why` says what each source found. `live_voters()` says which voters are installed.
Reading takes up to a few milliseconds and some memory at first use, so call it for free text alone, in a thread.
"""

from bot.language.evidence import Action, Asked, Evidence, Hint, LangState, Source, Verdict
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
    "Asked",
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

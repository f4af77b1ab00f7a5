"""Reads in which language a resident writes, and says when to ask and when to switch. It decides nothing else.

Detection is open: over all our languages, whichever a survey offers. Kept to the offered ones, it would take every
Slovak for a Pole.
"""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from math import exp, log
from typing import Final

import msgspec

from bot.language.everywhere import LONGEST_NAME
from bot.language.evidence import Action, Evidence, Hint, LangState, Source, Verdict
from bot.language.labels import BY_SCRIPT, LABELS, READ_AS
from bot.language.lexicon import Lexicon
from bot.language.mix import UNKNOWN_TO_VOTERS, Weights, best_group, is_enough, look, mix, normalised, shipped_weights
from bot.language.spelling import Spelling
from bot.language.text import Cleaned, Script, clean
from bot.language.voters import LIGHT, Voter, live_voters

ASK_AT: Final = 0.60
"""Below this the text is too unclear even to ask about."""

DECAY: Final = 0.8
"""What an older message counts, for each that came after it."""

TEMPER: Final = 0.7
"""Messages of one person are no independent witnesses. Untempered, three of them are too sure: 1 to 2 % are wrong."""

_MESSAGE_CAP: Final = 10.5
_SUM_CAP: Final = _MESSAGE_CAP / TEMPER
"""So that more of the same can never lower a chance: a full sum weighs what one sure message does."""

_ELSEWHERE: Final = 0.6
"""So sure may a voter be that a text is in none of our languages (Dutch, say), before nothing is switched for it."""

_AGREEING: Final = 3
"""Words that messages in a row must hold together, to switch where the newest alone is not enough."""

_HINTED: Final = {Source.APP: 2.5, Source.POSTER: 3.5}
"""How many e-folds likelier a hint makes its language. English is the setting of phones that nobody has set."""
_ENGLISH_HINTED: Final = 0.5

_STANDS_FOR: Final = {"ku": ("ckb", "kmr"), "ur": ("ur", "ur-Latn"), "pa": ("pa", "pnb"), "ar": ("ar", "ar-Latn")}


_BEGINNING: Final = LangState()


class _Seen(msgspec.Struct, frozen=True):
    """What one text shows by itself."""

    chances: dict[str, float]
    """The log chance of each label of its script."""
    known: frozenset[str]
    """The languages whose list has one of its words, accents aside."""
    elsewhere: float
    why: tuple[Evidence, ...]

    @property
    def best(self) -> str:
        """The likeliest label."""
        return min(self.chances, key=lambda label: (-self.chances[label], label))


class LanguageSense:
    """Our rules and lists, and the voters.

    Pure: the same text, state and hint give the same verdict. Reading takes up to some milliseconds, so a server calls
    `read` for free text alone, in a thread. Several threads may call it at once.
    """

    def __init__(
        self,
        voters: Sequence[Voter] | None = None,
        lexicon: Lexicon | None = None,
        weights: Mapping[str, Weights] | None = None,
    ) -> None:
        self.voters, self._weights = best_group(
            live_voters(LIGHT) if voters is None else voters, weights or shipped_weights()
        )
        self._given = lexicon

    def read(self, text: str, state: LangState = _BEGINNING, hint: Hint | None = None) -> tuple[Verdict, LangState]:
        """Read one more message of a conversation. The state that comes back is what to keep.

        Whether to ask or to switch is only advised: the state goes on speaking the language of before.
        """
        cleaned = clean(text)
        if not cleaned.words or not BY_SCRIPT[cleaned.script]:
            return Verdict(script=cleaned.script), state
        seen = self._weigh(cleaned)
        if cleaned.is_telling:
            state = _gather(state, seen, len(cleaned.words))
        chances = _tempered(state) if cleaned.is_telling else seen.chances
        together, hints = _with_hint(chances, hint)
        ranked = sorted(together.items(), key=lambda each: (-each[1], each[0]))
        lang, p = ranked[0][0], exp(ranked[0][1])
        verdict = Verdict(
            lang=lang,
            p=min(p, 1.0),
            runner_up=(ranked[1][0], exp(ranked[1][1])) if len(ranked) > 1 else None,
            script=cleaned.script,
            is_plain=cleaned.script is not Script.LATIN or len(cleaned.words) > LONGEST_NAME,
            why=(*seen.why, *hints),
        )
        return msgspec.structs.replace(verdict, action=self._decide(verdict, state, cleaned, seen)), state

    def _weigh(self, cleaned: Cleaned) -> _Seen:
        """Look at this text alone."""
        languages = BY_SCRIPT[cleaned.script]
        if len(languages) == 1:
            certain = Evidence(source="script", scores={languages[0]: 1.0})
            return _Seen(chances={languages[0]: 0.0}, known=frozenset(languages), elsewhere=0.0, why=(certain,))
        lexicon, spelling = _own(self._given)
        looked = look(cleaned, lexicon, spelling, self.voters)
        chances = mix(looked, cleaned, self._weights)
        columns = dict(zip(looked.names, zip(*looked.rows, strict=True), strict=True))
        known = lexicon.knowing(cleaned.words, cleaned.script)
        said = [
            _evidence(name, dict(zip(languages, column, strict=True)))
            for name, column in columns.items()
            if name not in ("commonness", "elsewhere")
        ]
        why = (_evidence("together", {label: exp(chance) for label, chance in chances.items()}), *said)
        return _Seen(chances=_merged(chances), known=known, elsewhere=looked.elsewhere, why=why)

    def _decide(self, verdict: Verdict, state: LangState, cleaned: Cleaned, seen: _Seen) -> Action:
        if not cleaned.is_telling or verdict.lang == state.current:
            return Action.STAY
        is_known, words = verdict.lang in seen.known, len(cleaned.words)
        is_ours = seen.elsewhere < _ELSEWHERE or verdict.lang in UNKNOWN_TO_VOTERS
        is_likely = is_ours and seen.best == verdict.lang and verdict.p >= self._weights.switch_at
        is_sure = is_likely and is_enough(cleaned.script, words, is_known=is_known)
        if is_sure or (is_likely and is_known and state.run > 1 and state.words >= _AGREEING):
            return Action.SWITCH
        if verdict.p >= ASK_AT and (is_known or is_enough(cleaned.script, words, is_known=False)):
            return Action.ASK
        return Action.STAY


@lru_cache(maxsize=2)
def _own(lexicon: Lexicon | None) -> tuple[Lexicon, Spelling]:
    """Read our lists and learn from them how each language spells, at the first text that needs it."""
    lexicon = lexicon or Lexicon.shipped()
    return lexicon, Spelling(lexicon.words)


def _merged(chances: Mapping[str, float]) -> dict[str, float]:
    """Add the chance of a variety that is answered in another language to that one's."""
    merged: dict[str, float] = {}
    for label, chance in chances.items():
        into = READ_AS.get(label, label)
        merged[into] = log(exp(merged[into]) + exp(chance)) if into in merged else chance
    return merged


def _gather(state: LangState, seen: _Seen, words: int) -> LangState:
    """Add a message to what the conversation has shown."""
    top = seen.chances[seen.best]
    message = {label: max(chance - top, -_MESSAGE_CAP) for label, chance in seen.chances.items()}
    sums = {
        label: DECAY * state.sums.get(label, -_MESSAGE_CAP if state.sums else 0.0) + message.get(label, -_MESSAGE_CAP)
        for label in {*state.sums, *message}
    }
    highest = max(sums.values())
    goes_on = seen.best == state.leaning
    return msgspec.structs.replace(
        state,
        sums={label: round(max(value - highest, -_SUM_CAP), 4) for label, value in sorted(sums.items())},
        informative=state.informative + 1,
        leaning=seen.best,
        run=state.run + 1 if goes_on else 1,
        words=state.words + words if goes_on else words,
    )


def _tempered(state: LangState) -> dict[str, float]:
    """Turn the sums into log chances; a first message keeps its own."""
    temper = 1.0 if state.informative == 1 else TEMPER
    return normalised({label: temper * value for label, value in state.sums.items()})


def _with_hint(chances: Mapping[str, float], hint: Hint | None) -> tuple[dict[str, float], tuple[Evidence, ...]]:
    if hint is None:
        return dict(chances), ()
    code = hint.lang if hint.lang in LABELS else hint.lang.replace("_", "-").split("-")[0].lower()
    hinted = _STANDS_FOR.get(code, (code,))
    more = _ENGLISH_HINTED if code == "en" else _HINTED[hint.source]
    weighed = {label: chance + (more if label in hinted else 0.0) for label, chance in chances.items()}
    return normalised(weighed), (Evidence(source=f"hint: {hint.source}", scores={label: more for label in hinted}),)


def _evidence(source: str, scores: Mapping[str, float]) -> Evidence:
    best = sorted(scores.items(), key=lambda each: (-each[1], each[0]))[:3]
    return Evidence(source=source, scores={label: round(score, 3) for label, score in best})

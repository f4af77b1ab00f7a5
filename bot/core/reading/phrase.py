"""Reading words without digits as one option: a name, yes or no, a meaning, a grade, the start of a label, a slip."""

from functools import cache

from bot.core.reading.amounts import number_in_words
from bot.core.reading.normalise import shrink
from bot.core.reading.readings import Chosen, Declined, Rule, Unclear, Why, chosen
from bot.core.reading.scale import Stance, Strength, read_stance
from bot.core.reading.scheme import LETTERS, Scheme
from bot.core.reading.typos import is_near, nearest
from bot.core.reading.wrapping import Tokens, drop_leading, drop_trailing, either, unwrap
from bot.core.words import WordTable

_SHORT = 4
_HINT_LETTERS = 4
_PREFIX_LETTERS = 4
LAST = -1
"""What the word tables give for "last"."""


def read_phrase(scheme: Scheme, core: Tokens) -> Chosen | Declined | Unclear | None:
    """Read words that stand for one option, perhaps cut short or with a slip; None where they name nothing at all."""
    known = _known(scheme, core)
    if known is not None:
        return known
    bare = unwrap(core, scheme.lexicon.label_before, scheme.lexicon.label_after | scheme.lexicon.after)
    return _nearly(scheme, " ".join(bare), " ".join(core)) if len(bare) <= _longest(scheme) else None


def read_meaning(scheme: Scheme, said: Tokens) -> Chosen | Declined | None:
    """Read words that are, just as they are, don't know, would rather not say, none or the like."""
    return _meant(scheme, " ".join(said))


def read_exact_phrase(scheme: Scheme, said: Tokens) -> Chosen | Declined | Unclear | None:
    """Read words that stand, just as they are, for one option; None where they do not."""
    return (
        _named(scheme, " ".join(said))
        or _yes_or_no(scheme, said)
        or _meant(scheme, " ".join(said))
        or _numbered(scheme, said)
        or _ordinal(scheme, said)
    )


def _known(scheme: Scheme, core: Tokens) -> Chosen | Declined | Unclear | None:
    """Read words that stand for one option with nothing but wrapping around them."""
    lex = scheme.lexicon
    for words in _forms(core, lex):
        for said in dict.fromkeys((words, unwrap(words, lex.label_before, either(lex.label_after, lex.after)))):
            found = (
                _named(scheme, " ".join(said))
                or _yes_or_no(scheme, said)
                or _meant(scheme, " ".join(said))
                or (_numbered(scheme, said) if said is words else None)
                or _ordinal(scheme, said)
                or _graded(scheme, said)
            )
            if found is not None:
                return found
    return None


def mentioned(scheme: Scheme, said: Tokens) -> tuple[str, ...]:
    """Return the options whose names occur in a text, in its order, the longest name at each place."""
    found = []
    place = 0
    while place < len(said):
        for end in range(min(len(said), place + scheme.longest), place, -1):
            phrase = " ".join(said[place:end])
            code = scheme.names.get(phrase) or scheme.parts.get(phrase)
            if code and (len(phrase) >= _HINT_LETTERS or len(said) <= _SHORT):
                found.append(code)
                place = end - 1
                break
        place += 1
    return tuple(dict.fromkeys(found))


def _longest(scheme: Scheme) -> int:
    return max((len(label.split()) + 1 for label, _ in scheme.labels), default=0)


def _forms(core: Tokens, lex: WordTable) -> list[Tokens]:
    """Give the words as they are, a word (no number) said again once, and stretched letters in both lengths."""
    forms = [core]
    if len(set(core)) == 1 and core[0] not in lex.numbers:
        forms.append(core[:1])
    shrunk = [shrink(word) or (word, word) for word in core]
    forms += [tuple(pair[0] for pair in shrunk), tuple(pair[1] for pair in shrunk)]
    return list(dict.fromkeys(forms))


def _named(scheme: Scheme, phrase: str) -> Chosen | None:
    code = scheme.names.get(phrase) or scheme.joined.get(phrase.replace(" ", ""))
    if code:
        return chosen(Rule.LABEL, code)
    return chosen(Rule.LABEL_PART, scheme.parts[phrase]) if phrase in scheme.parts else None


def _yes_or_no(scheme: Scheme, said: Tokens) -> Chosen | None:
    """Read a yes or no, also with its echo ("yes I do"), where one option says yes or one says no."""
    lex = scheme.lexicon
    for code, phrases, echoes in ((scheme.yes, lex.yes, lex.yes_after), (scheme.no, lex.no, lex.no_after)):
        if not code:
            continue
        if " ".join(said) in phrases or " ".join(drop_trailing(said, echoes | lex.after)) in phrases:
            return chosen(Rule.YES_NO, code)
        if len(said) > 1 and set(said) <= phrases:  # "no no", "yes 👍"
            return chosen(Rule.YES_NO, code)
    return None


def _meant(scheme: Scheme, phrase: str) -> Chosen | Declined | None:
    for phrases, code in scheme.meanings:
        if code and phrase in phrases:
            return chosen(Rule.MEANING, code)
    lex = scheme.lexicon
    if phrase in lex.declined or phrase in lex.not_applicable or phrase in lex.passed:
        return Declined(Rule.MEANING)
    return None


def _numbered(scheme: Scheme, said: Tokens) -> Chosen | Unclear | None:
    """Read "two", "number two", "b" and "option b"."""
    lex = scheme.lexicon
    counted = drop_leading(said, lex.number_before - lex.no)
    number = number_in_words(counted, lex)
    if number is not None and number not in scheme.numbers:
        return Unclear((), Why.NOT_LISTED)
    if number is not None:
        code = scheme.numbers[number]
        is_other = number in scheme.equals and counted == said
        return Unclear((code,), Why.SEVERAL) if is_other else chosen(Rule.NUMBER_WORD, code)
    letter = " ".join(counted)
    if counted != said and letter in LETTERS and LETTERS.index(letter) + 1 in scheme.places:
        return chosen(Rule.LETTER, scheme.places[LETTERS.index(letter) + 1])
    return chosen(Rule.LETTER, scheme.letters[letter]) if letter in scheme.letters else None


def _ordinal(scheme: Scheme, said: Tokens) -> Chosen | Unclear | None:
    """Read "second", "the second one" and "the last"."""
    lex = scheme.lexicon
    place = lex.ordinals.get(" ".join(unwrap(said, lex.ordinal_around, lex.ordinal_around)))
    if place is None:
        return None
    code = scheme.places.get(len(scheme.places) if place == LAST else place, "")
    return chosen(Rule.ORDINAL, code) if code else Unclear((), Why.NOT_LISTED)


def _graded(scheme: Scheme, said: Tokens) -> Chosen | Unclear | None:
    """Read a grade ("totally agree", "yes, I agree") on a scale whose options are grades."""
    if not scheme.stances:
        return None
    lex = scheme.lexicon
    stance = read_stance(said, lex)
    if stance is not None:
        return _on_scale(scheme, stance)
    if said[0] in lex.yes | lex.no and len(said) > 1:
        rest = unwrap(said[1:], lex.label_before, either(lex.label_after, lex.after))
        stance = read_stance(rest, lex)
        if (
            stance is not None
            and stance.is_positive == (said[0] in lex.yes)
            and stance.strength is not Strength.UNKNOWN
            and not _may_turn_round(said, lex)
        ):
            return _on_scale(scheme, stance)
    return None


def _may_turn_round(said: Tokens, lex: WordTable) -> bool:
    """Say whether a no, with no comma after it, may be a "not": "nu sunt impotriva" is "I am not against"."""
    return said[0] in _nots(lex) and lex.negations.isdisjoint(said[1:])


@cache
def _nots(lexicon: WordTable) -> frozenset[str]:
    """Return the words for no that are also the "not" with which a disagreement begins ("nie zgadzam sie")."""
    begun = {phrase.split()[0] for scale in lexicon.scales for phrase in scale.negative}
    return frozenset(begun & lexicon.no & lexicon.negations)


def _on_scale(scheme: Scheme, stance: Stance) -> Chosen | Unclear | None:
    """Take the option of the same grade; or, of a plain "Agree" and "Disagree", the one on that side."""
    exact = [code for code, known in scheme.stances.items() if known == stance]
    if len(exact) == 1 and stance.strength is not Strength.UNKNOWN:
        return chosen(Rule.SCALE, exact[0])
    side = [
        code
        for code, known in scheme.stances.items()
        if known.scale == stance.scale and known.is_positive == stance.is_positive
    ]
    is_doubtful = stance.strength is Strength.MILD or (stance.strength is Strength.UNKNOWN and scheme.has_neither)
    if (
        len(side) == 1
        and scheme.has_all_grades
        and not is_doubtful
        and scheme.stances[side[0]].strength is Strength.PLAIN
    ):
        return chosen(Rule.SCALE, side[0])
    return Unclear(tuple(side), Why.NOTHING) if side else None


def _nearly(scheme: Scheme, phrase: str, whole: str) -> Chosen | None:
    """Read the start of one label, at least four letters and half of it; or a label with a slip.

    `whole` is the phrase with what was taken off as wrapping: a slip may have made it look like that.
    """
    lex = scheme.lexicon
    starts = {code: label for label, code in scheme.labels if label.startswith(phrase)}
    if any(_loses_its_not(phrase, label, lex) for label in starts.values()):
        return None
    is_grade_only = phrase in lex.negations or (bool(scheme.stances) and phrase in lex.strong | lex.mild)
    if len(starts) == 1 and not is_grade_only:
        ((code, _),) = starts.items()
        enough = any(
            label.startswith(phrase) and len(phrase) >= _PREFIX_LETTERS and 2 * len(phrase) >= len(label)
            for label, of in scheme.labels
            if of == code
        )
        if enough:
            return chosen(Rule.PREFIX, code)
    near = nearest(phrase, scheme.slipped, lex)
    if near and not any(_may_be_opposite(scheme, text, *near) for text in {phrase, whole}):
        return Chosen((near[0],), Rule.TYPO, round(near[1], 2))
    return None


def _loses_its_not(phrase: str, label: str, lex: WordTable) -> bool:
    """Say whether what is cut off a label holds its "not": half of the world's languages say "at all not"."""
    kept = len(phrase.split()) - (not label.startswith(f"{phrase} "))
    return any(word in lex.negations or word in lex.no for word in label.split()[kept:])


def _may_be_opposite(scheme: Scheme, phrase: str, code: str, likeness: float) -> bool:
    """Say whether a slip of this grade is nearly a word for the other pole: "dexacord" is "dezacord", no "de acord"."""
    stance = scheme.stances.get(code)
    return stance is not None and is_near(phrase, _poles(scheme.lexicon, is_positive=not stance.is_positive), likeness)


@cache
def _poles(lexicon: WordTable, *, is_positive: bool) -> tuple[str, ...]:
    scales = lexicon.scales
    return tuple({phrase for scale in scales for phrase in (scale.positive if is_positive else scale.negative)})

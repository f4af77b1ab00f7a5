"""Reading a reply as several of the options, by any separator. All of it is understood, or it is asked again."""

import re
from enum import StrEnum

from bot.core.reading.choice import has_no_whole_number, is_number, meaningful, number_of, read_one
from bot.core.reading.normalise import tokens
from bot.core.reading.readings import Chosen, Declined, Rule, Unclear, Why, chosen
from bot.core.reading.scheme import Scheme
from bot.core.reading.wrapping import Tokens, unwrap
from bot.core.words import WordTable

_COMPACT_MOST = 9
_PAIR = 2
_DASHED = re.compile(r"\d+(?:\s*-\s*\d+){2,}")
_RANGE = re.compile(r"\d\s*-\s*\d")
_NUMBERS = re.compile(r"\s*[0-9]{1,3}(?:[ ,]+[0-9]{1,3})+\s*")
_PIECES = re.compile(r"[,;/&+.]")


class _By(StrEnum):
    NUMBER = "number"
    ORDINAL = "ordinal"
    NAME = "name"


Pick = tuple[str, _By]
"""An option's code, and by what it was named."""


_KINDS = {
    Rule.NUMBER: _By.NUMBER,
    Rule.NUMBER_WORD: _By.NUMBER,
    Rule.NUMBER_AND_LABEL: _By.NUMBER,
    Rule.LETTER: _By.NUMBER,
    Rule.ORDINAL: _By.ORDINAL,
}


def read_several(scheme: Scheme, folded: str, most: int | None) -> Chosen | Declined | Unclear:
    """Read a folded text as one or several of the options, at most `most` of them."""
    lex = scheme.lexicon
    core = unwrap(meaningful(tokens(folded), scheme), lex.before, lex.after)
    phrase = " ".join(core)
    if phrase in lex.all or (phrase in lex.both and len(scheme.codes) == _PAIR):
        return _every(scheme, most)
    one = read_one(scheme, folded)
    if isinstance(one, Chosen | Declined) or one.why is Why.ASKS or has_no_whole_number(folded):
        return one
    if compact := _compact(scheme, core):
        return _checked(scheme, compact, most, Rule.SEVERAL)
    if ranked := _ranked(scheme, core):
        return _checked(scheme, ranked, most, Rule.RANKED)
    if _is_range(folded, core, lex):
        return Unclear(one.candidates, Why.RANGE)
    picks = _listed(scheme, core) or _in_pieces(scheme, folded)
    if not picks:
        return _alternatives(scheme, core) or one
    codes = tuple(dict.fromkeys(code for code, _ in picks))
    return _checked(scheme, codes, most, Rule.SEVERAL) if _agree(picks) else Unclear(codes, Why.SEVERAL)


def _alternatives(scheme: Scheme, core: Tokens) -> Unclear | None:
    """Read "parks or library": which of them is meant can be asked, where no word of it is left over."""
    named = tuple(word for word in core if word not in scheme.lexicon.or_)
    picks = _listed(scheme, named) if named != core else ()
    return Unclear(tuple(dict.fromkeys(code for code, _ in picks)), Why.NOTHING) if picks else None


def read_numbers(scheme: Scheme, text: str, most: int | None) -> Chosen | None:
    """Read "1 3 5" and "1, 3", which can be nothing else; None for whatever needs a closer look."""
    if scheme.equals or not _NUMBERS.fullmatch(text):
        return None
    codes = tuple([scheme.numbers.get(int(number), "") for number in text.replace(",", " ").split()])
    is_plain = all(codes) and len(set(codes)) == len(codes) and scheme.alone.isdisjoint(codes)
    return chosen(Rule.SEVERAL, *codes) if is_plain and (most is None or len(codes) <= most) else None


def _agree(picks: tuple[Pick, ...]) -> bool:
    """Say whether a list contradicts itself nowhere.

    Nothing twice; no "first 3", which may be three of them; and where numbers and names are mixed, each name is that
    of a number.
    """
    by = {kind: [code for code, how in picks if how is kind] for kind in _By}
    is_repeated = any(len(set(codes)) != len(codes) for codes in by.values())
    is_mixed = bool(by[_By.ORDINAL]) and len(by[_By.ORDINAL]) != len(picks)
    is_at_odds = bool(by[_By.NUMBER]) and not set(by[_By.NAME]) <= set(by[_By.NUMBER])
    return not (is_repeated or is_mixed or is_at_odds)


def _checked(scheme: Scheme, codes: tuple[str, ...], most: int | None, rule: Rule) -> Chosen | Unclear:
    """Refuse too many, and "none" or "don't know" together with anything else."""
    if most is not None and len(codes) > most:
        return Unclear(codes, Why.TOO_MANY)
    if len(codes) > 1 and scheme.alone & set(codes):
        return Unclear(codes, Why.NOTHING)
    return chosen(rule, *codes)


def _every(scheme: Scheme, most: int | None) -> Chosen | Unclear:
    """Choose every option but those that exclude the others; ask again where "something else" is among them."""
    every = tuple(code for code in scheme.codes if code not in scheme.alone)
    found = _checked(scheme, every, most, Rule.ALL)
    return Unclear((), Why.NOTHING) if isinstance(found, Chosen) and (scheme.others or not every) else found


def _compact(scheme: Scheme, core: Tokens) -> tuple[str, ...]:
    """Read "135" as 1, 3 and 5, where no option has two digits and no digit comes twice."""
    if len(core) != 1 or not core[0].isdecimal() or len(scheme.numbers) > _COMPACT_MOST:
        return ()
    codes = [scheme.numbers.get(int(digit), "") for digit in core[0] if int(digit) not in scheme.equals]
    return tuple(codes) if all(codes) and len(set(codes)) == len(core[0]) else ()


def _ranked(scheme: Scheme, core: Tokens) -> tuple[str, ...]:
    """Read "1st 3, 2nd 5" and "first parks second jobs": ranks from the first on, an option after each."""
    lex = scheme.lexicon
    places = [place for place, token in enumerate(core) if _rank(token, lex)]
    ranks = [_rank(core[place], lex) for place in places]
    if len(ranks) < 2 or ranks != list(range(1, len(ranks) + 1)) or places[0] != 0:
        return ()
    codes = []
    for start, end in zip(places, [*places[1:], len(core)], strict=True):
        words = tuple(word for word in core[start + 1 : end] if word not in lex.rank_after | lex.and_)
        picks = _listed(scheme, words)
        if len({code for code, _ in picks}) != 1:
            return ()
        codes.append(picks[0][0])
    return tuple(codes) if len(set(codes)) == len(codes) else ()


def _rank(token: str, lex: WordTable) -> int:
    if is_number(token) and not token.isdecimal():
        return number_of(token)
    return lex.ordinals.get(token, 0)


def _is_range(folded: str, core: Tokens, lex: WordTable) -> bool:
    """Say whether two numbers are the ends of a range; "1-3-5" is a list."""
    if _RANGE.search(folded) and not _DASHED.fullmatch(folded.strip(" .!")):
        return True
    return any(
        before.isdecimal() and after.isdecimal() and word in lex.ranges
        for before, word, after in zip(core, core[1:], core[2:], strict=False)
    )


def _listed(scheme: Scheme, core: Tokens) -> tuple[Pick, ...]:
    """Read numbers, ordinals, letters and names one after another, the longest name at each place; all or nothing."""
    lex = scheme.lexicon
    are_letters = len(core) > 1 and all(token in scheme.letters or token in lex.and_ for token in core)
    picks: list[Pick] = []
    place = 0
    while place < len(core):
        size, pick = _pick(scheme, core[place:], are_letters=are_letters)
        if size == 0:
            return ()
        if pick is not None:
            picks.append(pick)
        place += size
    return tuple(picks)


def _pick(scheme: Scheme, rest: Tokens, *, are_letters: bool) -> tuple[int, Pick | None]:
    """Take what the next words name: how many words that were (0: not understood), and the option."""
    lex = scheme.lexicon
    if are_letters and rest[0] in scheme.letters:
        return 1, (scheme.letters[rest[0]], _By.NUMBER)
    for size in range(min(len(rest), scheme.longest), 0, -1):
        phrase = " ".join(rest[:size])
        if code := scheme.names.get(phrase) or scheme.parts.get(phrase):
            return size, (code, _By.NAME)
    number = number_of(rest[0]) if rest[0].isdecimal() else lex.numbers.get(rest[0], 0)
    if number in scheme.equals:
        return 0, None  # it stands before one option and is the name of another
    if number in scheme.numbers:
        return 1, (scheme.numbers[number], _By.NUMBER)
    if (place := _rank(rest[0], lex)) in scheme.places:
        return 1, (scheme.places[place], _By.ORDINAL)
    is_filler = len(rest) > 1 and rest[0] in lex.and_ | (lex.number_before - lex.no) | lex.both | lex.label_before
    return (1, None) if is_filler else (0, None)


def _in_pieces(scheme: Scheme, folded: str) -> tuple[Pick, ...]:
    """Read what stands between separators piece by piece, each as a reply of its own, slips and all."""
    for word in scheme.lexicon.and_:
        folded = folded.replace(f" {word} ", ",")
    pieces = [piece.strip() for piece in _PIECES.split(folded) if piece.strip()]
    picks: list[Pick] = []
    for piece in pieces if len(pieces) > 1 else ():
        one = read_one(scheme, piece)
        if not isinstance(one, Chosen):
            return ()
        picks.append((one.codes[0], _KINDS.get(one.rule, _By.NAME)))
    return tuple(picks)

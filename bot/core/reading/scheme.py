"""A question's options made ready to be recognised: every way of naming one that means that one alone."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache

from msgspec.structs import replace

from bot.core.reading.bands import Band, read_band
from bot.core.reading.lexicon import lexicon
from bot.core.reading.normalise import fold, key, normalise
from bot.core.reading.readings import Option
from bot.core.reading.scale import Stance, read_stance
from bot.core.reading.wrapping import drop_leading
from bot.core.words import Words, WordTable

Names = list[tuple[str, str]]
"""Pairs of a way to name an option and the option's code."""

LETTERS = "abcdefg"
_INITIALS_MOST = 3
SCHEMES = 2048
_SHORTEST_CODE = 3
_PARENTHESIS = re.compile(r"\(([^)]*)\)")
_SLASH = re.compile(r"\s*[/;]\s*")
_DIGIT = re.compile(r"\d")
AREA = re.compile(r"(?<![a-z\d])([a-z]{1,2}\d[a-z\d]?)(?![a-z\d])")


@dataclass(frozen=True, slots=True)
class Scheme:
    """What names an option, by code. A name that two options share names neither.

    `numbers` stand before the options, `places` are what ordinals and letters count.
    `texts` are labels with their punctuation, `names` their words, `joined` those without spaces, `parts` the
    alternatives within a label. `equals` are numbers that are also what another option is called. `has_all_grades` says
    that every option is a grade, "neither", or no answer to the scale at all. `alone` are options that exclude the
    others (don't know, none), `others` the "something else". `labels` may be cut short, `slipped` may have a slip in
    them. `longest` is how many words a name has at most.
    """

    lexicon: WordTable
    codes: tuple[str, ...]
    numbers: Mapping[int, str]
    places: Mapping[int, str]
    equals: frozenset[int]
    texts: Mapping[str, str]
    names: Mapping[str, str]
    joined: Mapping[str, str]
    parts: Mapping[str, str]
    letters: Mapping[str, str]
    yes: str
    no: str
    meanings: tuple[tuple[frozenset[str], str], ...]
    has_neither: bool
    stances: Mapping[str, Stance]
    has_all_grades: bool
    bands: Mapping[str, Band]
    areas: Mapping[str, str]
    labels: tuple[tuple[str, str], ...]
    slipped: tuple[tuple[str, str], ...]
    alone: frozenset[str]
    others: frozenset[str]
    longest: int


@lru_cache(SCHEMES)
def scheme(options: tuple[Option, ...], words: Words) -> Scheme:
    """Build the scheme of these options, with these word tables."""
    lex = lexicon(words)
    options = tuple(_sure(option, lex) for option in options)
    names = [(name, option.code) for option in options for name in _names(option, lex) if name]
    parts = [(part, option.code) for option in options for label in option.labels for part in _parts(label, lex)]
    also = [(said, code) for name, code in names for said in lex.same.get(name, ())]
    named = _only(names)
    stances: dict[str, Stance] = {}
    for name, code in names:
        if stance := read_stance(tuple(name.split()), lex, is_label=True):
            stances.setdefault(code, stance)
    is_scale = len({stance.is_positive for stance in stances.values()}) > 1
    between = frozenset(name for name, _ in names if name.split()[0] in lex.neither)
    neither = _meaning(names, lex.neither | between) if is_scale else ""
    meanings = ((lex.neither, neither), *_meanings(names + parts, lex))
    return Scheme(
        lexicon=lex,
        codes=tuple(option.code for option in options),
        numbers={option.number: option.code for option in options if option.number},
        places=_places(options),
        equals=_equals(options),
        texts=_only((text, option.code) for option in options for text in map(normalise, option.labels)),
        names=named,
        joined=_only((name.replace(" ", ""), code) for name, code in names),
        parts={part: code for part, code in _only(parts + also).items() if named.get(part, code) == code},
        letters=_letters(options),
        yes=_meaning(names, lex.yes_labels),
        no=_meaning(names, lex.no_labels),
        meanings=meanings,
        has_neither=neither != "",
        stances=stances,
        has_all_grades={*stances, *(code for _, code in meanings)} >= {option.code for option in options},
        bands=_bands(options, lex),
        areas=_areas(options),
        labels=_without_digits(names),
        slipped=_without_digits(names + parts),
        alone=_codes(names + parts, lex.none | lex.dont_know | lex.declined | lex.not_applicable),
        others=_codes(names, lex.other),
        longest=max((len(name.split()) for name, _ in names + parts + also), default=1),
    )


def _sure(option: Option, lex: WordTable) -> Option:
    """Leave out the further wordings that this language is unsure of: English "No" is a kind of yes in Polish."""
    labels = (*option.labels[:1], *(label for label in option.labels[1:] if key(label) not in lex.unsure))
    return replace(option, labels=labels)


def _names(option: Option, lex: WordTable) -> Iterator[str]:
    """Name an option by its labels, with and without what stands in parentheses or before them, and by its code.

    Only a label as it stands may be a word that is also a command.
    """
    literal = [label for label in option.labels if _is_words(label, lex)]
    bare = [text for label in option.labels if _is_words(text := _PARENTHESIS.sub(" ", label), lex)]
    derived = [" ".join(drop_leading(tuple(key(text).split()), lex.label_before)) for text in (*literal, *bare)]
    code = key(option.code.replace("_", " "))
    if len(code) >= _SHORTEST_CODE and not _DIGIT.search(code) and code not in {*lex.numbers, *lex.ordinals}:
        derived.append(code)
    reserved = lex.stop.union(*lex.commands.values())
    yield from map(key, literal)
    yield from (name for name in (*map(key, bare), *derived) if name not in reserved)


def _is_words(text: str, lex: WordTable) -> bool:
    """Say whether a label's words are enough to name it: "1-2" without its dash could be two answers."""
    return key(text) != "" and not key(text).replace(" ", "").isdecimal() and read_band(fold(text), lex) is None


def _parts(label: str, lex: WordTable) -> Iterator[str]:
    """Cut a label into its alternatives: "Black, Caribbean or African", "Bus / tram", "Christian (Catholic, ...)"."""
    for text in (_PARENTHESIS.sub(" ", label), *_PARENTHESIS.findall(label)):
        folded = fold(text)
        if _DIGIT.search(folded) or any(word in lex.negations for word in key(text).split()):
            continue
        for piece in _SLASH.split(folded):
            for part in _listed(piece, lex):
                words = drop_leading(tuple(key(part).split()), lex.label_before | lex.and_ | lex.or_)
                if words and " ".join(words) not in lex.yes | lex.no | lex.or_ | lex.and_:
                    yield " ".join(words)


def _listed(text: str, lex: WordTable) -> list[str]:
    """Cut "a, b or c" and "a or b"; and "a, b and c", but not "a and b", which may be one thing."""
    is_list = "," in text
    for word in lex.or_ | (lex.and_ if is_list else frozenset()):
        if f" {word} " in text:
            text = text.replace(f" {word} ", ",")
            is_list = True
    return text.split(",") if is_list and text.count(",") and _ends_as_list(text) else [text]


def _ends_as_list(text: str) -> bool:
    return all(piece.strip() for piece in text.split(","))


def _without_digits(names: Names) -> tuple[tuple[str, str], ...]:
    return tuple(dict.fromkeys((name, code) for name, code in names if not _DIGIT.search(name)))


def _only(pairs: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Keep the names that name one option only."""
    codes: dict[str, set[str]] = {}
    for name, code in pairs:
        codes.setdefault(name, set()).add(code)
    return {name: next(iter(found)) for name, found in codes.items() if len(found) == 1 and name}


def _codes(names: Names, phrases: frozenset[str]) -> frozenset[str]:
    return frozenset(code for name, code in names if name in phrases)


def _meaning(names: Names, phrases: frozenset[str]) -> str:
    """Return the one option that these phrases name, or empty."""
    codes = _codes(names, phrases)
    return next(iter(codes)) if len(codes) == 1 else ""


def _meanings(names: Names, lex: WordTable) -> tuple[tuple[frozenset[str], str], ...]:
    every = (lex.dont_know, lex.declined, lex.not_applicable, lex.none, lex.all, lex.other)
    return tuple((phrases, code) for phrases in every if (code := _meaning(names, phrases)))


def _equals(options: tuple[Option, ...]) -> frozenset[int]:
    """Find the numbers that stand before one option and name another, as in "1 None, 2 One, 3 2, 4 3 or more"."""
    labels = {option.code: tuple(map(normalise, option.labels)) for option in options}
    if not any(label.isdecimal() for texts in labels.values() for label in texts):
        return frozenset()
    return frozenset(
        option.number
        for option in options
        for other in options
        if other is not option and any(label.split()[:1] == [str(option.number)] for label in labels[other.code])
    )


def _places(options: tuple[Option, ...]) -> dict[int, str]:
    places = ((option.number if option.place is None else option.place, option.code) for option in options)
    return {place: code for place, code in places if place}


def _letters(options: tuple[Option, ...]) -> dict[str, str]:
    """Give options letters by place, unless another label has a word with it; or, among two or three, initials."""
    initials: dict[str, set[str]] = {}
    words: dict[str, set[str]] = {}
    for option in options:
        for label in option.labels:
            for place, word in enumerate(key(label).split()):
                words.setdefault(word[0], set()).add(option.code)
                if place == 0:
                    initials.setdefault(word[0], set()).add(option.code)
    places = _places(options)
    letters = {
        letter: places[place]
        for place, letter in enumerate(LETTERS, 1)
        if place in places and words.get(letter, {places[place]}) == {places[place]}
    }
    if len(options) <= _INITIALS_MOST and all(len(codes) == 1 for codes in initials.values()):
        by_initial = {letter: next(iter(codes)) for letter, codes in initials.items()}
        # A digit that a label begins with ("45 or over") is no name for it: beside numbers it would be a guess.
        # Nor is a letter of another script: half of Pashto's no ("نه") begins its yes ("هو").
        free = {
            letter
            for letter in by_initial
            if letter.isalpha() and letter.isascii() and letter not in LETTERS[: len(options)]
        }
        letters |= {letter: by_initial[letter] for letter in free}
    return letters


def _bands(options: tuple[Option, ...], lex: WordTable) -> dict[str, Band]:
    bands = {
        option.code: band for option in options for label in option.labels if (band := read_band(fold(label), lex))
    }
    return bands if len(bands) > 1 else {}


def _areas(options: tuple[Option, ...]) -> dict[str, str]:
    """Map postcode areas to options, where at least two labels begin with one."""
    found = [
        (area[1].upper(), option.code)
        for option in options
        for label in (*option.labels, option.code)
        if (area := AREA.match(fold(label)))
    ]
    areas = _only(found)
    return areas if len(set(areas.values())) > 1 else {}

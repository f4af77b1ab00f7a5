"""Letters that several people have sent: the same words, or nearly the same.

The rule: texts of at least LEAST_WORDS words belong together where they are equal but for case, punctuation and spaces,
or where rapidfuzz's token_sort_ratio, which does not mind the order of words, is at least LEAST_ALIKE. Such a group is
marked where it came from at least FEWEST_SENDERS people. MinHash proposes which texts to compare (Broder, "On the
resemblance and containment of documents", 1997); each proposal is confirmed.
"""

import importlib.util
import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence

from msgspec import Struct
from rapidfuzz import fuzz

LEAST_WORDS = 12
"""Shorter answers are alike by chance: "more police" is what people think, not a letter."""
LEAST_ALIKE = 85
FEWEST_SENDERS = 3
"""Two may be a couple, or one person on two addresses."""

# Word pairs: a word changed in a letter of thirty leaves most of them, and few texts share one by chance.
_PAIR = 2
_PERMUTATIONS = 128
# Below what LEAST_ALIKE would ask for, so that the proposals miss little.
_LEAST_SHARED = 0.35
_SEED = 1
_NOT_A_WORD = re.compile(r"[\W_]+")


class Letter(Struct, frozen=True):
    """One open answer: whose, to which question, in their words."""

    response: str
    person: str
    question: str
    said: str


class Sent(Struct, frozen=True):
    """Letters that belong together."""

    letters: tuple[Letter, ...]

    @property
    def group(self) -> str:
        """The smallest id of their responses."""
        return min(letter.response for letter in self.letters)


def can_compare() -> bool:
    """Say whether nearly equal letters can be found: the extra `analysis` is installed. Equal ones always are."""
    return importlib.util.find_spec("datasketch") is not None


def find_letters(letters: Iterable[Letter], *, compare: bool) -> list[Sent]:
    """Find the groups of letters that several people have sent; without `compare`, of equal ones alone.

    The same letters give the same groups, in whatever order they come.
    """
    by_words: dict[tuple[str, ...], list[Letter]] = {}
    for letter in letters:
        words = tuple(words_of(letter.said))
        if len(words) >= LEAST_WORDS:
            by_words.setdefault(words, []).append(letter)
    texts = sorted(by_words)
    together = _Together(len(texts))
    if compare and len(texts) > 1:
        _join_alike(texts, together)
    groups: dict[int, list[Letter]] = {}
    for place, text in enumerate(texts):
        groups.setdefault(together.first(place), []).extend(by_words[text])
    found = [
        Sent(tuple(sorted(group, key=lambda letter: (letter.response, letter.question))))
        for group in groups.values()
        if len({letter.person for letter in group}) >= FEWEST_SENDERS
    ]
    return sorted(found, key=lambda sent: sent.group)


def words_of(said: str) -> list[str]:
    """Take a text apart into words: without case, punctuation, or ways of writing the same letter."""
    return _NOT_A_WORD.sub(" ", unicodedata.normalize("NFKC", said).casefold()).split()


def _join_alike(texts: Sequence[tuple[str, ...]], together: "_Together") -> None:
    """Join the texts that are nearly equal. Of a group that is joined already, one comparison is enough."""
    joined = [" ".join(words) for words in texts]
    for place, others in _proposals(texts):
        for other in others:
            if together.first(place) == together.first(other):
                continue
            if fuzz.token_sort_ratio(joined[place], joined[other], score_cutoff=LEAST_ALIKE):
                together.join(place, other)


def _proposals(texts: Sequence[tuple[str, ...]]) -> Iterator[tuple[int, list[int]]]:
    """Give each text with the earlier ones that share word pairs with it, as places."""
    # Loaded here: it brings numpy, which only who looks for letters needs.
    from datasketch import MinHash, MinHashLSH

    index = MinHashLSH(threshold=_LEAST_SHARED, num_perm=_PERMUTATIONS)
    fresh = MinHash(num_perm=_PERMUTATIONS, seed=_SEED)
    for place, words in enumerate(texts):
        pairs = {" ".join(words[at : at + _PAIR]).encode() for at in range(len(words) - _PAIR + 1)}
        hashed = fresh.copy()
        hashed.update_batch(sorted(pairs))
        yield place, sorted(index.query(hashed))
        index.insert(place, hashed, check_duplication=False)


class _Together:
    """Which of so many things belong together: everything is alone at first."""

    def __init__(self, many: int) -> None:
        self._leads = list(range(many))

    def first(self, place: int) -> int:
        """Give the first of those that belong with it."""
        while self._leads[place] != place:
            self._leads[place] = self._leads[self._leads[place]]
            place = self._leads[place]
        return place

    def join(self, one: int, other: int) -> None:
        """Put two groups together."""
        first, second = sorted((self.first(one), self.first(other)))
        self._leads[second] = first

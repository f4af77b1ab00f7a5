"""An estimate of how old a reader must be to follow an English text at once (Flesch-Kincaid, 1975).

GOV.UK writes for a reading age of 9. The formula was made for whole pages; on one question it is two years out either
way, so it finds the sentence to look at and proves nothing.
"""

import re

_WORD = re.compile(r"[A-Za-z]+(?:['’][A-Za-z]+)?")
_SENTENCE_END = re.compile(r"[.!?;:]+(?:\s|$)|\n+")
_QUOTED = re.compile(r"[\"“][^\"“”]*[\"”]")
_VOWELS = re.compile(r"[aeiouy]+")
_SILENT_END = re.compile(r"(?:[^aeiouyl]e|[^aeiouytd]ed|[^aeiouyscxzg]es|[^aeiouy]les)$")
_TWO_SOUNDS = re.compile(r"ia(?!n)|io(?!n|us)|[^q]ua|[gd]eo|[eyi]ing|iet|scien|uou|creat|(?:id|ar)ea")
FEWEST_WORDS = 8
"""Below this many words the formula says nothing."""


def syllables(word: str) -> int:
    """Estimate the syllables of an English word: groups of vowels, less silent endings, plus vowels that part."""
    plain = re.sub(r"[^a-z]", "", word.lower())
    count = len(_VOWELS.findall(plain)) + len(_TWO_SOUNDS.findall(plain))
    if len(plain) > 3 and _SILENT_END.search(plain):
        count -= 1
    return max(count, 1)


def reading_age(text: str) -> int | None:
    """Estimate the reading age of an English text in years, 5 to 18; None for one too short to tell.

    A quotation is left out, since its author is someone else, and a name counts as one easy syllable.
    """
    plain = _QUOTED.sub(" ", text)
    sentences = [found for part in _SENTENCE_END.split(plain) if (found := _WORD.findall(part))]
    words = sum(len(sentence) for sentence in sentences)
    if words < FEWEST_WORDS:
        return None
    sounds = sum(
        1 if place and word[0].isupper() else syllables(word) for part in sentences for place, word in enumerate(part)
    )
    grade = 0.39 * words / len(sentences) + 11.8 * sounds / words - 15.59
    return min(max(5, round(grade) + 5), 18)

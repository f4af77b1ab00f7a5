"""What a reply may mean once the bot has asked "Did you mean X or Y?" above the whole list.

"The second", "yes" and "neither" may speak of the two or of the list. Where that makes a difference, nobody can tell.
"""

from msgspec.structs import replace

from bot.core.reading.lexicon import lexicon
from bot.core.reading.normalise import fold, tokens
from bot.core.reading.readings import Asked, Chosen, Option, Reading, Unclear, Why
from bot.core.reading.signature import unsigned
from bot.core.reading.tongues import near
from bot.core.reading.wrapping import either, unwrap
from bot.core.words import Words


def counted(asked: Asked) -> Asked:
    """Return the question as it stands for who counts the two alone. A number is counted where none is shown."""
    return replace(asked, options=tuple(_counted(option, asked) for option in asked.options), offered=())


def _counted(option: Option, asked: Asked) -> Option:
    place = asked.offered.index(option.code) + 1 if option.code in asked.offered else 0
    return replace(option, place=place, number=option.number if asked.is_numbered else place)


def held(asked: Asked, text: str, words: Words, listed: Reading, counting: Reading) -> Reading:
    """Return how a text was read against the list; or that it is unclear, since it may be about the two.

    `counting` is how it reads for who counts the two alone. After a yes or "both" it can be asked again which of them
    is meant; after a no or "neither" it cannot.
    """
    if isinstance(counting, Chosen) and _codes(listed) != _codes(counting):
        return Unclear(asked.offered, Why.OFFERED)
    if isinstance(listed, Chosen) and _codes(listed) <= set(asked.offered):
        return listed
    own, every = lexicon(near(words)), lexicon(words)  # a "no" that is a yes elsewhere is missing from the whole
    said = unwrap(tokens(fold(unsigned(text, words))), every.before, every.after)
    phrases = {" ".join(said), " ".join(unwrap(said, every.label_before, either(every.label_after, every.after)))}
    if any(not phrases.isdisjoint(lex.yes | lex.both) for lex in (own, every)):
        return Unclear(asked.offered, Why.OFFERED)
    if any(not phrases.isdisjoint(lex.no | lex.neither | lex.none | lex.other) for lex in (own, every)):
        return Unclear((), Why.OFFERED)
    return listed


def _codes(reading: Reading) -> frozenset[str]:
    return frozenset(reading.codes if isinstance(reading, Chosen) else ())

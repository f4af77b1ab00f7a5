"""A town's made-up open answers: thousands of people in their own words, and letters that were organised."""

import random
from collections.abc import Iterator

from bot.analysis.merging.letters import Letter

WHO = (
    *("my neighbours", "the children", "people my age", "shop owners", "my mother", "the old ones", "our street"),
    *("nobody here", "half the town", "young lads", "newcomers", "the teachers", "taxi drivers", "my cousin"),
)
DO = (
    *(
        "walk past",
        "complain about",
        "look after",
        "never see",
        "remember",
        "pay for",
        "ask for",
        "avoid",
        "argue over",
    ),
    *("would gladly mend", "have given up on", "depend on", "make jokes about", "meet near", "are proud of"),
)
WHAT = (
    *("the swings", "broken lights", "the 23 bus", "Hanley market", "the library", "loud cars", "potholes", "litter"),
    *("the canal path", "empty houses", "youth clubs", "the police", "Burslem park", "the surgery", "food banks"),
)
WHEN = (
    *("after dark", "on Sundays", "since the mill closed", "every single day", "in winter", "before school"),
    *("whenever it rains", "at Eid and Christmas", "during the holidays", "these days", "as long as I remember"),
)
LETTER = (
    "I urge the council to keep the community centre in Shelton open, because it is the only place where people of "
    "every faith and age meet, and because closing it would save far less than what loneliness costs the city."
)
OTHER_LETTER = (
    "The plan for Cobridge ignores those who live there. Stop the work on the car park, give the land back to the "
    "residents' group, and hold a public meeting before anything else is decided behind closed doors."
)
THIRD_LETTER = (
    "ہم چاہتے ہیں کہ کونسل شیلٹن کا کمیونٹی سینٹر کھلا رکھے کیونکہ یہاں ہر مذہب اور ہر عمر کے لوگ ملتے ہیں اور "
    "اس کا بند ہونا شہر کو تنہائی سے کہیں زیادہ مہنگا پڑے گا"
)
SHORT = (
    "more police",
    "More police!",
    "more buses please",
    "nothing",
    "I do not know",
    "better lights in the park at night",
)


def own_words(chance: random.Random) -> str:
    """Write what one person might, of two dozen words or so."""
    clauses = (" ".join(chance.choice(words) for words in (WHO, DO, WHAT, WHEN)) for _ in range(chance.randrange(3, 6)))
    return ", ".join(clauses)


def sent_on(letter: str, chance: random.Random) -> str:
    """Send a letter on as people do: a greeting, a word changed, other capitals, another order of sentences."""
    words = letter.split()
    for _ in range(chance.randrange(3)):
        words[chance.randrange(len(words))] = chance.choice(("really", "our", "this", "Stoke"))
    text = " ".join(words)
    match chance.randrange(4):
        case 0:
            return f"Dear Council, {text}"
        case 1:
            return text.upper()
        case 2:
            return f"{text} Thank you!"
    return text.replace(",", "").replace(". ", ".\n")


def town(chance: random.Random, people: int) -> Iterator[Letter]:
    """Give so many people's own answers, some of them short."""
    for number in range(people):
        said = chance.choice(SHORT) if number % 5 == 0 else own_words(chance)
        yield letter(f"own{number:05}", said)


def letter(id: str, said: str, person: str = "", question: str = "why") -> Letter:
    return Letter(id, person or id, question, said)

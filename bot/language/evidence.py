"""What a conversation has shown of its language so far, and the verdict on one more message."""

from enum import StrEnum

import msgspec

from bot.language.text import Script


class Action(StrEnum):
    """What a verdict asks for: go on as before, ask which language it shall be, or switch and say so."""

    STAY = "stay"
    ASK = "ask"
    SWITCH = "switch"


class Source(StrEnum):
    """Where a hint comes from. A phone number's country is no source: most residents have a British number."""

    APP = "app"
    """What the messaging app says its own language is: for half of those who write another language, English."""
    POSTER = "poster"
    """The language of the poster or leaflet that the resident answered."""


class Hint(msgspec.Struct, frozen=True):
    """A language that is likely before anything is read, such as `Hint("pl", Source.POSTER)`."""

    lang: str
    source: Source = Source.APP


class Evidence(msgspec.Struct, frozen=True):
    """What one source says: the chances of the languages that it finds likeliest, best first."""

    source: str
    scores: dict[str, float]


class Verdict(msgspec.Struct, frozen=True):
    """What a message says of the resident's language, together with those before it."""

    lang: str | None = None
    """The likeliest of `LABELS`; None where the text belongs to no language."""
    p: float = 0.0
    """How likely it is, from 0 to 1."""
    runner_up: tuple[str, float] | None = None
    script: Script = Script.NONE
    action: Action = Action.STAY
    is_plain: bool = False
    """There is enough of it to say so of a language that a survey lacks: not only "et voila" or "oh dear"."""
    why: tuple[Evidence, ...] = ()


class LangState(msgspec.Struct, frozen=True):
    """What to keep of a conversation between messages: `msgspec.to_builtins` makes JSON of it, `convert` reads it."""

    current: str = "en"
    """The language that the bot speaks."""
    sums: dict[str, float] = {}
    """For each language, the log of its chance over the messages so far, older ones counting less; the best has 0."""
    informative: int = 0
    """Messages that said something of a language."""
    leaning: str | None = None
    """What the newest messages leaned to, `run` of them in a row, with `words` words in them."""
    run: int = 0
    words: int = 0

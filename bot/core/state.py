"""The state of one conversation: what is kept between two texts. It holds codes and positions, never words."""

from collections.abc import Mapping
from enum import StrEnum
from typing import NamedTuple

from msgspec import Struct, field, json


class AnswerState(StrEnum):
    """What became of a question (DESIGN section 8, and AAPOR's item non-response)."""

    ANSWERED = "answered"
    SKIPPED = "skipped"
    REFUSED = "refused"
    UNPARSED = "unparsed"
    NOT_APPLICABLE = "not_applicable"


class Phase(StrEnum):
    """Which question of the bot's own, if any, stands before the survey's."""

    ASKING = "asking"
    CONFIRMING_START = "confirming_start"
    CONFIRMING_DELETE = "confirming_delete"
    CHOOSING_LANGUAGE = "choosing_language"
    RETURNING = "returning"
    COMPLETE = "complete"


class Given(NamedTuple):
    """What became of one question. `value` is codes, a number or a date, and empty for words.

    `is_open` marks a question whose tries are not used up yet.
    """

    state: AnswerState
    value: str
    revision: int = 1
    is_open: bool = False

    @property
    def is_settled(self) -> bool:
        """Whether the question need not be asked again."""
        return self.state is not AnswerState.NOT_APPLICABLE and not self.is_open


class State(Struct, frozen=True, gc=False, omit_defaults=True):
    """One conversation. Times are whole seconds UTC.

    `standing` is the question that awaits an answer. `reached` is the furthest place in the survey, so that a note is
    shown once. `offered` are the two choices of "Did you mean X or Y?", an earlier question's as long as `tries` is 0.
    `open_before` is the open question answered just before the standing one (invariant 15).
    `resume` is the phase that a confirmation interrupted. `keyword_asked` marks the text of which the bot has asked
    whether it is a keyword or the answer. `last_sent` is when the last text was sent.
    `language_p` says how sure a language is that was only heard, `language_known` what the listener wants to be told
    next time, `language_menu` what its numbers stand for; `language_asks` counts the menus that nobody asked for,
    `language_tries` the texts that one menu could not make out.
    `unseen` says that one of these went out in place of the standing question. `behind` says that later texts of this
    conversation may be lost: the resident may have another question in sight than the standing one. `campaign` is the
    invitation by which it began.
    """

    language: str
    language_source: str = "default"
    phase: Phase = Phase.ASKING
    resume: Phase = Phase.ASKING
    standing: str = ""
    tries: int = 0
    reached: int = -1
    given: Mapping[str, Given] = field(default_factory=dict)
    trail: tuple[str, ...] = ()
    asked_at: int = 0
    heard_at: int = 0
    texts: int = 0
    open_before: str = ""
    keyword_asked: str = ""
    last_reply: str = ""
    completed_at: int | None = None
    stopped_at: int | None = None
    last_answer_at: int | None = None
    late: bool = False
    last_sent: int = 0
    core_answered: int = 0
    core_applicable: int = 0
    language_p: float = 1.0
    language_known: str = ""
    language_menu: tuple[str, ...] = ()
    language_asks: int = 0
    language_tries: int = 0
    languages_missed: tuple[str, ...] = ()
    unseen: bool = False
    behind: bool = False
    campaign: str = ""
    offered: tuple[str, ...] = ()

    @property
    def pair(self) -> tuple[str, ...]:
        """The two choices between which the standing question was last asked again; empty where it was not."""
        return self.offered if self.tries else ()

    def to_json(self) -> str:
        """Write it for storage: what differs from a fresh state."""
        return _encoder.encode(self).decode()

    @classmethod
    def from_json(cls, text: str) -> "State":
        """Read what `to_json` wrote. Raises msgspec.DecodeError for anything else."""
        return _decoder.decode(text)


_encoder = json.Encoder()
_decoder = json.Decoder(State)

"""The survey definition: one immutable version of a council's survey, as every channel reads it.

`bot.surveys` compiles it from an XLSForm file; storage keeps it as JSON text; a running conversation is pinned to it.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any, Self

Texts = Mapping[str, str]
"""Wording by language code (`en`, `ur`, `ur-Latn`). A missing language falls back to the survey's default."""


class QuestionType(StrEnum):
    """The XLSForm types that Earshot asks."""

    SELECT_ONE = "select_one"
    SELECT_MULTIPLE = "select_multiple"
    TEXT = "text"
    INTEGER = "integer"
    DECIMAL = "decimal"
    DATE = "date"
    NOTE = "note"
    CALCULATE = "calculate"


class Role(StrEnum):
    """What a question is for in the analysis. `contact` answers go to the opt-in ledger, never to the answers."""

    OPEN = "open"
    CLOSED = "closed"
    DEMOGRAPHIC = "demographic"
    CONTACT = "contact"


class Start(StrEnum):
    """Whether the first question follows the opening at once, or only a yes."""

    DIRECT = "direct"
    CONFIRM = "confirm"


@dataclass(frozen=True, slots=True)
class Choice:
    """One option. `name` is the stored code on every channel; `filters` holds the extra columns for choice_filter."""

    name: str
    label: Texts
    sms_label: Texts = field(default_factory=dict)
    filters: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Question:
    """One row of the survey sheet. `name` is the export column. Expressions are in the subset of `expressions`.

    `relevant` already holds the conditions of every group around the question. `channels` is where it may be asked
    (empty: everywhere). `group` is the outermost group's name, `row` the row of the survey sheet. `web_label` and
    `web_hint` stand on a page in place of `label` and `hint`.
    """

    name: str
    type: QuestionType
    label: Texts = field(default_factory=dict)
    sms_label: Texts = field(default_factory=dict)
    more: Texts = field(default_factory=dict)
    hint: Texts = field(default_factory=dict)
    choices: tuple[Choice, ...] = ()
    required: bool = False
    relevant: str = ""
    constraint: str = ""
    constraint_message: Texts = field(default_factory=dict)
    choice_filter: str = ""
    calculation: str = ""
    role: Role = Role.CLOSED
    pii: bool = False
    special_category: bool = False
    reason: str = ""
    channels: tuple[str, ...] = ()
    web_column: str = ""
    group: str = ""
    row: int = 0
    web_label: Texts = field(default_factory=dict)
    web_hint: Texts = field(default_factory=dict)

    @property
    def is_asked(self) -> bool:
        """Whether it awaits a reply, unlike a note or a calculation."""
        return self.type not in (QuestionType.NOTE, QuestionType.CALCULATE)

    @property
    def is_closed(self) -> bool:
        """Whether its answer is one or several of its choices."""
        return self.type in (QuestionType.SELECT_ONE, QuestionType.SELECT_MULTIPLE)

    @property
    def has_column(self) -> bool:
        """Whether it has a column in the export: a note has none, nor has a question for the opt-in ledger."""
        return self.type is not QuestionType.NOTE and self.role is not Role.CONTACT


@dataclass(frozen=True, slots=True)
class Language:
    """A language of the survey file: its code and the name its column gives it."""

    code: str
    name: str


@dataclass(frozen=True, slots=True)
class SurveyDefinition:
    """One frozen version. Times are ISO 8601 text as written in the settings sheet; empty means not set."""

    id: str
    version: str
    title: Texts
    default_language: str
    keywords: tuple[str, ...]
    questions: tuple[Question, ...]
    languages: tuple[Language, ...] = ()
    organisation: Texts = field(default_factory=dict)
    privacy_url: str = ""
    verify_url: str = ""
    contact: Texts = field(default_factory=dict)
    opens: str = ""
    closes: str = ""
    min_age: int | None = None
    start: Start = Start.DIRECT
    draft_languages: tuple[str, ...] = ()
    next_steps: Texts = field(default_factory=dict)

    def question(self, name: str) -> Question:
        """Return the question of that name. Raises KeyError for a name the survey does not have."""
        for question in self.questions:
            if question.name == name:
                return question
        raise KeyError(name)

    @property
    def words_recalled(self) -> tuple[str, ...]:
        """Name the text questions whose words another question's logic reads, in survey order."""
        logic = " ".join(
            part for q in self.questions for part in (q.relevant, q.constraint, q.choice_filter, q.calculation)
        )
        return tuple(q.name for q in self.questions if q.type is QuestionType.TEXT and "${" + q.name + "}" in logic)

    @property
    def hash(self) -> str:
        """SHA-256 of the canonical JSON, in hex: two equal definitions hash alike."""
        return hashlib.sha256(self.to_json().encode()).hexdigest()

    def to_json(self) -> str:
        """Write it as canonical JSON: sorted keys, no spaces."""
        fields = asdict(self)
        for question in fields["questions"]:
            # They came later. A survey without them keeps its hash, by which buttons and open pages know their version.
            for name in ("web_label", "web_hint"):
                if not question[name]:
                    del question[name]
        return json.dumps(fields, ensure_ascii=False, sort_keys=True, separators=(",", ":"))

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Read what `to_json` wrote."""
        fields: dict[str, Any] = json.loads(text)
        fields["questions"] = tuple(_question(q) for q in fields["questions"])
        fields["languages"] = tuple(Language(**language) for language in fields["languages"])
        fields["keywords"] = tuple(fields["keywords"])
        fields["draft_languages"] = tuple(fields["draft_languages"])
        fields["start"] = Start(fields["start"])
        return cls(**fields)


def _question(fields: dict[str, Any]) -> Question:
    fields["type"] = QuestionType(fields["type"])
    fields["role"] = Role(fields["role"])
    fields["choices"] = tuple(Choice(**choice) for choice in fields["choices"])
    fields["channels"] = tuple(fields["channels"])
    return Question(**fields)


def wording(texts: Texts, language: str, default: str) -> str:
    """Choose the text in a language, else in the survey's default language, else empty. Never "-"."""
    return texts.get(language) or texts.get(default) or ""


def short_wording(full: Texts, short: Texts, language: str, default: str) -> str:
    """Choose the short wording where there is one; a resident's own language goes before brevity."""
    return short.get(language) or full.get(language) or short.get(default) or full.get(default) or ""

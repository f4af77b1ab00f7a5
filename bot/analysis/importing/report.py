"""What an import would do, or did, in words and numbers. No resident's words, and no id of anybody."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from bot.core.survey import Question

STATES = ("answered", "skipped", "not_applicable", "unparsed", "not_in_version")


@dataclass(slots=True)
class QuestionReport:
    """What became of one question over all rows."""

    question: Question
    states: "Counter[str]" = field(default_factory=Counter)
    codes: "Counter[str]" = field(default_factory=Counter)

    def __str__(self) -> str:
        """Write two lines: the states, and where each value was put."""
        states = ", ".join(f"{self.states[state]} {state}" for state in STATES if self.states[state])
        lines = [f"  {self.question.name}: {states or 'nothing'}"]
        order = [choice.name for choice in self.question.choices]
        codes = [f"{code} {self.codes[code]}" for code in order if self.codes[code]]
        return "\n".join([*lines, *([f"    {', '.join(codes)}"] if codes else [])])


@dataclass(slots=True)
class Report:
    """Everything that is told of an import. Times are aware."""

    file: str
    survey: str
    version: str
    source: str
    rows: int = 0
    added: int = 0
    changed: int = 0
    unchanged: int = 0
    withdrawn: int = 0
    not_in_file: int = 0
    first: datetime | None = None
    last: datetime | None = None
    languages: "Counter[str]" = field(default_factory=Counter)
    questions: dict[str, QuestionReport] = field(default_factory=dict)
    notices: "Counter[str]" = field(default_factory=Counter)
    problems: Sequence[str] = ()

    def see(self, at: datetime) -> None:
        """Widen the range of days by one row's."""
        self.first = at if self.first is None else min(self.first, at)
        self.last = at if self.last is None else max(self.last, at)

    def __str__(self) -> str:
        """Write the whole report."""
        parts = [self._head(), *(str(each) for each in self.questions.values())]
        if self.notices:
            parts += ["", "To know:", *(f"  {text.replace('{}', str(count))}" for text, count in self.notices.items())]
        if self.problems:
            parts += ["", "What stops it:", *(f"  {each}" for each in self.problems)]
        return "\n".join(parts)

    def _head(self) -> str:
        lines = [
            f"{self.file}: answers to {self.survey}, version {self.version}, from {self.source}",
            f"{self.rows} rows: {self.added} new, {self.changed} changed, {self.unchanged} unchanged",
        ]
        if self.withdrawn:
            lines.append(f"{self.withdrawn} rows were removed here before, and stay away")
        if self.not_in_file:
            lines.append(f"{self.not_in_file} rows that were imported before are not in this file, and stay")
        if self.first is not None and self.last is not None:
            lines.append(f"Given from {self.first:%-d %B %Y} to {self.last:%-d %B %Y}")
        if self.languages:
            lines.append("Languages: " + ", ".join(f"{code} {count}" for code, count in self.languages.most_common()))
        return "\n".join([*lines, ""])

"""What an import would do, or did, in words and numbers. No resident's words; ids only of rows that could go back."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime

from bot.analysis.importing.problems import Problems
from bot.core.survey import Question
from bot.core.window import london_day
from bot.service.counting import counted

MOST_IDS = 20
UNKNOWN_LABEL = "unknown_label"
"""What is told of an answer that stops the import, for the map has no code for it. It is no state of an answer."""
STATES = ("answered", UNKNOWN_LABEL, "skipped", "not_applicable", "unparsed", "not_in_version")


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
    """Everything that is told of an import. `first` and `last` are days in London."""

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
    first: date | None = None
    last: date | None = None
    languages: "Counter[str]" = field(default_factory=Counter)
    questions: dict[str, QuestionReport] = field(default_factory=dict)
    notices: Problems = field(default_factory=Problems)
    taken_back: Sequence[str] = ()
    """The ids of rows whose newer answers could be taken back."""
    last_import: str = ""
    """The last file from this source and, where this one ends before it, the day up to which that went."""
    problems: Sequence[str] = ()

    def see(self, at: datetime) -> None:
        """Widen the range of days by that of one row. `at` is aware."""
        day = london_day(at)
        self.first = day if self.first is None else min(self.first, day)
        self.last = day if self.last is None else max(self.last, day)

    @property
    def careful(self) -> str:
        """Say which rows could go back to older answers, and why; empty for none."""
        ids = self.taken_back
        if not ids:
            return ""
        more = f" and {len(ids) - MOST_IDS:,} more" if len(ids) > MOST_IDS else ""
        last = f" ({self.last_import})" if self.last_import else ""
        return (
            f"This file may be older than the last import{last}; or were the map's dates changed? Newer answers of "
            f"{counted(len(ids), 'row')} could go back to older ones: {', '.join(ids[:MOST_IDS])}{more}."
        )

    @property
    def gone(self) -> list[str]:
        """Say which rows stay as they are, whatever the file holds."""
        said = (
            (self.withdrawn, "Removed here before, and kept away"),
            (self.not_in_file, "Imported before, not in this file, and kept"),
        )
        return [f"{text}: {counted(count, 'row')}" for count, text in said if count]

    def __str__(self) -> str:
        """Write the whole report."""
        parts = [self._head(), *(str(each) for each in self.questions.values())]
        if self.taken_back:
            parts += ["", "Careful:", f"  {self.careful}"]
        if self.notices:
            parts += ["", "To know:", *(f"  {each}" for each in self.notices.listed())]
        if self.problems:
            parts += ["", "What stops it:", *(f"  {each}" for each in self.problems)]
        return "\n".join(parts)

    def _head(self) -> str:
        lines = [
            f"{self.file}: answers to {self.survey}, version {self.version}, from {self.source}",
            f"{counted(self.rows, 'row')}: {self.added} new, {self.changed} changed, {self.unchanged} unchanged",
            *self.gone,
        ]
        if self.first is not None and self.last is not None:
            lines.append(f"Given from {self.first:%-d %B %Y} to {self.last:%-d %B %Y}")
        if self.languages:
            lines.append("Languages: " + ", ".join(f"{code} {count}" for code, count in self.languages.most_common()))
        return "\n".join([*lines, ""])

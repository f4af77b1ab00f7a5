"""One line of what `doctor` found."""

from dataclasses import dataclass
from enum import StrEnum


class Level(StrEnum):
    """How bad it is. A problem loses texts or answers, or keeps the server from working."""

    OK = "ok"
    WARNING = "warning"
    PROBLEM = "problem"


@dataclass(frozen=True, slots=True)
class Finding:
    """What was found and, unless all is well, what to do."""

    level: Level
    text: str

    def __str__(self) -> str:
        """Write the line for a terminal."""
        return f"{self.level:<8} {self.text}"


def ok(text: str) -> Finding:
    """Say that all is well."""
    return Finding(Level.OK, text)


def warning(text: str) -> Finding:
    """Say what should be put right some day."""
    return Finding(Level.WARNING, text)


def problem(text: str) -> Finding:
    """Say what must be put right."""
    return Finding(Level.PROBLEM, text)

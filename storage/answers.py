"""Which rows of `answer` a person gave: counts of what people answered count no others."""

from typing import Final

CALCULATED: Final = "calculated"
"""The rule of a row that the survey worked out."""
UNASKED: Final = ("not_applicable", "not_in_version")
"""The states of a row that says why a question was not asked."""


def is_given(rule: str, state: str) -> bool:
    """Say whether a person gave a row of `answer`."""
    return rule != CALCULATED and state not in UNASKED


def given(alias: str) -> str:
    """Write the condition that keeps the rows of `answer`, under its alias, that a person gave."""
    states = ", ".join(f"'{state}'" for state in UNASKED)
    return f"({alias}.rule <> '{CALCULATED}' AND {alias}.state NOT IN ({states}))"

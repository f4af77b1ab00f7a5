"""What is wrong with a survey file, told to the person who has it open in Excel."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing to mend. `row` is the row as the spreadsheet numbers it (0: the sheet as a whole)."""

    sheet: str
    row: int
    column: str
    message: str

    def __str__(self) -> str:
        """Say where and what: `survey sheet, row 12, relevant: ...`."""
        place = [f"{self.sheet} sheet"] if self.sheet else []
        if self.row:
            place.append(f"row {self.row}")
        if self.column:
            place.append(self.column)
        return f"{', '.join(place)}: {self.message}" if place else self.message


class SurveyRefused(Exception):
    """The file cannot be published. Nothing was changed; mend every problem and try again."""

    def __init__(self, problems: tuple[Problem, ...]) -> None:
        self.problems = problems
        super().__init__("\n".join(str(problem) for problem in problems))


class Findings:
    """Collects what is wrong while a file is read, so that its author hears everything at once."""

    def __init__(self) -> None:
        self.refusals: list[Problem] = []
        self.warnings: list[Problem] = []

    def refuse(self, sheet: str, row: int, column: str, message: str) -> None:
        """Note something that stops the file from being published."""
        self._add(self.refusals, Problem(sheet, row, column, message))

    def warn(self, sheet: str, row: int, column: str, message: str) -> None:
        """Note something that its author should know."""
        self._add(self.warnings, Problem(sheet, row, column, message))

    def raise_if_refused(self) -> None:
        """Raise `SurveyRefused` with every refusal so far, in the order of the sheet."""
        if self.refusals:
            raise SurveyRefused(tuple(sorted(self.refusals, key=lambda p: (p.sheet != "settings", p.sheet, p.row))))

    @staticmethod
    def _add(problems: list[Problem], problem: Problem) -> None:
        if problem not in problems:
            problems.append(problem)

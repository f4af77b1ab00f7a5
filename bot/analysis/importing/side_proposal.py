"""What a file of a repeatable question, beside the main one, is proposed to be."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from bot.analysis.columns import Published
from bot.analysis.importing.layout import Layout
from bot.analysis.importing.likeness import Column, columns_of, match_questions
from bot.analysis.importing.map_lines import question_lines, text
from bot.analysis.importing.opening import open_table
from bot.core.survey import Question


class SideProposal:
    """One such file: `matches` are the questions, of those without a column, that it seems to hold.

    Raises ImportRefused where it cannot be read.
    """

    def __init__(
        self, number: str, path: Path, unplaced: Sequence[Question], published: Published, main_id: Column | None
    ) -> None:
        self._number = number
        self._name = path.name
        self._main_id = main_id
        columns = columns_of(open_table(path, Layout()))
        self._id = _id_of(columns, main_id)
        free = [each for each in columns if each is not self._id]
        self._questions = unplaced
        self.matches = match_questions(unplaced, published, free)
        taken = {place for match in self.matches.values() for place in match.places}
        self._left = [each.heading for each in free if each.place not in taken]

    def lines(self) -> Iterator[str]:
        """Write it. Where no question is like it, all of it is left to a person."""
        for question in self._questions:
            if question.name in self.matches:
                yield from question_lines(question, self.matches[question.name], self._number)
        yield ""
        off = "" if self.matches else "# "
        if not self.matches:
            yield f"# {self._name}: which repeatable question is this? Give it `file = {text(self._number)}`"
            yield f"# and a `column` of {', '.join(map(text, self._left)) or 'it'}; or pass it over with `skip = true`."
        yield f"{off}[files.{self._number}]"
        if self._id is not None and (self._main_id is None or self._id.heading != self._main_id.heading):
            yield f"{off}id = {text(self._id.heading)}  # check"
        if self.matches and self._left:
            yield f"ignore = [{', '.join(map(text, self._left))}]  # check: nothing of these comes in"
        if not self.matches:
            yield f"{off}skip = true"


def _id_of(columns: Sequence[Column], main_id: Column | None) -> Column | None:
    """Find the column that names the submission: headed as in the main file, or holding the main file's ids."""
    if main_id is None:
        return None
    alike = [each for each in columns if each.heading == main_id.heading]
    alike += [each for each in columns if each.values and each.values.keys() <= main_id.rows.keys()]
    return alike[0] if alike else None

"""Reading one row's cells as the answers to questions. What should be a label and is none is a problem."""

import re
from collections.abc import Sequence
from decimal import Decimal
from typing import Final, assert_never

from bot.analysis.importing.binding import Place
from bot.analysis.importing.dates import DateFormat, read_day
from bot.analysis.importing.import_map import ImportMap
from bot.analysis.importing.labels import have_lost_letters, plain
from bot.analysis.importing.problems import Problems, named
from bot.analysis.importing.unknown_labels import Unknown
from bot.core.answered_elsewhere import Field
from bot.core.reading import Chosen, Dated, Number, Rule, Unclear, Why, Words
from bot.core.survey import QuestionType

_YES: Final = frozenset(("1", "yes", "y", "true", "x", "ticked", "checked", "selected", "✓", "✔"))
_NO: Final = frozenset(
    ("0", "no", "n", "false", "unticked", "unchecked", "not ticked", "not checked", "not selected", "-")
)
_AMOUNT: Final = re.compile(r"[+-]?(?:\d{1,15}|\d{1,3}(?:,\d{3}){1,4})(?:\.\d{1,9})?")
_BLANK: Final = Field()


class Cells:
    """Reads the cells of one question, row by row."""

    def __init__(self, place: Place, date_format: DateFormat, read: ImportMap, notices: Problems) -> None:
        self.place = place
        self.question = place.question
        self.unknown = {heading: Unknown(heading) for heading in place.headings}
        self.answered = 0
        self.unknown_in = 0
        """The last row in which something was no label."""
        self._unreadable = 0
        self._named_as_no: dict[str, int] = {}
        self._has_marks = False
        self._date_format = date_format
        self._blank = frozenset(map(plain, read.blank))
        self._separator = place.map.separator or read.separator
        self._notices = notices

    def read(self, cells: Sequence[str], row: int) -> Field:
        """Read one row."""
        other = cells[self.place.other].strip() if self.place.other is not None else ""
        return self.read_texts([cells[column] for column in self.place.columns], other, row)

    def read_texts(self, texts: Sequence[str], other: str, row: int) -> Field:
        """Read what stands in a question's own columns, and the words behind "something else"."""
        texts = ["" if plain(text) in self._blank else text for text in texts]
        if not other and not any(text.strip() for text in texts):
            return _BLANK
        if self.question.type is QuestionType.TEXT:
            self._look_for_lost(" ".join(texts), row)
        self._look_for_lost(other, row)
        if self.question.is_closed:
            found = self._spread(texts, row) if self.place.codes else self._closed(texts[0], other, row)
            if other and self.place.codes:
                found = self._with_other(found, other)
            return found if found.found is not None else _BLANK
        text = "\n".join(filter(str.strip, texts))
        self.answered += 1
        value = self._value(text)
        if isinstance(value, Unclear):
            self._unreadable += 1
            self._notices.add(f"{self.question.name}: cannot be read as an answer; the words are kept", row)
        return Field(value, text)

    def tell(self, problems: Problems) -> None:
        """Say what stands in the way, once every row was read."""
        for unknown in self.unknown.values():
            name = self.question.name
            unknown.tell(f"choice of {name}", f"questions.{name}.labels", problems, self.place.labels)
        for heading, row in self._named_as_no.items() if self._has_marks else ():
            problems.add(
                f"column {named(heading)} holds its option's own label, which is also how the columns of "
                f"{self.question.name} say “not ticked”: have the form leave blank what is not ticked",
                row,
            )
        if self.answered and self._unreadable == self.answered:
            problems.add(
                f"column {named(self.place.headings[0])}: nothing in it can be read as an answer to "
                f"{self.question.name}: is it the right column?"
            )

    def _closed(self, text: str, other: str, row: int) -> Field:
        labels, where = self.place.labels, self.place.map
        assert labels is not None
        code = labels.code(text) if text.strip() else None
        codes: tuple[str, ...] = (code,) if code is not None else ()
        unknown: tuple[str, ...] = ()
        if code is None and text.strip():
            is_multiple = self.question.type is QuestionType.SELECT_MULTIPLE
            codes, unknown = labels.split(text, self._separator) if is_multiple else ((), (text.strip(),))
        if unknown and where.otherwise:
            self._notices.add(f"{self.question.name}: no label, and counted as {where.otherwise}", row)
            self._look_for_lost(" ".join(unknown), row)
            codes, unknown = (*codes, where.otherwise), ()
        for label in unknown:
            self._note_unknown(self.place.headings[0], label, row)
        field = Field(self._chosen(codes) if codes else None, text)
        return self._with_other(field, other) if other else field

    def _spread(self, texts: Sequence[str], row: int) -> Field:
        """Read one column for each option: ticked, or not, or the option's own label."""
        codes, said = [], []
        assert self.place.labels is not None
        for text, code, heading in zip(texts, self.place.codes, self.place.headings, strict=True):
            mark = plain(text)
            if not mark:
                continue
            if self.place.labels.code(text) == code:
                codes.append(code)
                said.append(text)
                if mark in _NO:
                    self._named_as_no.setdefault(heading, row)
            elif mark in _YES:
                codes.append(code)
                said.append(heading)
                self._has_marks = True
            elif mark in _NO:
                self._has_marks = True
            else:
                self._note_unknown(heading, text, row)
        return Field(self._chosen(codes) if codes else None, "\n".join(said))

    def _note_unknown(self, heading: str, label: str, row: int) -> None:
        self.unknown[heading].add(label, row)
        self.unknown_in = row

    def _look_for_lost(self, words: str, row: int) -> None:
        if have_lost_letters(words):
            self._notices.add(
                f"{self.question.name}: people's words seem to have lost letters: was the file saved in an encoding "
                "that lacks them, as Excel does with plain CSV? Then export it again, as XLSX or as CSV in UTF-8",
                row,
            )

    def _with_other(self, field: Field, other: str) -> Field:
        """Put the words behind "something else" to an answer; they choose it where nothing else was chosen."""
        code = self.place.map.other_code
        codes = field.found.codes if isinstance(field.found, Chosen) else ()
        if code not in codes and (not codes or self.question.type is QuestionType.SELECT_MULTIPLE):
            codes = (*codes, code)
        return Field(self._chosen(codes), "\n".join(filter(None, (field.said, other))))

    def _chosen(self, codes: Sequence[str]) -> Chosen:
        return Chosen(tuple(dict.fromkeys(codes)), Rule.LABEL, 1.0)

    def _value(self, text: str) -> Number | Dated | Words | Unclear:
        match self.question.type:
            case QuestionType.TEXT:
                return Words(text)
            case QuestionType.DATE:
                day = read_day(text, self._date_format)
                if day is not None:
                    return Dated(day, Rule.DATE, 1.0)
            case QuestionType.INTEGER | QuestionType.DECIMAL:
                amount = _amount(text, whole=self.question.type is QuestionType.INTEGER)
                if amount is not None:
                    return Number(amount, Rule.AMOUNT, 1.0)
            case QuestionType.SELECT_ONE | QuestionType.SELECT_MULTIPLE | QuestionType.NOTE | QuestionType.CALCULATE:
                raise AssertionError(self.question.type)
            case _ as never:
                assert_never(never)
        return Unclear((), Why.NOTHING)


def _amount(text: str, *, whole: bool) -> Decimal | None:
    text = text.strip()
    if _AMOUNT.fullmatch(text) is None:
        return None
    value = Decimal(text.replace(",", ""))
    return None if whole and value != value.to_integral_value() else value

"""The choices sheet: lists of options, each with its code, its wording and the columns that a choice_filter reads."""

import re
from collections.abc import Iterable

from bot.core.expression_parser import parse
from bot.core.expressions import Unsupported
from bot.core.survey import Choice
from bot.surveys.languages import Languages
from bot.surveys.problems import Findings
from bot.surveys.words import is_stop_word
from bot.surveys.workbook import Row

_CODE = re.compile(r"[A-Za-z0-9_.\-]{1,40}")  # a button's id has room for 40 bytes of ASCII
_WORDING = ("list name", "list_name", "name", "label", "media", "sms_label", "image", "audio", "video")


class ChoiceLists:
    """Every list of the choices sheet, by name."""

    def __init__(
        self, rows: Iterable[Row], languages: Languages, findings: Findings, stop_words: frozenset[str] = frozenset()
    ) -> None:
        self._languages = languages
        self._findings = findings
        self._stop_words = stop_words
        self._rows: dict[str, list[Row]] = {}
        for row in rows:
            if row.text("list name"):
                self._rows.setdefault(row.text("list name"), []).append(row)
        self._lists = {name: self._read(name, rows) for name, rows in self._rows.items()}

    def of(self, name: str, choice_filter: str) -> tuple[Choice, ...]:
        """Return a list, with the columns that the filter of this question names."""
        if name not in self._lists:
            return ()
        choices = self._lists[name]
        named = self._columns_in(choice_filter)
        if not named:
            return choices
        return tuple(
            Choice(choice.name, choice.label, choice.sms_label, _filters(row, choice.name, named))
            for row, choice in zip(self._rows[name], choices, strict=True)
        )

    @property
    def names(self) -> tuple[str, ...]:
        """The lists, in the order of the sheet."""
        return tuple(self._lists)

    def columns(self) -> frozenset[str]:
        """Name the columns that a choice_filter may read."""
        found = {column for rows in self._rows.values() for row in rows for column in row.cells}
        return frozenset(found - set(_WORDING)) | {"name"}

    def _columns_in(self, choice_filter: str) -> frozenset[str]:
        try:
            return parse(choice_filter).columns & self.columns() if choice_filter else frozenset()
        except Unsupported:
            return frozenset()  # the logic check says so, with the row

    def _read(self, name: str, rows: list[Row]) -> tuple[Choice, ...]:
        seen: dict[str, tuple[str, int]] = {}
        choices = []
        for row in rows:
            code = row.text("name")
            earlier, place = seen.setdefault(code.lower(), (code, row.number))
            if not _CODE.fullmatch(code):
                self._refuse(row, "name", f"'{code}' is no usable code; take at most 40 letters, digits, - _ and .")
            elif place != row.number:
                written = "" if earlier == code else f" ('{earlier}': capitals make no difference)"
                self._refuse(row, "name", f"'{code}' is already in the list '{name}', in row {place}{written}")
            choices.append(Choice(code, self._label(row), self._languages.extra_texts(row, "sms_label")))
        return tuple(choices)

    def _label(self, row: Row) -> dict[str, str]:
        label = self._languages.texts(row, "label")
        if self._languages.default and self._languages.default not in label:
            self._refuse(row, "label", f"the wording in the default language ({self._languages.default}) is missing")
        for text in (*label.values(), *self._languages.extra_texts(row, "sms_label").values()):
            if is_stop_word(text, self._stop_words):
                self._refuse(row, "label", f"'{text}' as a whole message means no more texts; word it another way")
            if "${" in text:
                self._refuse(row, "label", "a message never repeats an answer; take ${...} out of the text")
        return label

    def _refuse(self, row: Row, column: str, message: str) -> None:
        self._findings.refuse("choices", row.number, column, message)


def _filters(row: Row, code: str, named: frozenset[str]) -> dict[str, str]:
    filters = {column: row.text(column) for column in sorted(named) if row.text(column)}
    return {**filters, "name": code} if "name" in named else filters

"""The survey sheet: its rows as questions, with groups folded into each question's `relevant`."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from bot.core.survey import Question, QuestionType, Role
from bot.surveys.choices import ChoiceLists
from bot.surveys.languages import EXTRAS, Languages
from bot.surveys.problems import Findings
from bot.surveys.question_types import BOOKKEEPING, SELECT, TYPES, instead_of
from bot.surveys.workbook import Row

CHANNELS: Final = ("sms", "whatsapp", "telegram", "web", "assisted", "paper", "phone")
SPECIAL_CATEGORY_CHANNELS: Final = ("sms", "web", "assisted", "paper", "phone")
"""Where a special-category question is asked unless its row says otherwise: not through Meta or Telegram."""

MOST_GROUPS: Final = 50
"""How many may stand around one question. ODK's reader breaks off at some hundreds."""

_YES: Final = frozenset({"yes", "true", "true()", "1", "y"})
_NO: Final = frozenset({"", "no", "false", "false()", "0", "n"})
_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_.\-]{0,59}")
_EXPORT_COLUMNS_WORDS: Final = """
    response_id survey survey_version source channel campaign language language_source status started_at
    last_answer_at completed_at assisted duplicate_group is_primary late quality
"""
_EXPORT_COLUMNS: Final = frozenset(_EXPORT_COLUMNS_WORDS.split())
_READ_WORDS: Final = """
    type name label hint bind choice_filter parameters control media guidance_hint default trigger disabled
    analysis_role pii special_category reason channels web_column sms_label web_label web_hint more
    instance itemset query actions sms_field sms_option save_to list_name choices note notes comment comments
    image audio video
"""
_READ: Final = frozenset(_READ_WORDS.split())


@dataclass(frozen=True, slots=True)
class Group:
    """A group that is open while its rows are read; `relevant` holds the conditions of those around it too."""

    name: str
    row: int
    relevant: str


@dataclass(frozen=True, slots=True)
class Written:
    """One expression as its cell holds it. `name` is the question of that row, empty for a group's."""

    row: int
    column: str
    expression: str
    name: str = ""


class QuestionReader:
    """Reads the survey sheet row by row, noting what is wrong as it goes.

    Afterwards `logic` holds every expression of the sheet, and `refused` names the rows that gave no question.
    """

    def __init__(self, lists: ChoiceLists, languages: Languages, findings: Findings) -> None:
        self._lists = lists
        self._languages = languages
        self._findings = findings
        self._groups: list[Group] = []
        self._names: dict[str, tuple[str, int]] = {}
        self.logic: list[Written] = []
        self.refused: set[str] = set()

    def read(self, rows: Iterable[Row]) -> tuple[Question, ...]:
        """Read every row that asks, tells or works something out."""
        read = [self._row(row) for row in rows if row.text("disabled").lower() not in _YES]
        for group in self._groups:
            self._findings.refuse("survey", group.row, "type", f"the group '{group.name}' has no end_group below it")
        return tuple(question for question in read if question is not None)

    def _row(self, row: Row) -> Question | None:
        kind = " ".join(row.text("type").split())
        plain = kind.replace(" ", "_").lower()
        if not kind:
            self._refuse_untyped(row)
        elif plain == "begin_group":
            self._begin(row)
        elif plain == "end_group":
            self._end(row)
        elif plain in BOOKKEEPING:
            self._warn(row, "type", f"'{kind}' is left out: it records a device, and there is none")
        elif select := SELECT.fullmatch(kind):
            return self._select(row, kind, select)
        elif plain in TYPES:
            return self._question(row, TYPES[plain])
        elif not plain.startswith("end_"):
            self._refuse(row, "type", f"'{kind}' cannot be asked by text; {instead_of(kind)}")
            self.refused.add(row.text("name"))
        return None

    def _refuse_untyped(self, row: Row) -> None:
        """Refuse a row that names or words a question; any other without a type is a comment, as pyxform has it."""
        if row.text("name") or "label" in row.cells:
            self._refuse(row, "type", f"it is empty; write one of {', '.join(QuestionType)}")
            self.refused.add(row.text("name"))

    def _begin(self, row: Row) -> None:
        name, relevant = self._name(row), row.text("bind", "relevant")
        outer = self._groups[-1].relevant if self._groups else ""
        self._keep_logic(row, "", relevant)
        self._groups.append(Group(name, row.number, _both(outer, relevant)))
        if len(self._groups) == MOST_GROUPS + 1:
            self._refuse(row, "type", f"it stands in {MOST_GROUPS} groups already; close some of them with end_group")

    def _end(self, row: Row) -> None:
        if self._groups:
            self._groups.pop()
        else:
            self._refuse(row, "type", "there is no begin_group above it that is still open")

    def _select(self, row: Row, kind: str, select: re.Match[str]) -> Question:
        choices = select["list"] or ""
        if not choices:
            known = next(iter(self._lists.names), "LIST")
            self._refuse(
                row,
                "type",
                f"the name of the list of choices is missing; write it behind, as in '{kind} {known}', as it stands "
                "under list_name on the choices sheet",
            )
        elif "${" in choices:
            self._refuse(row, "type", "choices taken from earlier answers are not supported; write a list of choices")
        elif select["rest"].strip():
            self._refuse(
                row,
                "type",
                "or_other is not supported; add a choice 'other' to the list, and below this row a text question with "
                f"relevant selected(${{{row.text('name')}}}, 'other')",
            )
        else:
            self._check_list(row, choices)
        return self._question(row, QuestionType.SELECT_ONE if select["one"] else QuestionType.SELECT_MULTIPLE, choices)

    def _check_list(self, row: Row, choices: str) -> None:
        names = self._lists.names
        if not names:
            needed = "list_name, name, and label with its language"
            self._findings.refuse("choices", 0, "", f"there is no list of choices; the sheet needs {needed}")
        elif choices not in names:
            self._refuse(
                row, "type", f"there is no list '{choices}' on the choices sheet; the lists are {', '.join(names)}"
            )

    def _question(self, row: Row, kind: QuestionType, choices: str = "") -> Question:
        # pyxform gives a note that has no name this one
        name = self._name(row, f"generated_note_name_{row.number}" if kind is QuestionType.NOTE else "")
        self._check_cells(row, kind)
        special = self._yes(row, "special_category")
        group = self._groups[-1].relevant if self._groups else ""
        relevant = row.text("bind", "relevant")
        question = Question(
            name=name,
            type=kind,
            label=self._texts(row, kind, "label"),
            sms_label=self._languages.extra_texts(row, "sms_label"),
            web_label=self._languages.extra_texts(row, "web_label"),
            web_hint=self._languages.extra_texts(row, "web_hint"),
            more=self._languages.extra_texts(row, "more"),
            hint=self._texts(row, kind, "hint"),
            choices=self._lists.of(choices, row.text("choice_filter")) if choices else (),
            required=self._required(row),
            relevant=_both(group, relevant),
            constraint=row.text("bind", "constraint"),
            constraint_message=self._languages.texts(row, "bind", "jr:constraintMsg"),
            choice_filter=row.text("choice_filter") if choices else "",
            calculation=row.text("bind", "calculate") if kind is QuestionType.CALCULATE else "",
            role=self._role(row, kind),
            pii=self._yes(row, "pii"),
            special_category=special,
            reason=row.text("reason"),
            channels=self._channels(row) or (SPECIAL_CATEGORY_CHANNELS if special else ()),
            web_column=row.text("web_column"),
            group=self._groups[0].name if self._groups else "",
            row=row.number,
        )
        self._keep_logic(row, name, relevant, question.constraint, question.choice_filter, question.calculation)
        return question

    def _keep_logic(self, row: Row, name: str, *expressions: str) -> None:
        """Keep what stands in the four columns of logic, in their order."""
        columns = ("relevant", "constraint", "choice_filter", "calculation")
        self.logic += [
            Written(row.number, column, expression, name)
            for column, expression in zip(columns, expressions, strict=False)
            if expression
        ]

    def _name(self, row: Row, generated: str = "") -> str:
        name = row.text("name") or generated
        if not name:
            self._refuse(row, "name", "it is empty; write a short name, which is the column in the export")
            return ""
        earlier, place = self._names.setdefault(name.lower(), (name, row.number))
        if not _NAME.fullmatch(name):
            self._refuse(
                row, "name", f"'{name}' is no usable name; take at most 60 letters, digits, - and _, a letter first"
            )
        elif name.lower() in _EXPORT_COLUMNS or name.endswith("__state"):
            self._refuse(row, "name", f"'{name}' is a column of every export already; choose another name")
        elif place != row.number:
            written = "" if earlier == name else f" ('{earlier}': capitals make no difference)"
            self._refuse(row, "name", f"'{name}' is already the name of row {place}{written}; every name is a column")
        return name

    def _texts(self, row: Row, kind: QuestionType, column: str) -> dict[str, str]:
        texts = self._languages.texts(row, column)
        if any("${" in text for text in texts.values()):
            self._refuse(
                row, column, "a message never repeats an answer, because phones are shared; take ${...} out of the text"
            )
        needed = column == "label" and kind is not QuestionType.CALCULATE
        if needed and self._languages.default and self._languages.default not in texts:
            self._refuse(row, column, f"the wording in the default language ({self._languages.default}) is missing")
        return texts

    def _check_cells(self, row: Row, kind: QuestionType) -> None:
        if kind is not QuestionType.CALCULATE and row.text("bind", "calculate"):
            self._refuse(row, "calculation", "only a row of type calculate is worked out; add one for this")
        if kind is QuestionType.CALCULATE and not row.text("bind", "calculate") and "default" not in row.cells:
            self._refuse(row, "calculation", "it is empty; write what is to be worked out")
        if row.text("bind", "readonly").lower() not in _NO:
            self._refuse(row, "read_only", "a question that nobody can answer is a note; use type note")
        if row.text("trigger"):
            self._refuse(row, "trigger", "triggers are not supported; a calculate row is always up to date")
        for column in ("default", "media", "guidance_hint"):
            if column in row.cells and kind is not QuestionType.CALCULATE:
                self._warn(row, column, f"'{column}' is left out: a text message has no place for it")
        for column in row.cells:
            if column not in _READ and not column.startswith(EXTRAS):
                self._findings.warn("survey", 1, column, "this is no column that Earshot reads; is it misspelt?")

    def _required(self, row: Row) -> bool:
        text = row.text("bind", "required").lower()
        if text not in _YES and text not in _NO:
            self._warn(row, "required", "a condition is read as yes; over text nobody is forced to answer anyway")
        return text not in _NO

    def _yes(self, row: Row, column: str) -> bool:
        text = row.text(column).lower()
        if text not in _YES and text not in _NO:
            self._refuse(row, column, f"'{row.text(column)}' is neither yes nor no")
        return text in _YES

    def _role(self, row: Row, kind: QuestionType) -> Role:
        text = row.text("analysis_role").lower()
        if text in (*Role,):
            return Role(text)
        if text:
            self._refuse(row, "analysis_role", f"'{text}' is not a role; write {', '.join(Role)}")
        return Role.OPEN if kind is QuestionType.TEXT else Role.CLOSED

    def _channels(self, row: Row) -> tuple[str, ...]:
        named = [name for name in re.split(r"[\s,;]+", row.text("channels").lower()) if name]
        for name in named:
            if name not in CHANNELS:
                self._refuse(row, "channels", f"'{name}' is not a channel; write some of {', '.join(CHANNELS)}")
        return tuple(channel for channel in CHANNELS if channel in named)

    def _refuse(self, row: Row, column: str, message: str) -> None:
        self._findings.refuse("survey", row.number, column, message)

    def _warn(self, row: Row, column: str, message: str) -> None:
        self._findings.warn("survey", row.number, column, message)


def _both(outer: str, inner: str) -> str:
    return f"({outer}) and ({inner})" if outer and inner else outer or inner

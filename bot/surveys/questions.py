"""The survey sheet: its rows as questions, with groups folded into each question's `relevant`."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from bot.core.survey import Question, QuestionType, Role
from bot.surveys.choices import ChoiceLists
from bot.surveys.languages import Languages
from bot.surveys.problems import Findings
from bot.surveys.workbook import Row

CHANNELS: Final = ("sms", "whatsapp", "telegram", "web", "assisted", "paper", "phone")
SPECIAL_CATEGORY_CHANNELS: Final = ("sms", "web", "assisted", "paper", "phone")
"""Where a special-category question is asked unless its row says otherwise: not through Meta or Telegram."""

_TYPES: Final = {
    "text": QuestionType.TEXT,
    "string": QuestionType.TEXT,
    "integer": QuestionType.INTEGER,
    "int": QuestionType.INTEGER,
    "decimal": QuestionType.DECIMAL,
    "date": QuestionType.DATE,
    "note": QuestionType.NOTE,
    "calculate": QuestionType.CALCULATE,
}
_SELECT: Final = re.compile(
    r"(?:add )?(?:(?P<one>select[_ ]one|select1)|select[_ ]multiple|select all that apply)(?: prompt using| from)? "
    r"(?P<list>\S+)(?P<rest>.*)"
)
_BOOKKEEPING_WORDS: Final = """
    start end today deviceid phonenumber username email audit simserial subscriberid hidden xml-external
    csv-external start-geopoint background-audio background-geopoint
"""
_BOOKKEEPING: Final = frozenset(_BOOKKEEPING_WORDS.split())
_INSTEAD: Final = {
    "begin_repeat": "ask once, or once for each with a question of its own; a text conversation does not loop",
    "geopoint": "ask for a postcode area with select_one",
    "geotrace": "ask for a postcode area with select_one",
    "geoshape": "ask for a postcode area with select_one",
    "image": "ask in words with type text; the answer goes into a table",
    "audio": "ask in words with type text; the answer goes into a table",
    "video": "ask in words with type text; the answer goes into a table",
    "file": "ask in words with type text; the answer goes into a table",
    "range": "use integer with a constraint such as . >= 1 and . <= 10",
    "rank": "use select_multiple with a constraint such as count-selected(.) <= 3",
    "acknowledge": "use a note, or select_one with one choice",
    "trigger": "use a note, or select_one with one choice",
    "time": "use text, and say in the label how to write it",
    "datetime": "use date, or text",
    "barcode": "use text",
    "select_one_from_file": "put the choices on the choices sheet and use select_one",
    "select_multiple_from_file": "put the choices on the choices sheet and use select_multiple",
    "select_one_external": "put the choices on the choices sheet and use select_one with a choice_filter",
}
_INSTEAD_OF: Final = {"photo": "image", "begin_loop": "begin_repeat", "dateTime": "datetime", "gps": "geopoint"}
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
    analysis_role pii special_category reason channels web_column sms_label more instance itemset query actions
    sms_field sms_option save_to list_name choices note notes comment comments image audio video
"""
_READ: Final = frozenset(_READ_WORDS.split())


@dataclass(frozen=True, slots=True)
class Group:
    """A group that is open while its rows are read."""

    name: str
    row: int
    relevant: str


class QuestionReader:
    """Reads the survey sheet row by row, noting what is wrong as it goes."""

    def __init__(self, lists: ChoiceLists, languages: Languages, findings: Findings) -> None:
        self._lists = lists
        self._languages = languages
        self._findings = findings
        self._groups: list[Group] = []
        self._names: dict[str, int] = {}
        self.groups: list[Group] = []

    def read(self, rows: Iterable[Row]) -> tuple[Question, ...]:
        """Read every row that asks, tells or works something out."""
        found = (self._row(row) for row in rows if row.text("disabled").lower() not in _YES)
        return tuple(question for question in found if question is not None)

    def _row(self, row: Row) -> Question | None:
        kind = " ".join(row.text("type").split())
        plain = kind.replace(" ", "_").lower()
        if not kind:
            return None  # a comment, as pyxform has it
        if plain == "begin_group":
            self._begin(row)
        elif plain == "end_group":
            self._groups.pop()
        elif plain in _BOOKKEEPING:
            self._warn(row, "type", f"'{kind}' is left out: it records a device, and there is none")
        elif select := _SELECT.fullmatch(kind):
            return self._select(row, select)
        elif plain in _TYPES:
            return self._question(row, _TYPES[plain])
        elif not plain.startswith("end_"):
            self._refuse_type(row, kind)
        return None

    def _refuse_type(self, row: Row, kind: str) -> None:
        first = kind.split()[0]
        plain = first if first in _INSTEAD else "_".join(kind.lower().split()[:2])
        plain = _INSTEAD_OF.get(first, plain if plain in _INSTEAD else first.lower())
        instead = _INSTEAD.get(plain, f"use one of {', '.join(QuestionType)}")
        self._refuse(row, "type", f"'{kind}' cannot be asked by text; {instead}")

    def _begin(self, row: Row) -> None:
        name = self._name(row)
        outer = self._groups[-1].relevant if self._groups else ""
        group = Group(name, row.number, _both(outer, row.text("bind", "relevant")))
        self.groups.append(Group(name, row.number, row.text("bind", "relevant")))
        self._groups.append(group)

    def _select(self, row: Row, select: re.Match[str]) -> Question:
        if "${" in select["list"]:
            self._refuse(row, "type", "choices taken from earlier answers are not supported; write a list of choices")
        elif select["rest"].strip():
            self._refuse(
                row,
                "type",
                "or_other is not supported; add a choice 'other' to the list, and below this row a text question with "
                f"relevant selected(${{{row.text('name')}}}, 'other')",
            )
        return self._question(
            row, QuestionType.SELECT_ONE if select["one"] else QuestionType.SELECT_MULTIPLE, select["list"]
        )

    def _question(self, row: Row, kind: QuestionType, choices: str = "") -> Question:
        name = self._name(row)
        self._check_cells(row, kind)
        special = self._yes(row, "special_category")
        group = self._groups[-1].relevant if self._groups else ""
        return Question(
            name=name,
            type=kind,
            label=self._texts(row, kind, "label"),
            sms_label=self._languages.extra_texts(row, "sms_label"),
            more=self._languages.extra_texts(row, "more"),
            hint=self._texts(row, kind, "hint"),
            choices=self._lists.of(choices, row.text("choice_filter")) if choices else (),
            required=self._required(row),
            relevant=_both(group, row.text("bind", "relevant")),
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

    def _name(self, row: Row) -> str:
        name = row.text("name") or f"generated_note_name_{row.number}"  # as pyxform names a note without a name
        earlier = self._names.setdefault(name.lower(), row.number)
        if not _NAME.fullmatch(name):
            self._refuse(
                row, "name", f"'{name}' is no usable name; take at most 60 letters, digits, - and _, a letter first"
            )
        elif name.lower() in _EXPORT_COLUMNS or name.endswith("__state"):
            self._refuse(row, "name", f"'{name}' is a column of every export already; choose another name")
        elif earlier != row.number:
            self._refuse(row, "name", f"'{name}' is already the name of row {earlier}; every name is a column")
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
        if row.text("bind", "readonly").lower() not in _NO:
            self._refuse(row, "read_only", "a question that nobody can answer is a note; use type note")
        if row.text("trigger"):
            self._refuse(row, "trigger", "triggers are not supported; a calculate row is always up to date")
        for column in ("default", "media", "guidance_hint"):
            if column in row.cells and kind is not QuestionType.CALCULATE:
                self._warn(row, column, f"'{column}' is left out: a text message has no place for it")
        for column in row.cells:
            if column not in _READ and not column.startswith(("sms_label_", "more_")):
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

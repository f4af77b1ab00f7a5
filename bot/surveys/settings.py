"""The settings sheet: what the survey is called, who asks, when it is open, and how it starts."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from bot.core.commands import find_language
from bot.core.language_names import EVERY_NAME
from bot.core.survey import Start
from bot.core.window import day_in_use
from bot.surveys.languages import Languages, tidy_code
from bot.surveys.problems import Findings
from bot.surveys.words import COMMANDS, STOP_WORDS
from bot.surveys.workbook import Row

REQUIRED = {
    "title": ("form_title", "the name of the survey as residents read it"),
    "id_string": ("form_id", "the short name that commands use, such as stoke-community-cohesion"),
    "version": ("version", "a number or a date that changes with every change, such as 1"),
    "default_language": ("default_language", "the language that gaps fall back to, such as English (en)"),
}
_TRANSLATED = ("organisation", "contact", "next_steps")
_PLAIN = ("keyword", "privacy_url", "verify_url", "opens", "closes", "min_age", "start", "draft_languages")
_OF_OTHERS = """
    title id_string version default_language name sms_keyword sms_separator sms_response sms_allow_media
    sms_date_format sms_datetime_format public_key submission_url instance_name instance_id instance_xmlns style
    auto_send auto_delete flat allow_choice_duplicates clean_text_values omit_instanceID namespaces attribute
    prefix client_editable delimiter add_none_option file_name
"""  # what ODK, Enketo and Kobo read on this sheet, and Earshot does not
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.\-]{0,59}")
_MOMENT = re.compile(r"\d{4}-\d{2}-\d{2}(?:[T ]\d{2}:\d{2}(?::\d{2})?(?:Z|[+-]\d{2}:\d{2})?)?")


@dataclass(frozen=True, slots=True)
class Settings:
    """The settings sheet, checked. Times are ISO 8601 text; a bare closing date is the end of that day in London."""

    id: str
    version: str
    title: Mapping[str, str]
    keywords: tuple[str, ...]
    organisation: Mapping[str, str]
    contact: Mapping[str, str]
    next_steps: Mapping[str, str]
    privacy_url: str
    verify_url: str
    opens: str
    closes: str
    min_age: int | None
    start: Start
    draft_languages: tuple[str, ...]


class SettingsReader:
    """Reads the one row of the settings sheet, noting what is wrong as it goes."""

    def __init__(self, row: Row, languages: Languages, findings: Findings) -> None:
        self._row = row
        self._languages = languages
        self._findings = findings

    def read(self) -> Settings:
        """Read every setting. What is wrong is in the findings; its value is then empty."""
        for column, (header, meaning) in REQUIRED.items():
            if self._row.cells and not any(self._row.by_language(column)):
                self._refuse(header, f"it is empty; write {meaning}")
        self._warn_of_unknown()
        opens, closes = self._moment("opens"), self._moment("closes")
        if opens and closes and opens[:10] > closes[:10]:
            self._refuse("closes", f"the survey would close ({closes}) before it opens ({opens})")
        return Settings(
            id=self._id(),
            version=self._row.text("version"),
            title={**self._texts("title"), **self._languages.extra_texts(self._row, "form_title")},
            keywords=self._keywords(),
            organisation=self._texts("organisation"),
            contact=self._texts("contact"),
            next_steps=self._texts("next_steps"),
            privacy_url=self._address("privacy_url"),
            verify_url=self._address("verify_url"),
            opens=opens,
            closes=closes,
            min_age=self._min_age(),
            start=self._start(),
            draft_languages=self._draft_languages(),
        )

    def _refuse(self, column: str, message: str) -> None:
        self._findings.refuse("settings", self._row.number, column, message)

    def _texts(self, column: str) -> dict[str, str]:
        return self._languages.extra_texts(self._row, column)

    def _id(self) -> str:
        name = self._row.text("id_string")
        if name and not _NAME.fullmatch(name):
            self._refuse(
                "form_id", f"'{name}' is no usable name; take at most 60 letters, digits, - and _, a letter first"
            )
        return name

    def _keywords(self) -> tuple[str, ...]:
        words = self._row.text("keyword").upper().split()
        for word in words:
            if not word.isalnum() or len(word) > 20:
                self._refuse("keyword", f"'{word}' is no keyword; take at most 20 letters and digits, without spaces")
            elif word in STOP_WORDS or word in COMMANDS:
                self._refuse("keyword", f"'{word}' already means something to Earshot; choose another word")
            elif find_language(word, EVERY_NAME) is not None:
                self._refuse("keyword", f"'{word}' is the name of a language; choose another word")
            elif word.isdigit():
                self._refuse("keyword", f"'{word}' would be read as an answer; a keyword needs a letter")
            elif words.count(word) > 1:
                self._refuse("keyword", f"'{word}' is there twice")
        return tuple(words)

    def _address(self, column: str) -> str:
        address = self._row.text(column)
        if address and (" " in address or "." not in address):
            self._refuse(column, f"'{address}' is no web address; write it as www.example.gov.uk/page")
        return address

    def _moment(self, column: str) -> str:
        text = self._row.text(column)
        if not text:
            return ""
        try:
            if not _MOMENT.fullmatch(text):
                raise ValueError
            day_in_use(text[:10])
            datetime.fromisoformat(text)
        except ValueError:
            self._refuse(
                column,
                f"'{text}' is no date in the years 2000 to 2999; write it as 2026-05-31, or 2026-05-31T17:00",
            )
            return ""
        return text.replace(" ", "T")

    def _min_age(self) -> int | None:
        text = self._row.text("min_age")
        if not text:
            return None
        if not (text.isascii() and text.isdigit() and int(text) <= 120):
            self._refuse("min_age", f"'{text}' is no age; write it as 16")
            return None
        return int(text)

    def _start(self) -> Start:
        text = self._row.text("start").lower()
        if text in ("", *Start):
            return Start(text or Start.DIRECT)
        self._refuse("start", f"'{text}' is not a way to start; write direct (the first question at once) or confirm")
        return Start.DIRECT

    def _draft_languages(self) -> tuple[str, ...]:
        codes = tuple(tidy_code(code) for code in re.split(r"[\s,;]+", self._row.text("draft_languages")) if code)
        known = {language.code for language in self._languages.known}
        for code in codes:
            if code not in known:
                self._refuse("draft_languages", f"the file has no language '{code}'")
            elif code == self._languages.default:
                self._refuse("draft_languages", f"'{code}' is the default language, which every resident may be given")
        return codes

    def _warn_of_unknown(self) -> None:
        for column in self._row.cells:
            known = column in _PLAIN or column in _OF_OTHERS.split() or column in _TRANSLATED
            if not known and not column.startswith(tuple(f"{name}_" for name in (*_TRANSLATED, "form_title"))):
                self._findings.warn(
                    "settings", self._row.number, column, "this is no setting of Earshot; is it misspelt?"
                )

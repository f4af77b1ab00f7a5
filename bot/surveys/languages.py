"""The languages of a survey file, as its column headers name them: `label::Polish (pl)`."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from bot.core.survey import Language
from bot.surveys.problems import Findings
from bot.surveys.workbook import Row, Sheet

_NAMED = re.compile(r"(?P<name>.*?)\s*\((?P<code>[A-Za-z]{2,3}(?:[-_][A-Za-z0-9]{2,8})*)\)\s*")
_CODE = re.compile(r"[A-Za-z]{2,3}([-_][A-Za-z0-9]{2,8})*")
TRANSLATED = (("label",), ("hint",), ("bind", "jr:constraintMsg"))
EXTRAS = ("sms_label_", "web_label_", "web_hint_", "more_")
"""How the plain extra columns begin that hold a wording; the language's code stands behind."""


def tidy_code(code: str) -> str:
    """Write a language code as BCP 47 does: `ur_latn` becomes `ur-Latn`."""
    first, *rest = code.replace("_", "-").split("-")
    return "-".join(
        [
            first.lower(),
            *(part.title() if len(part) == 4 else part.upper() if len(part) == 2 else part for part in rest),
        ]
    )


@dataclass(frozen=True, slots=True)
class Languages:
    """Every language of the file, the default first, and how headers name each."""

    known: tuple[Language, ...]
    default: str

    def code_of(self, header: str) -> str:
        """Return the code for a header's language; a plain column is in the default language."""
        return _read(header)[1] if header else self.default

    def texts(self, row: Row, *path: str) -> dict[str, str]:
        """Read a translated cell of a row, by language code."""
        return {self.code_of(header): text for header, text in row.by_language(*path)}

    def extra_texts(self, row: Row, column: str) -> dict[str, str]:
        """Read a texting extra by language code: `more` is the default language's, then `more_pl`, `more_ur-Latn`."""
        found = self.texts(row, column)
        for header in row.cells:
            if header.startswith(f"{column}_") and row.text(header):
                found[tidy_code(header[len(column) + 1 :])] = row.text(header)
        return found


def find_languages(default: str, survey: Sheet, choices: Sheet, findings: Findings) -> Languages:
    """List the languages that either sheet has a column for. Headers without a code are refused."""
    name, code = _read(default) if default else ("", "")
    if default and not code:
        findings.refuse("settings", 2, "default_language", _say_how(default))
    known = {code: Language(code, name or code)} if code else {}
    for sheet_name, sheet in (("survey", survey), ("choices", choices)):
        for header in _headers(sheet):
            _add(known, sheet_name, header, default, findings)
    return Languages(tuple(known.values()), code)


def _add(known: dict[str, Language], sheet: str, header: str, default: str, findings: Findings) -> None:
    name, code = _read(header)
    if not code:
        findings.refuse(sheet, 1, f"label::{header}", _say_how(header))
    elif code not in known or known[code].name in ("", code):
        known[code] = Language(code, name or code)
    elif name and known[code].name != name:
        findings.refuse(sheet, 1, f"label::{header}", f"{code} is already called '{known[code].name}'; use one name")
    if code and header != default and code == (_read(default)[1] if default else ""):
        findings.warn("settings", 2, "default_language", f"write '{header}' as in the columns, for ODK and Kobo")


def _headers(sheet: Sheet) -> Iterable[str]:
    for path in TRANSLATED:
        for header in sheet.headers:
            if len(header) == len(path) + 1 and header[: len(path)] == path:
                yield header[-1]


def _read(text: str) -> tuple[str, str]:
    """Read `Polish (pl)`, or a bare code, as (name, code); the code is empty where there is none."""
    if named := _NAMED.fullmatch(text):
        return named["name"], tidy_code(named["code"])
    bare = _CODE.fullmatch(text) and (len(text) <= 3 or "-" in text)
    return ("", tidy_code(text)) if bare else (text, "")


def _say_how(text: str) -> str:
    return f"'{text}' has no language code; write the code in brackets, such as 'English (en)' or 'Polish (pl)'"

"""The data package: both tables and the codebook as verbatim CSV, with a description that programs can check.

Frictionless Data Package and Table Schema, version 1 (specs.frictionlessdata.io). Each answer points to its response.
"""

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TypeAlias

from bot.analysis.cells import Cell
from bot.analysis.codebook import STATES, codebook_header, codebook_rows
from bot.analysis.formats.asked import Asked, Written
from bot.analysis.formats.csvw import FILE as CSVW
from bot.analysis.formats.csvw import as_csvw
from bot.analysis.formats.described import Described, Kind, as_told, describe
from bot.analysis.formats.plain import write_long_table, write_table, writing
from bot.analysis.long import LONG

Json: TypeAlias = dict[str, Any]

RESPONSES, ANSWERS, CODEBOOK = "responses", "answers", "codebook"
DESCRIPTION = "datapackage.json"
_TYPES = {
    Kind.FLAG: "boolean",
    Kind.INTEGER: "integer",
    Kind.NUMBER: "number",
    Kind.DATE: "date",
    Kind.TIME: "datetime",
}
_LONG_KINDS = {
    "language_confidence": Kind.NUMBER,
    "confidence": Kind.NUMBER,
    "revision": Kind.INTEGER,
    "asked_at": Kind.TIME,
    "answered_at": Kind.TIME,
    "late": Kind.FLAG,
}


def write_datapackage(asked: Asked, folder: Path) -> Written:
    """Write the folder. An answer whose response came only while this was being written is left for the next time."""
    header = asked.published.header
    ids: set[str] = set()
    with writing(folder / f"{RESPONSES}.csv") as file:
        rows = write_table(file, header, _noting(asked.wide(), ids))
    with writing(folder / f"{ANSWERS}.csv") as file:
        answers = write_long_table(file, asked, verbatim=True, among=frozenset(ids))
    with writing(folder / f"{CODEBOOK}.csv") as file:
        write_table(file, codebook_header(asked.published), codebook_rows(asked.published))
    package = _package(asked, folder)
    for name, described in ((DESCRIPTION, package), (CSVW, as_csvw(package))):
        (folder / name).write_text(json.dumps(described, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
    return Written(rows, len(header), (f"{ANSWERS}.csv has {answers} rows, one for each answer.",))


def _noting(rows: Iterator[list[Cell]], ids: set[str]) -> Iterator[list[Cell]]:
    for row in rows:
        ids.add(str(row[0]))
        yield row


def _package(asked: Asked, folder: Path) -> Json:
    newest = asked.published.newest
    text = "as residents wrote it" if asked.raw else "with contact details masked"
    what = f"Every response to the survey and every answer, free text {text}."
    if asked.disguise is not None:
        what += " Times are cut to days, ids are new and rows stand in a new order."
    return {
        "profile": "data-package",
        "name": _name(asked.published.survey),
        "title": newest.title.get(newest.default_language, newest.id),
        "description": what,
        "version": newest.version,
        "resources": [
            _resource(folder, RESPONSES, _responses_schema(asked)),
            _resource(folder, ANSWERS, _answers_schema(asked)),
            _resource(folder, CODEBOOK, {"fields": [_field(name) for name in codebook_header(asked.published)]}),
        ],
    }


def _name(survey: str) -> str:
    """Write a survey's id as the specification asks for: small letters, digits, and . _ -."""
    return "".join(
        letter if (letter.isalnum() and letter.isascii()) or letter in "._-" else "-" for letter in survey.lower()
    )


def _resource(folder: Path, name: str, schema: Json) -> Json:
    path = folder / f"{name}.csv"
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return {
        "profile": "tabular-data-resource",
        "name": name,
        "path": path.name,
        "format": "csv",
        "mediatype": "text/csv",
        "encoding": "utf-8",
        "bytes": path.stat().st_size,
        "hash": f"sha256:{digest}",
        "dialect": {"delimiter": ",", "doubleQuote": True, "lineTerminator": "\r\n", "quoteChar": '"'},
        "schema": {**schema, "missingValues": [""]},
    }


def _responses_schema(asked: Asked) -> Json:
    fields: list[Json] = [_field(each.name, each.kind, each.meaning, _allowed(asked, each)) for each in describe(asked)]
    return {"fields": fields, "primaryKey": "response_id"}


def _allowed(asked: Asked, column: Described) -> list[str]:
    if column.kind is Kind.STATE:
        return [state for state, _ in column.values]
    if column.kind is Kind.CODE:
        return list(dict.fromkeys(label if asked.labels else code for code, label in column.values))
    return []


def _answers_schema(asked: Asked) -> Json:
    questions = [variable.column for variable in asked.published.variables]
    # Who had not come to a question has no answer row for it. Every other state has.
    allowed = {"question": questions, "state": [state for state in STATES if state != "not_reached"]}
    fields: list[Json] = []
    for name, meaning in as_told(LONG, asked):
        kind = _LONG_KINDS.get(name, Kind.TEXT)
        if kind is Kind.TIME and asked.disguise is not None:
            kind = Kind.DATE
        fields.append(_field(name, kind, meaning, allowed.get(name, [])))
    to_response: Json = {"fields": "response_id", "reference": {"resource": RESPONSES, "fields": "response_id"}}
    return {"fields": fields, "foreignKeys": [to_response]}


def _field(name: str, kind: Kind = Kind.TEXT, meaning: str = "", allowed: list[str] | None = None) -> Json:
    field: Json = {"name": name, "type": _TYPES.get(kind, "string")}
    if kind is Kind.TIME:
        field["format"] = "%Y-%m-%dT%H:%MZ"
    if kind is Kind.FLAG:
        field |= {"trueValues": ["1"], "falseValues": ["0"]}
    if meaning:
        field["description"] = meaning
    constraints: Json = {"required": True} if name == "response_id" else {}
    if allowed:
        constraints["enum"] = list(allowed)
    if constraints:
        field["constraints"] = constraints
    return field

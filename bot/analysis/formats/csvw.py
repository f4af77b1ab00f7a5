"""The description of a data package once more, as CSV on the Web has it, for archives.

Source: W3C, "Metadata Vocabulary for Tabular Data" (2015).
"""

from typing import Any
from urllib.parse import quote

FILE = "csv-metadata.json"
"""The name under which W3C's readers look for it."""

_DATATYPES: dict[str, Any] = {
    "boolean": {"base": "boolean", "format": "1|0"},
    "integer": "integer",
    "number": "number",
    "date": "date",
    "datetime": {"base": "datetime", "format": "yyyy-MM-ddTHH:mmX"},
    "string": "string",
}


def as_csvw(package: dict[str, Any]) -> dict[str, Any]:
    """Translate the description of a data package."""
    return {
        "@context": "http://www.w3.org/ns/csvw",
        "dc:title": package["title"],
        "dc:description": package["description"],
        "dialect": {"encoding": "utf-8", "lineTerminators": ["\r\n"], "header": True},
        "tables": [
            {"url": resource["path"], "tableSchema": _schema(resource["schema"])} for resource in package["resources"]
        ],
    }


def _schema(schema: dict[str, Any]) -> dict[str, Any]:
    described: dict[str, Any] = {"columns": [_column(field) for field in schema["fields"]]}
    if "primaryKey" in schema:
        described["primaryKey"] = schema["primaryKey"]
    for key in schema.get("foreignKeys", ()):
        to = {"resource": f"{key['reference']['resource']}.csv", "columnReference": key["reference"]["fields"]}
        described["foreignKeys"] = [{"columnReference": key["fields"], "reference": to}]
    return described


def _column(field: dict[str, Any]) -> dict[str, Any]:
    # A name is a variable of a URI template there; the heading itself is the title.
    described = {"name": quote(field["name"], safe=""), "titles": field["name"], "datatype": _DATATYPES[field["type"]]}
    if "description" in field:
        described["dc:description"] = field["description"]
    if field.get("constraints", {}).get("required"):
        described["required"] = True
    return described

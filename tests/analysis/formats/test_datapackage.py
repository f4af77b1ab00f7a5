"""The data package, as frictionless checks it."""

import csv
import hashlib
import json
from pathlib import Path
from typing import Any

import frictionless
import pytest

from bot.analysis.export import Format
from bot.analysis.formats.asked import ExportRefused
from storage.script import Database
from tests.analysis.filling import Answer, Response, exported, publish
from tests.analysis.formats.scene import HARD_MASKED, WHOLE, filled

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


def problems(folder: Path) -> list[str]:
    """Let frictionless check a package; list what it says is wrong with it."""
    report = frictionless.validate(folder / "datapackage.json")
    return [f"{task.name}: {error.type}" for task in report.tasks for error in task.errors] + [
        error.type for error in report.errors
    ]


def table(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def left(folder: Path) -> list[str]:
    """List what stands in a folder beside the database."""
    return sorted(path.name for path in folder.iterdir() if "earshot.db" not in path.name)


async def test_frictionless_finds_nothing_wrong_with_it(database: Database, tmp_path: Path) -> None:
    await filled(database)
    out = tmp_path / "package"
    done = await exported(database, out, Format.DATAPACKAGE)
    assert problems(out) == []
    assert left(out) == ["answers.csv", "codebook.csv", "csv-metadata.json", "datapackage.json", "responses.csv"]
    responses = frictionless.Package(out / "datapackage.json").get_resource("responses")
    assert isinstance(responses, frictionless.resources.TableResource)
    rows = responses.read_rows()
    assert [row["response_id"] for row in rows] == ["aa01", "bb02", "cc03"]
    assert (rows[0]["years"], rows[0]["needs/lights"], str(rows[0]["moved"])) == (34, True, "2021-05-03")
    assert (done.rows, done.notes) == (3, ("answers.csv has 14 rows, one for each answer.",))


async def test_frictionless_finds_nothing_wrong_with_a_question_that_an_imported_form_did_not_ask(
    database: Database, tmp_path: Path
) -> None:
    await filled(database, Response("dd04", [Answer("safe", state="not_in_version", input="imported")], source="web"))
    await exported(database, tmp_path / "package", Format.DATAPACKAGE)
    assert problems(tmp_path / "package") == []


async def test_frictionless_finds_nothing_wrong_with_a_shareable_one_or_one_with_labels(
    database: Database, tmp_path: Path
) -> None:
    await filled(database)
    await exported(database, tmp_path / "shareable", Format.DATAPACKAGE, shareable=True)
    await exported(database, tmp_path / "urdu", Format.DATAPACKAGE, labels="ur")
    assert problems(tmp_path / "shareable") == []
    assert problems(tmp_path / "urdu") == []


@pytest.mark.parametrize(
    ("file", "old", "new", "found"),
    [
        pytest.param("answers.csv", "bb02,", "zz99,", "foreign-key", id="an answer of nobody"),
        pytest.param("responses.csv", "bb02,", "aa01,", "primary-key", id="two responses of one id"),
        pytest.param("responses.csv", ",skipped,", ",lost,", "constraint-error", id="a state there is not"),
        pytest.param("responses.csv", ",yes,", ",maybe,", "constraint-error", id="a code there is not"),
        pytest.param("responses.csv", ",34,", ",many,", "type-error", id="words for a number"),
    ],
)
async def test_frictionless_sees_what_is_broken_by_the_description(
    database: Database, tmp_path: Path, file: str, old: str, new: str, found: str
) -> None:
    await filled(database)
    await exported(database, tmp_path / "package", Format.DATAPACKAGE)
    path = tmp_path / "package" / file
    text = path.read_bytes().decode()
    assert old in text
    path.write_bytes(text.replace(old, new).encode())
    assert any(problem.endswith(found) for problem in problems(tmp_path / "package"))


async def test_its_tables_are_verbatim_and_told_by_their_digest(database: Database, tmp_path: Path) -> None:
    await filled(database)
    await exported(database, tmp_path / "package", Format.DATAPACKAGE)
    await exported(database, tmp_path / "wide.csv")
    responses = tmp_path / "package" / "responses.csv"
    assert not responses.read_bytes().startswith(b"\xef\xbb\xbf")
    assert table(responses)[0]["why"] == HARD_MASKED
    said = [row["said"] for row in table(tmp_path / "package" / "answers.csv") if row["question"] == "why"]
    assert said == [HARD_MASKED, "-"]
    described: dict[str, Any] = json.loads((tmp_path / "package" / "datapackage.json").read_text("utf-8"))
    for resource in described["resources"]:
        content = (tmp_path / "package" / resource["path"]).read_bytes()
        assert (resource["bytes"], resource["hash"]) == (len(content), f"sha256:{hashlib.sha256(content).hexdigest()}")


async def test_csv_on_the_web_describes_the_same_columns(database: Database, tmp_path: Path) -> None:
    await filled(database)
    await exported(database, tmp_path / "package", Format.DATAPACKAGE)
    described: dict[str, Any] = json.loads((tmp_path / "package" / "csv-metadata.json").read_text("utf-8"))
    responses, answers, _ = described["tables"]
    for each in described["tables"]:
        with (tmp_path / "package" / each["url"]).open(encoding="utf-8", newline="") as file:
            assert next(csv.reader(file)) == [column["titles"] for column in each["tableSchema"]["columns"]]
    named = {column["titles"]: column for column in responses["tableSchema"]["columns"]}
    assert named["needs/lights"]["name"] == "needs%2Flights"
    assert (named["years"]["datatype"], named["late"]["datatype"]["format"]) == ("integer", "1|0")
    assert responses["tableSchema"]["primaryKey"] == "response_id"
    [key] = answers["tableSchema"]["foreignKeys"]
    assert key["reference"] == {"resource": "responses.csv", "columnReference": "response_id"}


async def test_a_folder_must_be_new_or_empty(database: Database, tmp_path: Path) -> None:
    await database.run(publish(WHOLE))
    out = tmp_path / "package"
    out.mkdir()
    await exported(database, out, Format.DATAPACKAGE)
    with pytest.raises(ExportRefused, match=r"is there already.*a new or an empty one, or a \.zip"):
        await exported(database, out, Format.DATAPACKAGE)
    (tmp_path / "file").write_text("older")
    with pytest.raises(ExportRefused, match="is there already"):
        await exported(database, tmp_path / "file", Format.CONSULT)
    assert left(tmp_path) == ["file", "package"]


async def test_frictionless_reads_the_zip_too(database: Database, tmp_path: Path) -> None:
    await filled(database, Response("dd04", campaign="mosque"))
    await exported(database, tmp_path / "o.zip", Format.DATAPACKAGE)
    report = frictionless.validate(tmp_path / "o.zip", type="package")
    assert report.valid, report.flatten(["type", "message"])

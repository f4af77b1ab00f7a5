"""The SPSS file, as pyreadstat reads it."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pyreadstat
import pytest

from bot.analysis.codebook import numbered
from bot.analysis.columns import read_published
from bot.analysis.export import Format
from bot.core.survey import Choice
from storage.script import Database
from tests.analysis.filling import Answer, Response, ask, exported, keep, publish, version
from tests.analysis.formats.scene import HARD_MASKED, WHOLE, filled

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


def read(path: Path, *, user_missing: bool = True) -> tuple[list[dict[str, Any]], Any]:
    frame, about = pyreadstat.read_sav(path, output_format="polars", user_missing=user_missing)
    return frame.to_dicts(), about


def named(about: Any, variable: str, value: float) -> str:
    labels: Mapping[float, str] = about.variable_value_labels[variable]
    return labels[value]


async def test_labels_values_and_measures_are_read_back(database: Database, tmp_path: Path) -> None:
    await filled(database)
    done = await exported(database, tmp_path / "o.sav", Format.SAV)
    (full, *_), about = read(tmp_path / "o.sav")
    assert about.column_names_to_labels["safe"] == "Do you feel safe?"
    assert named(about, "safe", full["safe"]) == "Yes"
    assert (full["band"], named(about, "band", full["band"])) == (-99, "Prefer not to say")
    assert (full["years"], full["rate"], full["why"], full["needs"]) == (34, 2.5, HARD_MASKED, "lights buses")
    assert (full["needs_lights"], about.column_names_to_labels["needs_lights"]) == (
        1,
        "What about needs?: More lights, soon",
    )
    assert str(full["moved"]) == "2021-05-03"
    assert str(full["started_at"]) == "2026-11-22 19:04:00"
    assert (about.variable_measure["safe"], about.variable_measure["years"]) == ("nominal", "scale")
    assert (about.file_label, about.number_rows) == ("Stoke", 3)
    assert done.notes == ()


async def test_why_there_is_no_answer_is_a_user_missing_value(database: Database, tmp_path: Path) -> None:
    await filled(database)
    await exported(database, tmp_path / "o.sav", Format.SAV)
    (full, sparse, empty), about = read(tmp_path / "o.sav")
    why = {name: named(about, name, sparse[name]).partition(":")[0] for name in ("safe", "rate", "band", "needs_buses")}
    assert why == {"safe": "skipped", "rate": "unparsed", "band": "refused", "needs_buses": "not_reached"}
    assert named(about, "years", empty["years"]).startswith("not_reached")
    [span] = about.missing_ranges["safe"]
    assert span["lo"] <= sparse["safe"] <= span["hi"] < full["band"]
    _, plain, _ = read(tmp_path / "o.sav", user_missing=False)[0]
    assert (plain["safe"], plain["rate"], plain["years"]) == (None, None, -5)


async def test_labels_are_in_the_language_asked_for(database: Database, tmp_path: Path) -> None:
    await filled(database)
    await exported(database, tmp_path / "o.sav", Format.SAV, labels="ur")
    (full, *_), about = read(tmp_path / "o.sav")
    assert about.column_names_to_labels["safe"] == "کیا آپ محفوظ محسوس کرتے ہیں؟"
    assert named(about, "safe", full["safe"]) == "ہاں"
    assert named(about, "band", full["band"]) == "Prefer not to say", "where there is no Urdu, the survey's own"


async def test_an_answer_is_never_taken_for_a_missing_value(database: Database, tmp_path: Path) -> None:
    await filled(database, Response("dd04", began=1, answers=[Answer("years", "-993", number=-993.0)]))
    await exported(database, tmp_path / "o.sav", Format.SAV)
    (first, *_), _ = read(tmp_path / "o.sav", user_missing=False)
    assert first["years"] == -993
    _, about = read(tmp_path / "o.sav")
    assert about.missing_ranges["years"] == [{"lo": -9906.0, "hi": -9901.0}]


async def test_a_new_version_changes_no_number(database: Database, tmp_path: Path) -> None:
    old, new = Choice("b", {"en": "B"}), Choice("a", {"en": "A"})
    await database.run(
        publish(version("1", ask("q", choices=(old,))), version("2", ask("q", choices=(new, old)))),
    )
    await database.run(keep(Response("r1", version="2", answers=[Answer("q", "1", "b"), Answer("x", "")])))
    await exported(database, tmp_path / "o.sav", Format.SAV)
    [row], about = read(tmp_path / "o.sav")
    assert (row["q"], named(about, "q", 1), named(about, "q", 2)) == (1, "B", "A")


async def test_another_kind_of_code_in_a_new_version_changes_no_number(database: Database) -> None:
    one, two, three = (
        version(number, ask("q", choices=tuple(Choice(code, {}) for code in codes)))
        for number, codes in (
            ("1", ["5", "3"]),
            ("2", ["5", "3", "other"]),
            ("3", ["5", "3", "6", "9", "other", "more"]),
        )
    )
    await database.run(publish(one, two, three))
    published = await database.read(lambda: read_published("stoke"))
    numbers = numbered(published, published.variables[0], ["odd"])
    assert numbers == {"5": 5, "3": 3, "other": 6, "9": 9, "6": 10, "more": 11, "odd": 12}


@pytest.mark.parametrize("said", [pytest.param("a" * 40_000, id="English"), pytest.param("ہ" * 20_000, id="Urdu")])
async def test_a_text_too_long_for_spss_is_cut_between_letters_and_reported(
    database: Database, tmp_path: Path, said: str
) -> None:
    await filled(database, Response("dd04", began=1, answers=[Answer("why", said)]))
    done = await exported(database, tmp_path / "o.sav", Format.SAV)
    written = read(tmp_path / "o.sav")[0][0]["why"]
    assert said.startswith(written)
    assert 32_764 < len(written.encode()) <= 32_767
    assert done.notes == ("1 texts were longer than SPSS's 32,767 bytes and are cut.",)


async def test_a_text_goes_on_behind_a_nul(database: Database, tmp_path: Path) -> None:
    await filled(database, Response("dd04", began=1, answers=[Answer("why", "one\0two")]))
    await exported(database, tmp_path / "o.sav", Format.SAV)
    assert read(tmp_path / "o.sav")[0][0]["why"] == "onetwo"


async def test_nothing_in_the_file_says_when_it_was_written(database: Database, tmp_path: Path) -> None:
    await database.run(publish(WHOLE))
    await exported(database, tmp_path / "o.sav", Format.SAV)
    assert (tmp_path / "o.sav").read_bytes()[92:109] == b"01 Jan 8000:00:00"
    rows, about = read(tmp_path / "o.sav")
    assert rows == []
    assert about.column_names[-1] == "sum__state"

"""Whatever stands in a map, and however often: it is read, or it is refused in words."""

import json
import string
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from bot.analysis.importing.import_map import ImportMap, QuestionMap, read_map
from bot.analysis.importing.problems import ImportRefused
from tests.analysis.importing.scene import FIRST, MAP, SECOND, csv_text, looked

ODD = st.sampled_from(
    [
        *("", "a\0", "\n", '"', ";", "x" * 3_000, "base64", "idna", "undefined", "utf-7", "auto", "uk", "0001-01-01"),
        *("America/New_York", "Asia/Tokyo", "../x", "Ref", "Needs", "Age", "lights", "(?P<label>.*)", "(?P<label", "7"),
        *("ST4*", "en", "jadu", "surveymonkey", "safe", "2026-10-25"),
    ]
) | st.text(st.characters(exclude_categories=["Cs"]), max_size=5)
VALUE = st.recursive(
    ODD | st.booleans() | st.integers(-2, 3) | st.just(10**4_000),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(ODD, inner, max_size=3),
    max_leaves=4,
)
TOP = st.dictionaries(st.sampled_from(ImportMap.__struct_fields__), ODD | VALUE, max_size=3)
NEEDS = st.dictionaries(st.sampled_from(QuestionMap.__struct_fields__), ODD | VALUE, max_size=3)
CELL = st.sampled_from(["9999-12-31T23:59-14:00", "0001-01-01 00:00", "9" * 400, "٣٤", "Buses,Parks"]) | ODD
ANY = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def toml(value: object) -> str:
    """Write a value as TOML."""
    if isinstance(value, list):
        return f"[{', '.join(map(toml, value))}]"
    if isinstance(value, dict):
        return f"{{{', '.join(f'{toml(name)} = {toml(each)}' for name, each in value.items())}}}"
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else quoted(value)


def quoted(value: object) -> str:
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


@ANY
@given(TOP, NEEDS, st.lists(st.lists(CELL, min_size=7, max_size=7), max_size=2))
def test_a_map_of_odd_values_is_read_or_refused_in_words(
    tmp_path: Path, top: dict[str, object], needs: dict[str, object], rows: list[list[str]]
) -> None:
    placed = {"safe": "Safe?", "why_not": "Why not?", "age": "Age", "since": "Since"}
    questions = {name: {"column": column} for name, column in placed.items()} | {"needs": {"column": "Needs"} | needs}
    whole = {"source": "form", "id": "Ref", "submitted_at": "Handed in", "questions": questions} | top
    map_text = "".join(f"{name} = {toml(value)}\n" for name, value in whole.items())
    with suppress(ImportRefused):
        looked(tmp_path, map_text=map_text, content=csv_text([FIRST, SECOND, *rows]))


@ANY
@given(st.text(string.printable, max_size=40), st.integers(0, len(MAP)))
@example("\0", 3)
@example("x = " + "[" * 2_000, 0)
@example("x = " + "1" * 5_000 + "\n", 0)
def test_a_map_with_something_odd_in_it_is_read_or_refused_in_words(tmp_path: Path, odd: str, place: int) -> None:
    path = tmp_path / "map.toml"
    path.write_text(MAP[:place] + odd + MAP[place:])
    with suppress(ImportRefused):
        read_map(path)


def test_a_map_that_is_no_text_is_refused_in_words(tmp_path: Path) -> None:
    path = tmp_path / "map.toml"
    path.write_bytes(MAP.encode("utf-16"))
    with pytest.raises(ImportRefused, match=r"is not in UTF-8\. Save it as"):
        read_map(path)

"""Limits of other people's formats that need no database to be shown."""

import pytest

from bot.analysis.disguise import Disguise
from bot.analysis.formats.asked import ExportRefused
from bot.analysis.formats.extra import load
from bot.analysis.formats.spss import spss_names
from bot.analysis.formats.workbook import MOST_ROWS, Sheet


def test_more_responses_than_a_sheet_has_room_for_are_refused_in_words() -> None:
    assert MOST_ROWS == 1_048_576, "the header's row is one of them"
    assert len([*Sheet(["response_id"], [["a"], ["b"]], room=2).records()]) == 2
    with pytest.raises(ExportRefused, match=r"room for 1 responses.*Choose csv"):
        assert [*Sheet(["response_id"], [["a"], ["b"]], room=1).records()]


def test_every_name_is_one_that_spss_takes_and_stands_once() -> None:
    names = ["needs", "needs/a", "needs_a", "NEEDS", "all", "1st", "_x", "ہاں", "é" * 60, "é" * 61, "a-b.c"]
    given = list(spss_names(names))
    assert given == [
        *("needs", "needs_a", "needs_a_2", "NEEDS_2", "all_", "v1st", "v_x", "ہاں"),
        *("é" * 32, "é" * 31 + "_2", "a_b_c"),
    ]
    assert all(len(name.encode()) <= 64 for name in given)


def test_a_format_whose_package_is_absent_says_how_to_install_it() -> None:
    with pytest.raises(ExportRefused, match=r"parquet needs the package no_such, .*uv sync --extra analysis"):
        load("no_such.parquet", "parquet")


def test_a_new_id_cannot_be_found_without_the_databases_own_key() -> None:
    ours, theirs = Disguise(bytes(32)), Disguise(b"1" * 32)
    assert ours.new_id("aa01") == ours.new_id("aa01")
    assert len({ours.new_id("aa01"), ours.new_id("aa02"), theirs.new_id("aa01")}) == 3

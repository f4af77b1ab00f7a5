"""A list in the terminal: one line for each thing, whatever stands in its cells."""

import pytest

from bot.cli.listing import show


def test_a_cell_with_a_line_break_or_a_tab_stays_on_its_line_and_in_its_column(
    capsys: pytest.CaptureFixture[str],
) -> None:
    show([("halls", "First line\nSecond\tthird")], {"survey": "8", "title": ""})
    assert capsys.readouterr().out == "halls\tFirst line Second third\n"

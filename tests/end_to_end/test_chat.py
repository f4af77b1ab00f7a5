"""`chat` on WhatsApp and Telegram: what can be tapped is shown, and tapped by its number in brackets."""

from pathlib import Path

import pytest

from bench.serving import environment
from tests.end_to_end.commands import SURVEY, run

SHIPPED = Path(__file__).parents[2] / "surveys" / "stoke-community-cohesion.xlsx"


@pytest.fixture
async def settings(tmp_path: Path) -> dict[str, str]:
    """Give settings over a new database in which the shipped survey is published."""
    settings = environment(f"sqlite:///{tmp_path / 'earshot.db'}")
    assert (await run("survey", "publish", SHIPPED, settings=settings, folder=tmp_path)).code == 0
    return settings


@pytest.mark.parametrize("channel", ["whatsapp", "telegram"])
async def test_what_can_be_tapped_is_shown_and_tapped(channel: str, settings: dict[str, str], tmp_path: Path) -> None:
    typed = "[1]\n[3]\n1 and 3\nfairly well\n"
    done = await run("chat", SURVEY, "--channel", channel, settings=settings, folder=tmp_path, typed=typed)
    assert (done.code, done.err) == (0, "")
    assert "  [3] Neither agree nor disagree\n" in done.out
    assert [f"{place}/8" in done.out for place in range(1, 7)] == [True] * 5 + [False]
    assert "segment" not in done.out


async def test_by_sms_a_number_in_brackets_is_a_text(settings: dict[str, str], tmp_path: Path) -> None:
    done = await run("chat", SURVEY, settings=settings, folder=tmp_path, typed="1\n")
    assert "  [1]" not in done.out
    assert "2/8" in done.out


async def test_bytes_that_are_no_text_are_taken_as_signs(settings: dict[str, str], tmp_path: Path) -> None:
    done = await run("chat", SURVEY, settings=settings, folder=tmp_path, typed="caf\udce9\n1\n")
    assert (done.code, done.err) == (0, "")
    assert "2/8" in done.out


async def test_a_number_that_is_on_no_button_is_a_text(settings: dict[str, str], tmp_path: Path) -> None:
    done = await run("chat", SURVEY, "--channel", "telegram", settings=settings, folder=tmp_path, typed="[7]\n")
    assert done.code == 0
    assert "2/8" not in done.out

"""The components we ship are the published ones, without what belongs to GOV.UK alone."""

import hashlib
import json
import re
from pathlib import Path

import pytest

from bot.web.pages import STATIC

VENDOR = STATIC / "vendor"
SHIPPED = json.loads((VENDOR / "VENDOR.json").read_text())["shipped"]
TEXTS = [file for file in sorted(STATIC.rglob("*")) if file.suffix in (".css", ".js", ".svg")]


@pytest.mark.parametrize("name", SHIPPED)
def test_a_vendored_file_is_the_one_that_was_recorded(name: str) -> None:
    assert hashlib.sha256((VENDOR / name).read_bytes()).hexdigest() == SHIPPED[name]


def test_every_vendored_file_is_recorded() -> None:
    assert {file.name for file in VENDOR.iterdir()} == {*SHIPPED, "VENDOR.json"}


def test_the_components_match_their_jinja_macros() -> None:
    assert json.loads((VENDOR / "VENDOR.json").read_text())["version"] == "6.3.0"
    assert '--govuk-frontend-version:"6.3.0"' in (VENDOR / "govuk-frontend.min.css").read_text()


@pytest.mark.parametrize("file", TEXTS, ids=lambda file: file.name)
@pytest.mark.parametrize("branding", ["GDS Transport", "@font-face", "crown", "crest", "gov.uk/"])
def test_no_branding_of_govuk_is_shipped(file: Path, branding: str) -> None:
    assert branding.lower() not in file.read_text().lower()


@pytest.mark.parametrize("file", TEXTS, ids=lambda file: file.name)
def test_nothing_is_fetched_from_elsewhere(file: Path) -> None:
    assert not re.findall(r"(?:url\(|import\s*\(?\s*[\"'])\s*[\"']?(?:https?:)?//", file.read_text())


def test_no_picture_or_font_is_shipped_but_our_own_icon() -> None:
    kinds = {file.suffix for file in STATIC.rglob("*") if file.is_file()} - {".css", ".js", ".json", ""}
    assert kinds == {".svg"}
    assert [file.name for file in STATIC.rglob("*.svg")] == ["earshot.svg"]

"""Gives tests what providers and numbering plans publish.

The providers' own test data stays outside the project; tests that need it skip where it is absent.
"""

import json
from typing import Any

import phonenumbers
import pytest
from _pytest.mark import ParameterSet

from tests.fakes.twilio_spec import SHARED_DATA


def cases(file: str, key: str) -> list[ParameterSet]:
    """Give each case of one JSON file as a parameter under its own id, or a single skip that says why."""
    path = SHARED_DATA / "twilio" / file
    if not path.exists():
        return [pytest.param({}, id="absent", marks=pytest.mark.skip(reason=f"{path} is not on this machine"))]
    found: list[dict[str, Any]] = json.loads(path.read_bytes())[key]
    return [pytest.param(case, id=case["id"]) for case in found]


def example_number(region: str, kind: int) -> str:
    """Give the numbering plan's own example, so that no number of a real person stands in this file."""
    number = phonenumbers.example_number_for_type(region, kind)
    assert number is not None, f"{region} has no number of type {kind}"
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)

"""What becomes of a text's letters on their way through GOV.UK Notify, which turns what it cannot carry into a ?."""

import json
from typing import Any

import pytest
from msgspec.structs import replace

from channels.base import Accepted, Problem, Rejected
from channels.notify_wire import is_carried
from channels.segments import plain
from tests.channels.notifying import MESSAGE, RESIDENT, notify_channel, sending
from tests.fakes.notify import FakeNotify
from tests.fakes.notify_rules import as_sent
from tests.fakes.twilio_spec import SHARED_DATA

PUBLISHED = SHARED_DATA / "notify"


def published(file: str) -> list[dict[str, Any]]:
    """Read the cases of one file of Notify's own, or skip."""
    path = PUBLISHED / file
    if not path.exists():
        pytest.skip(f"{path} is not on this machine")
    cases: list[dict[str, Any]] = json.loads(path.read_bytes())["cases"]
    return cases


@pytest.mark.parametrize(
    ("written", "read"),
    [
        pytest.param("Do you feel safe?", "Do you feel safe?", id="English"),
        pytest.param("Ydych chi'n teimlo'n ddiogel yn y tŷ?", "Ydych chi'n teimlo'n ddiogel yn y tŷ?", id="Welsh"),
        pytest.param("Czy czujesz się w Łodzi?", "Czy czujesz sie w Lodzi?", id="Polish, without its accents"),
        pytest.param("Vă simțiți în siguranță?", "Va simtiti în siguranta?", id="Romanian, but for one that is Welsh"),
        pytest.param("It’s “safe” – isn’t it…", "It's \"safe\" - isn't it...", id="typographic characters"),
        pytest.param("Price: £5 [or €6]", "Price: £5 [or €6]", id="signs that SMS has"),
    ],
)
async def test_a_text_arrives_with_its_words_intact(written: str, read: str) -> None:
    async with FakeNotify() as notify, sending(notify) as channel:
        assert isinstance(await channel.send(replace(MESSAGE, text=written, options=())), Accepted)
        assert notify.phone(RESIDENT) == [read]


@pytest.mark.parametrize(
    "written",
    [
        pytest.param("کیا آپ محفوظ محسوس کرتے ہیں؟", id="Urdu"),
        pytest.param("هل تشعر بالأمان؟", id="Arabic"),
        pytest.param("আপনি কি নিরাপদ বোধ করেন?", id="Bengali"),
        pytest.param("ਕੀ ਤੁਸੀਂ ਸੁਰੱਖਿਅਤ ਮਹਿਸੂਸ ਕਰਦੇ ਹੋ?", id="Punjabi"),
        pytest.param("Good \N{THUMBS UP SIGN}", id="an emoji"),
        pytest.param("Reply 1 or 2. " * 70 + "\N{CHECK MARK}", id="in the last part of a long one"),
    ],
)
async def test_a_text_that_would_become_question_marks_is_not_sent(written: str) -> None:
    async with FakeNotify() as notify, sending(notify) as channel:
        result = await channel.send(replace(MESSAGE, text=written))
        assert result == Rejected(Problem.CONFIGURATION, "unsupported_characters")
        assert notify.requests == []


def test_every_character_is_judged_as_notify_does() -> None:
    judged_otherwise = [
        hex(code)
        for code in range(0x20, 0x11000)
        if not 0xD800 <= code < 0xE000 and plain(chr(code)) not in ("", "?")
        if all(map(is_carried, plain(chr(code)))) != ("?" not in as_sent("((m))", {"m": f"a{plain(chr(code))}a"}))
    ]
    # Joiners between letters of other scripts, and separators, which Notify drops: we refuse the text instead.
    dropped = ["0x180e", "0x200c", "0x200d"]
    assert [code for code in judged_otherwise if code not in dropped] == []


def test_what_notify_itself_swaps_is_sent() -> None:
    for case in published("sms_downgrades.json"):
        assert all(map(is_carried, plain(case["in"]))), case
        assert "?" not in as_sent("((m))", {"m": f"a{case['in']}a"}), case


def test_a_text_is_never_counted_cheaper_than_notify_counts_it() -> None:
    channel = notify_channel()
    for case in published("sms_fragments.json"):
        assert channel.segments(case["text"]) >= case["fragments"], case

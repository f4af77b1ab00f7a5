"""`detect`: one JSON line out for each line in, as an outside program uses it."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from bot.cli.compose import Refusal
from bot.cli.detecting import Line, find, lines_of
from bot.language import LABELS, LanguageSense

MAIN = Path(__file__).parents[2] / "main.py"

TEXTS = ["Nie czuję się tu bezpiecznie w nocy", "yes i agree", "سەرجەم ڕازیم", "ST4 1HH", "", "da"]


def detect(lines: str, *options: str) -> subprocess.CompletedProcess[str]:
    """Run the command on these lines."""
    command = [sys.executable, str(MAIN), "detect", *options]
    return subprocess.run(command, input=lines, capture_output=True, text=True, check=False, timeout=120)


def test_each_line_gets_one_line_in_order() -> None:
    done = detect("".join(json.dumps({"text": text}) + "\n" for text in TEXTS))
    found = [json.loads(line) for line in done.stdout.splitlines()]
    assert done.returncode == 0, done.stderr
    assert [each["lang"] for each in found[:5]] == ["pl", "en", "ckb", "und", "und"]
    assert [each["action"] for each in found[:5]] == ["switch", "stay", "switch", "stay", "stay"]
    assert found[5]["action"] != "switch"
    assert all(set(each) == {"lang", "p", "action"} and 0 <= each["p"] <= 1 for each in found)
    assert found[3]["p"] == 0


def test_a_line_that_is_no_json_is_named_after_those_before_it_are_answered() -> None:
    done = detect('{"text": "dzień dobry wszystkim"}\nnot json\n')
    assert [json.loads(line)["lang"] for line in done.stdout.splitlines()] == ["pl"]
    assert done.returncode == 1
    assert done.stderr.startswith("earshot: Line 2 cannot be read")
    assert len(done.stderr.splitlines()) == 1


def test_the_voters_are_named() -> None:
    done = detect("", "--voters")
    assert done.stdout.split() == ["langdetect", "fasttext", "py3langid"]


@pytest.mark.parametrize(
    "line",
    [
        *(
            b'{"text": 3}',
            b'{"hint": "pl"}',
            b'["text"]',
            b'{"text": "a"',
            b'{"text": "\xff"}',
            b'{"text": "a", "hint": 1}',
        ),
        *(
            b'{"text": "\\ud8zz"}',
            b'\xef\xbb\xbf{"text": "a"}',
            b'{"text": "a", "of": ' + b"[" * 100_000 + b"]" * 100_000,
        ),
    ],
    ids=range(9),
)
def test_a_line_must_hold_a_text(line: bytes) -> None:
    with pytest.raises(Refusal, match="Line 2 cannot be read"):
        list(lines_of([b'{"text": "a"}\n', line + b"\n"]))


def test_an_empty_line_is_an_empty_text() -> None:
    assert list(lines_of([b"\n", b'{"text": "a", "hint": null}\n'])) == [Line(text=""), Line(text="a")]


def test_a_hint_is_heard() -> None:
    sense = LanguageSense()
    plain, hinted = (find(sense, Line(text="no se puede", hint=hint)) for hint in (None, "es"))
    assert hinted.p > plain.p
    assert find(sense, Line(text="42", hint="es")).lang == "und"


def test_every_label_is_one_of_ours() -> None:
    sense = LanguageSense()
    assert {find(sense, Line(text=text)).lang for text in TEXTS} <= {*LABELS, "und"}


@pytest.mark.parametrize(
    ("line", "text"),
    [
        pytest.param(rb"cut \ud83d", "cut \ufffd", id="the first half at an end"),
        pytest.param(rb"\ud83d\ud83d\ude00 \uDE00!", "\ufffd😀 \ufffd!", id="halves beside a whole one"),
        pytest.param(rb"\\ud83d \\\ud83d", "\\ud83d \\\ufffd", id="a backslash before the letter u"),
    ],
)
def test_half_a_character_is_read_as_the_sign_for_an_unknown_one(line: bytes, text: str) -> None:
    assert list(lines_of([b'{"text": "' + line + b'"}\n', b"\n"])) == [Line(text=text), Line(text="")]


def test_a_byte_order_mark_may_stand_before_the_first_line() -> None:
    assert list(lines_of([b'\xef\xbb\xbf{"text": "a"}\n', b"\n"])) == [Line(text="a"), Line(text="")]
    assert list(lines_of([b"\xef\xbb\xbf\n"])) == [Line(text="")]

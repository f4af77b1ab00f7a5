"""`detect`: in which language are these texts? One JSON line in, one out; for trying, measuring and scripts."""

import codecs
import re
import sys
from collections.abc import Iterable, Iterator
from typing import Annotated, Final

import msgspec
import typer

from bot.cli.compose import Refusal
from bot.language import FULL, Hint, LanguageSense, live_voters

_EXAMPLE: Final = 'Write one JSON object on each line, such as {"text": "dzień dobry"}.'

# Half of a character that JSON writes in two: programs that cut texts leave some, and no text can hold it. What is an
# escape of something else, or both halves, is passed over whole.
_HALF = re.compile(rb"\\(?:ud[89ab][0-9a-f]{2}\\ud[c-f][0-9a-f]{2}|(?P<half>ud[89a-f][0-9a-f]{2})|.)", re.IGNORECASE)


class Line(msgspec.Struct, frozen=True):
    """One line in: a text, and a language that is likely for it before it is read."""

    text: str
    hint: str | None = None


class Found(msgspec.Struct, frozen=True):
    """One line out: a code or `und`, its chance, and what a bot that offers every language should do."""

    lang: str
    p: float
    action: str


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("detect", help="Say which language each text on standard input is in; one JSON line each.")(detect)


def detect(
    voters: Annotated[bool, typer.Option("--voters", help="Only say which voters are installed.")] = False,
) -> None:
    """Read `{"text": ..., "hint": ...?}` lines; write a `{"lang", "p", "action"}` line for each, at once."""
    live = live_voters(FULL)
    if voters:
        print(" ".join(voter.name for voter in live))
        return
    sense = LanguageSense(voters=live)
    for line in lines_of(sys.stdin.buffer):
        print(msgspec.json.encode(find(sense, line)).decode(), flush=True)


def find(sense: LanguageSense, line: Line) -> Found:
    """Read one text by itself."""
    verdict, _ = sense.read(line.text, hint=Hint(line.hint) if line.hint else None)
    return Found(lang=verdict.lang or "und", p=round(verdict.p, 4), action=verdict.action)


def lines_of(source: Iterable[bytes]) -> Iterator[Line]:
    """Read lines of JSON, an empty one as an empty text. Raises Refusal at the first that is none, naming it.

    A byte order mark may stand before the first. Half a character becomes U+FFFD.
    """
    for number, read in enumerate(source, 1):
        line = read.removeprefix(codecs.BOM_UTF8) if number == 1 else read
        try:
            yield msgspec.json.decode(_HALF.sub(_whole, line), type=Line) if line.strip() else Line(text="")
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as problem:
            raise Refusal(f"Line {number} cannot be read: {problem}. {_EXAMPLE}") from problem


def _whole(escape: re.Match[bytes]) -> bytes:
    return rb"\ufffd" if escape["half"] else escape[0]

"""The labelled replies of replies_*.toml: every clear one exact, every unclear one asked again, no wrong code."""

import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

import pytest

from bot.core.reading import Asked, Chosen, Dated, Declined, Number, Option, Reading, Unclear, Words, read_reply
from bot.core.survey import QuestionType
from tests.core.words import LANGUAGES, TODAY, words_of

UNCLEAR, DECLINED = "(unclear)", "(declined)"


@dataclass(frozen=True)
class Reply:
    language: str
    question: str
    asked: Asked
    text: str
    meant: str


def _replies(path: Path) -> Iterator[Reply]:
    table = tomllib.loads(path.read_text(encoding="utf-8"))
    for question in table["question"]:
        options = tuple(Option(o[0], number, tuple(o[1:])) for number, o in enumerate(question.get("options", ()), 1))
        asked = Asked(QuestionType(question["type"]), options, question.get("most"), TODAY)
        labelled = {**question["clear"], DECLINED: question["declined"], UNCLEAR: question["unclear"]}
        for meant, texts in labelled.items():
            for text in texts:
                yield Reply(table.get("language", "en"), question["name"], asked, text, meant)


HERE = Path(__file__).parent
REPLIES = tuple(_replies(HERE / "replies_en.toml"))
OTHERS = tuple(
    reply for language in LANGUAGES if language != "en" for reply in _replies(HERE / f"replies_{language}.toml")
)


def as_labelled(asked: Asked, reading: Reading) -> str:
    match reading:
        case Chosen(codes):
            return " ".join(option.code for option in asked.options if option.code in codes)
        case Number(value):
            return str(value.normalize() if value % 1 else Decimal(int(value)))
        case Dated(value):
            return value.isoformat()
        case Words(text):
            return text
        case Declined():
            return DECLINED
        case Unclear():
            return UNCLEAR


def _name(reply: Reply) -> str:
    return f"{reply.language}, {reply.question}: {reply.text}"


@pytest.mark.parametrize("reply", [*REPLIES, *OTHERS], ids=_name)
def test_a_reply_is_read_as_it_is_labelled(reply: Reply) -> None:
    words = words_of(reply.language)
    assert reply.meant == as_labelled(reply.asked, read_reply(reply.asked, reply.text, words))


def test_enough_replies_are_labelled_over_enough_questions() -> None:
    assert len(REPLIES) >= 1000
    assert len({reply.question for reply in REPLIES}) >= 15
    assert len(REPLIES) == len({(reply.question, reply.text) for reply in REPLIES})
    assert len(OTHERS) >= 600
    assert len(OTHERS) == len({(reply.language, reply.question, reply.text) for reply in OTHERS})


@pytest.mark.parametrize("language", [language for language in LANGUAGES if language != "en"])
def test_every_language_has_clear_and_unclear_replies_of_every_kind(language: str) -> None:
    own = [reply for reply in OTHERS if reply.language == language]
    assert len(own) >= 100
    assert sum(reply.meant == UNCLEAR for reply in own) >= 25
    assert {reply.asked.type for reply in own} >= {
        QuestionType.SELECT_ONE,
        QuestionType.SELECT_MULTIPLE,
        QuestionType.INTEGER,
    }

"""The labelled replies of replies_en.toml: every clear one exact, every unclear one asked again, no wrong code."""

import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

import pytest

from bot.core.reading import Asked, Chosen, Dated, Declined, Number, Option, Reading, Unclear, Words, read_reply
from bot.core.survey import QuestionType
from tests.core.words import TODAY, WORDS

UNCLEAR, DECLINED = "(unclear)", "(declined)"


@dataclass(frozen=True)
class Reply:
    question: str
    asked: Asked
    text: str
    meant: str


def _replies() -> Iterator[Reply]:
    table = tomllib.loads((Path(__file__).parent / "replies_en.toml").read_text(encoding="utf-8"))
    for question in table["question"]:
        options = tuple(Option(o[0], number, tuple(o[1:])) for number, o in enumerate(question.get("options", ()), 1))
        asked = Asked(QuestionType(question["type"]), options, question.get("most"), TODAY)
        labelled = {**question["clear"], DECLINED: question["declined"], UNCLEAR: question["unclear"]}
        for meant, texts in labelled.items():
            for text in texts:
                yield Reply(question["name"], asked, text, meant)


REPLIES = tuple(_replies())


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


@pytest.mark.parametrize("reply", REPLIES, ids=lambda reply: f"{reply.question}: {reply.text}")
def test_a_reply_is_read_as_it_is_labelled(reply: Reply) -> None:
    assert reply.meant == as_labelled(reply.asked, read_reply(reply.asked, reply.text, WORDS))


def test_enough_replies_are_labelled_over_enough_questions() -> None:
    assert len(REPLIES) >= 1000
    assert len({reply.question for reply in REPLIES}) >= 15
    assert len(REPLIES) == len({(reply.question, reply.text) for reply in REPLIES})

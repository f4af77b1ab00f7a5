"""A town that answered in several modes, some of it marked: what a report by mode is made of."""

import random
from collections.abc import Iterator
from dataclasses import replace

from bot.core.survey import Choice, QuestionType, Role
from storage.annotations import Noticed, keep
from storage.script import Database
from tests.analysis.filling import AGREE, BEGAN, MINUTE, NEEDS, Answer, Response, ask, publish, version
from tests.analysis.filling import keep as keep_responses

AGES = tuple(Choice(name, {"en": label}) for name, label in (("young", "16-34"), ("middle", "35-64"), ("old", "65 up")))
SURVEY = version(
    "1",
    replace(ask("safe", choices=AGREE), sms_label={"en": "Safe?"}),
    ask("needs", QuestionType.SELECT_MULTIPLE, choices=NEEDS),
    ask("why", QuestionType.TEXT, role=Role.OPEN),
    ask("where", choices=AGREE, relevant="${safe} = 'disagree'"),
    ask("age", choices=AGES, role=Role.DEMOGRAPHIC),
    closes="2027-06-30",
)
MODES = {"sms": 140, "web": 60, "whatsapp": 25, "paper": 4}


def resident(id: str, mode: str, chance: random.Random, person: str = "") -> Response:
    """Give one resident's answers."""
    input = {"web": "web", "paper": "assisted"}.get(mode, "typed")
    began = BEGAN + chance.randrange(900) * MINUTE
    safe = chance.choices(["agree", "neither", "disagree", None], [6, 1, 2, 1])[0]
    values = [Answer("safe", code=safe) if safe else Answer("safe", state="skipped")]
    if safe == "disagree":
        values.append(Answer("where", code=chance.choice(["agree", "disagree"])))
    values += [Answer("needs", code=each, item=each) for each in ("lights", "buses", "parks") if chance.random() < 0.4]
    if chance.random() < 0.5:
        values.append(Answer("why", said=f"Because {chance.random()}"))
    is_done = chance.random() < 0.8
    if is_done:
        values.append(Answer("age", code=chance.choices(["young", "middle", "old"], [5, 4, 1])[0]))
    answers = [replace(each, at=began + n * MINUTE, input=input, channel=mode) for n, each in enumerate(values, 1)]
    return Response(
        id,
        answers,
        respondent=person,
        source=mode,
        began=began,
        completed=began + 9 * MINUTE if is_done else None,
        campaign=chance.choice(["", "", "hall7", "mosque"]),
        core=(3, 3) if is_done else (1, 3),
    )


def residents(seed: int = 1) -> Iterator[Response]:
    """Give the town; some people answered twice."""
    chance = random.Random(seed)
    for mode, many in MODES.items():
        for number in range(many):
            twice = f"{mode}-twice{number // 2}" if number < 16 else ""
            yield resident(f"{mode}{number:03}", mode, chance, twice)


async def fill(database: Database, seed: int = 1, flagged: int = 18) -> list[Response]:
    """Publish the survey, keep the town, and mark some who texted."""
    everyone = list(residents(seed))
    await database.run(publish(SURVEY))
    await database.run(keep_responses(*everyone))
    noticed = [Noticed(f"sms{number:03}", "similar_text", "sms010", "why") for number in range(10, 10 + flagged)]
    noticed.append(Noticed("sms100", "no_campaign"))
    await database.run(lambda: keep("stoke", noticed, "planted", "ann", BEGAN))
    return everyone

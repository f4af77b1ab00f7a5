"""The same residents answer by text, in two apps, on the web and on paper: their rows are the same, but for how.

10 residents by default; EARSHOT_RESIDENTS names another number, such as 500.
"""

import asyncio
import os
import random
import shutil
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final
from uuid import uuid4

from msgspec.structs import replace as replace_struct

from bench.walk import OPEN_ANSWERS
from bot.cli.compose import wording
from bot.core.form import Became, Posted
from bot.core.survey import Question, QuestionType, Role, SurveyDefinition
from bot.service.forms import Beginning, Forms
from bot.service.inbox import Inbox
from bot.service.library import Library
from channels.base import Inbound, Kind
from channels.looks import SMS, TELEGRAM, WHATSAPP, Look
from channels.simulator import SimulatorChannel
from storage import surveys
from storage.database import open_database
from storage.entries import Holder
from storage.ids import TimeOrderedIds
from storage.keys import KeyRing
from storage.script import Database
from tests.analysis.filling import NOW
from tests.conftest import SECRET
from tests.end_to_end.counting import answers
from tests.playing import shipped

RESIDENTS = int(os.environ.get("EARSHOT_RESIDENTS", "10"))
TEXTED: Final = ("sms", "whatsapp", "telegram")
ENTERED: Final = ("web", "paper")
HOW: Final = {
    "response_id", "source", "channel", "started_at", "last_answer_at", "completed_at", "assisted", "language_source"
}  # fmt: skip
"""The columns that say who, where, when and by which way."""

# Which question is asked where is the survey's own affair. Here each is asked everywhere, but for the one whose options
# depend on an answer, and for what is no answer: whether to be written to.
SURVEY: Final = replace(
    shipped(),
    questions=tuple(
        replace(each, channels=())
        for each in shipped().questions
        if not each.choice_filter and each.role is not Role.CONTACT
    ),
)
ASKED: Final = tuple(each for each in SURVEY.questions if each.is_asked)


@dataclass(frozen=True)
class Meant:
    """What a resident means by an answer: some of the choices, by their places, or words."""

    question: Question
    places: tuple[int, ...] = ()
    words: str = ""

    @property
    def texted(self) -> str:
        return self.words or " ".join(str(place + 1) for place in self.places)

    @property
    def posted(self) -> dict[str, object]:
        return (
            {"text": self.words}
            if self.words
            else {"choices": tuple(self.question.choices[p].name for p in self.places)}
        )


def resident(number: int) -> list[Meant]:
    """Make up what one resident means. A question may be passed over."""
    chance = random.Random(number)
    meant = []
    for question in ASKED:
        if chance.random() < 0.1:
            meant.append(Meant(question))
        elif question.type is QuestionType.TEXT:
            meant.append(Meant(question, words=f"{chance.choice(OPEN_ANSWERS)} ({number})"))
        else:
            several = question.type is QuestionType.SELECT_MULTIPLE
            places = chance.sample(range(len(question.choices)), chance.randint(1, 3) if several else 1)
            meant.append(Meant(question, tuple(sorted(places))))
    return meant


class Phones(SimulatorChannel):
    """The phones of one channel, of people who mean it."""

    def __init__(self, name: str, look: Look) -> None:
        super().__init__(name, look)
        self.capabilities = replace_struct(look.capabilities, is_test=False)


class Street:
    """The service over one database, and its clock."""

    def __init__(self, database: Database, keys: KeyRing, library: Library) -> None:
        channels = {name: Phones(name, look) for name, look in zip(TEXTED, (SMS, WHATSAPP, TELEGRAM), strict=True)}
        self.inbox = Inbox(database, keys, channels, library, new_id=TimeOrderedIds())
        self.forms = Forms(database, keys, library, now=lambda: NOW)

    async def texts(self, channel: str, number: int, meant: Sequence[Meant]) -> None:
        for text in (SURVEY.keywords[0], *(each.texted or "SKIP" for each in meant)):
            await self.inbox.handle(
                Inbound(channel, "test", "test", uuid4().hex, Kind.TEXT, f"{channel} {number}", "us", text, NOW)
            )

    async def enters(self, source: str, meant: Sequence[Meant]) -> None:
        secret = uuid4().hex + uuid4().hex
        helper = "" if source == "web" else "amina"
        entry = await self.forms.begin(Beginning(SURVEY.id, "en", False, secret, source=source, entered_by=helper))
        holder = Holder(id=entry, entered_by=helper) if helper else Holder(SURVEY.id, secret)
        for each in meant:
            sheet = await self.forms.sheet(holder)
            assert sheet is not None
            page = sheet.page(each.question.name)
            assert page is not None
            how = each.posted if each.texted else {"skips": True}
            posted = Posted(**{"question": each.question.name, "step": page.step, "mark": sheet.mark, **how})  # type: ignore[arg-type]
            went = await self.forms.take(holder, posted)
            assert went is not None
            assert went[1].became is Became.KEPT


async def test_the_same_residents_give_the_same_rows_whichever_way_they_answer(migrated: Path, tmp_path: Path) -> None:
    shutil.copy(migrated, tmp_path / "earshot.db")
    database = await open_database(f"sqlite:///{tmp_path / 'earshot.db'}")
    keys = await KeyRing.open(database, SECRET)
    await publish(database, SURVEY)
    library = Library(database, wording())
    await library.load()
    street = Street(database, keys, library)
    people = [resident(number) for number in range(RESIDENTS)]
    try:
        for source in TEXTED:
            await asyncio.gather(*(street.texts(source, number, meant) for number, meant in enumerate(people)))
    finally:
        await street.inbox.close()
    for source in ENTERED:
        for meant in people:
            await street.enters(source, meant)
    rows = await answers(database, SURVEY.id, tmp_path, NOW)
    await database.close()
    by_source = {
        source: sorted(
            tuple(cell for name, cell in row.items() if name not in HOW) for row in rows if row["source"] == source
        )
        for source in (*TEXTED, *ENTERED)
    }
    assert [len(each) for each in by_source.values()] == [RESIDENTS] * 5
    assert {row["status"] for row in rows} == {"complete"}
    for source in (*TEXTED, *ENTERED):
        assert by_source[source] == by_source["sms"], source


async def publish(database: Database, definition: SurveyDefinition) -> None:
    await database.run(
        lambda: surveys.publish(definition.id, definition.version, definition.hash, definition.to_json(), NOW)
    )

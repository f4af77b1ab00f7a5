"""The responses of one person, found for some responses of a survey or for all of them."""

import asyncio
from dataclasses import replace

from bot.analysis.columns import read_published
from bot.analysis.rows import Selection, read_duplicates
from storage.script import Database, Run, Script
from tests.analysis.filling import BEGAN, NOW, STOKE, Response, keep, publish


async def test_for_some_responses_the_others_of_the_same_people_count_and_nobody_else_is_looked_at(
    database: Database,
) -> None:
    await database.run(publish(STOKE))
    await database.run(
        keep(
            Response("a1", respondent="p", began=BEGAN),
            Response("a2", respondent="q", began=BEGAN + 1, core=(3, 3), completed=NOW),
            Response("a3", respondent="r", began=BEGAN + 2),
            Response("b1", respondent="s", began=BEGAN),
            Response("b2", respondent="s", began=BEGAN + 1),
            Response("c1", respondent="t", began=BEGAN),
        )
    )

    def join() -> Script[None]:
        yield Run("UPDATE respondent SET person_id = 'p' WHERE id IN ('q', 'r')")

    await database.run(join)
    published = await database.read(lambda: read_published("stoke"))
    everybody = Selection(published, NOW, include_test=False)
    whole = await asyncio.to_thread(read_duplicates, database, everybody)
    assert {response: each.is_primary for response, each in whole.items()} == {
        "a1": False, "a2": True, "a3": False, "b1": False, "b2": True,
    }  # fmt: skip
    some = await asyncio.to_thread(read_duplicates, database, replace(everybody, among=["a3", "c1"]))
    assert some == {response: whole[response] for response in ("a1", "a2", "a3")}

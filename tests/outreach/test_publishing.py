"""A survey's last day, and versions of which a word or a last day is all that matters."""

from dataclasses import replace
from functools import partial

import pytest

from bot.core.survey import SurveyDefinition
from bot.outreach.closing import close_on
from bot.outreach.publishing import PublicationRefused
from bot.outreach.publishing import publish as publish_version
from storage import surveys
from storage.script import Database, Script
from tests.service.forms_scene import DAY, HALLS, NOON, publish

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)

LAST = "2026-01-31"


async def versions(database: Database) -> list[tuple[str, str, bool]]:
    rows = await database.read(surveys.every_version)
    return [(row.survey, row.version, row.closed_at is not None) for row in rows if row.is_current]


async def test_a_last_day_makes_a_version_that_differs_in_nothing_else(database: Database) -> None:
    await publish(database, HALLS)
    await close_on(database, "halls", f" {LAST} ", "ada", NOON + DAY)
    assert await versions(database) == [("halls", f"1+{LAST}", False)]
    _, dated = await database.read(surveys.every_version)
    assert dated.definition == replace(HALLS, closes=LAST, version=f"1+{LAST}").to_json()


@pytest.mark.parametrize(
    ("definition", "day", "said"),
    [
        pytest.param(HALLS, "soon", "must be a date", id="no date"),
        pytest.param(HALLS, "9999-12-31", "in the years 2000 to 2999", id="the end of the calendar"),
        pytest.param(HALLS, "2026-01-13", "is over", id="yesterday"),
        pytest.param(replace(HALLS, closes="2026-02-01"), LAST, "a last day already: 2026-02-01", id="it has one"),
        pytest.param(replace(HALLS, opens="2026-02-01T09:00"), LAST, "before it opens", id="before it opens"),
        pytest.param(replace(HALLS, id="museum"), LAST, "no survey 'halls'", id="no such survey"),
    ],
)
async def test_a_last_day_that_will_not_do_changes_nothing(
    database: Database, definition: object, day: str, said: str
) -> None:
    await publish(database, definition)  # type: ignore[arg-type]
    before = await versions(database)
    with pytest.raises(PublicationRefused, match=said):
        await close_on(database, "halls", day, "ada", NOON)
    assert await versions(database) == before


async def test_the_day_on_which_it_opens_may_be_its_last(database: Database) -> None:
    await publish(database, replace(HALLS, opens=f"{LAST}T09:00"))
    await close_on(database, "halls", LAST, "ada", NOON)
    assert await versions(database) == [("halls", f"1+{LAST}", False)]


async def test_a_survey_that_somebody_has_closed_stays_closed(database: Database) -> None:
    await publish(database, HALLS)
    await database.run(lambda: surveys.close("halls", NOON))
    with pytest.raises(PublicationRefused, match="Somebody has closed"):
        await close_on(database, "halls", LAST, "ada", NOON)
    assert await versions(database) == [("halls", "1", True)]


async def test_a_word_that_another_open_survey_has_is_refused(database: Database) -> None:
    await publish(database, HALLS)
    await publish(database, replace(HALLS, id="museum"))
    with pytest.raises(PublicationRefused, match="HALLS belongs to museum"):
        await close_on(database, "halls", LAST, "ada", NOON)


async def test_a_version_of_that_name_that_differs_in_more_is_never_changed(database: Database) -> None:
    other = replace(HALLS, version=f"1+{LAST}", closes=LAST, questions=HALLS.questions[1:])
    await publish(database, other)
    await publish(database, HALLS)
    with pytest.raises(PublicationRefused, match="with other content"):
        await close_on(database, "halls", LAST, "ada", NOON)
    assert await versions(database) == [("halls", "1", False)]


@pytest.mark.parametrize("is_dated", [True, False])
async def test_the_same_version_with_other_questions_is_refused_dated_or_not(
    database: Database, is_dated: bool
) -> None:
    await publish(database, HALLS)
    other = replace(HALLS, closes=LAST, questions=HALLS.questions[1:])
    with pytest.raises(PublicationRefused, match="halls version 1 is published already"):
        await database.run(lambda: publish_version(other, NOON, is_dated=is_dated))


async def test_a_file_that_was_published_with_a_last_day_re_opens_with_the_newest_of_them(database: Database) -> None:
    def dated(day: str) -> Script[SurveyDefinition]:
        return publish_version(replace(HALLS, closes=day), NOON, is_dated=True)

    for day, version in ((LAST, "1"), ("2026-02-28", "1+2026-02-28")):
        await database.run(partial(dated, day))
        await database.run(lambda: surveys.close("halls", NOON))
        published = await database.run(lambda: publish_version(HALLS, NOON, is_dated=False))
        assert (published.version, published.closes) == (version, day)
        assert await versions(database) == [("halls", version, False)]


async def test_a_last_day_that_the_sheet_has_changed_needs_a_new_version(database: Database) -> None:
    await publish(database, replace(HALLS, closes=LAST))
    with pytest.raises(PublicationRefused, match="give the settings sheet a new version"):
        await database.run(lambda: publish_version(replace(HALLS, closes="2026-03-01"), NOON, is_dated=False))

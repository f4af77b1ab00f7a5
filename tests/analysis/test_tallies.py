"""Live totals, counted from rows made by hand, on both engines."""

from dataclasses import replace
from datetime import date

import pytest

from bot.analysis.columns import UnknownSurvey
from bot.analysis.tallies import Activity, Reached, Total, activities, breakdowns, tally
from bot.core.survey import Role
from storage.script import Database, Run, Script
from tests.analysis.filling import BEGAN, DAY, MINUTE, NOW, Answer, Response, ask, keep, publish
from tests.web.outreach_scene import FAITHS, SURVEY, residents

HOUR = 60 * MINUTE
LATE_EVENING = 1_782_858_600_000  # 30 June 2026, 22:30 UTC: half an hour before midnight in London
AFTER_MIDNIGHT = LATE_EVENING + HOUR


async def test_a_campaign_counts_its_own_and_nobody_elses(database: Database) -> None:
    await database.run(publish(SURVEY))
    yes = Answer("safe", code="yes")
    rows = [
        Response("a", (yes, Answer("why", state="skipped")), campaign="hall7", completed=BEGAN + MINUTE),
        Response("b", (yes,), campaign="hall7", source="whatsapp"),
        Response("c", (), campaign="hall7", source="assisted", began=BEGAN - DAY),
        Response("d", (yes,), campaign="other"),
        Response("e", (yes,)),
        Response("f", (yes,), campaign="hall7", test=True),
    ]
    await database.run(keep(*rows))
    counted = await database.read(lambda: tally("stoke", "hall7", include_test=False, now=NOW))
    assert counted.all == Total("", 3, 1)
    assert counted.by_channel == [Total("assisted", 1, 0), Total("sms", 1, 1), Total("whatsapp", 1, 0)]
    assert (counted.by_language, counted.by_language_before) == ([Total("en", 3, 1)], [Total("en", 3, 1)])
    assert counted.by_day == [(date(2026, 11, 21), 1), (date(2026, 11, 22), 2)]
    assert counted.questions[:2] == [Reached("safe", 2, 0, 0, 0, left=1), Reached("why", 0, 1, 0, 0, left=0)]
    assert counted.left_before == 1
    assert counted.last_at == BEGAN
    everybody = await database.read(lambda: tally("stoke", None, include_test=False, now=NOW))
    assert everybody.by_campaign == [Total("hall7", 3, 1), Total("", 1, 0), Total("other", 1, 0)]
    trials = await database.read(lambda: tally("stoke", "hall7", include_test=True, now=NOW))
    assert trials.all == Total("", 4, 1)


async def test_the_newest_revision_alone_counts(database: Database) -> None:
    await database.run(publish(SURVEY))
    changed = (Answer("safe", code="yes"), Answer("safe", state="skipped", revision=2))
    await database.run(keep(Response("a", changed)))
    counted = await database.read(lambda: tally("stoke", None, include_test=False, now=NOW))
    assert counted.questions[0] == Reached("safe", 0, 1, 0, 0, left=1)


async def test_nobody_left_at_what_was_worked_out_or_not_asked(database: Database) -> None:
    await database.run(publish(SURVEY))
    nobody_s = (Answer("why", state="not_applicable"), Answer("sum", code="1", rule="calculated"))
    await database.run(keep(Response("a", (Answer("safe", code="yes"), *nobody_s)), Response("b", nobody_s)))
    counted = await database.read(lambda: tally("stoke", None, include_test=False, now=NOW))
    assert [each.left for each in counted.questions[:2]] == [1, 0]
    assert counted.left_before == 1


async def test_a_day_is_londons_day(database: Database) -> None:
    await database.run(publish(SURVEY))
    await database.run(keep(Response("a", (), began=LATE_EVENING), Response("b", (), began=AFTER_MIDNIGHT)))
    counted = await database.read(lambda: tally("stoke", None, include_test=False, now=AFTER_MIDNIGHT))
    assert counted.by_day == [(date(2026, 6, 30), 1), (date(2026, 7, 1), 1)]


async def test_nobody_has_come_yet(database: Database) -> None:
    await database.run(publish(SURVEY))
    counted = await database.read(lambda: tally("stoke", "hall7", include_test=False, now=NOW))
    assert (counted.all, counted.by_day, counted.last_at) == (Total("", 0, 0), [], None)


async def test_a_survey_that_nobody_published_has_no_totals(database: Database) -> None:
    with pytest.raises(UnknownSurvey):
        await database.read(lambda: tally("nowhere", None, include_test=False, now=NOW))


async def test_every_campaign_has_its_activity(database: Database) -> None:
    await database.run(publish(SURVEY))
    await database.run(keep(*residents(3, "hall7", age="old"), *residents(2, "other"), *residents(4)))

    def hear() -> Script[None]:
        yield Run("UPDATE response SET last_inbound_at = :at WHERE campaign = 'other'", {"at": NOW})

    await database.run(hear)
    found = await database.read(lambda: activities(include_test=False))
    assert found == {"hall7": Activity(3, 3, BEGAN), "other": Activity(2, 0, NOW)}


async def test_small_counts_of_about_you_answers_are_hidden(database: Database) -> None:
    await database.run(publish(SURVEY))
    people = [*residents(20, "hall7", age="young"), *residents(12, "hall7", age="middle")]
    await database.run(keep(*people, *residents(3, "hall7", age="old"), *residents(50, "other", age="old")))
    (age,) = await database.read(lambda: breakdowns("stoke", "hall7", include_test=False, now=NOW))
    assert (age.question.name, age.counts) == ("age", {"young": 20, "middle": None, "old": None})


async def test_about_you_answers_count_as_they_stood_when_today_began_in_london(database: Database) -> None:
    await database.run(publish(SURVEY))
    changed = (Answer("age", code="old", at=LATE_EVENING), Answer("age", code="young", revision=2, at=AFTER_MIDNIGHT))
    rows = [Response(f"r{place}", changed, began=LATE_EVENING) for place in range(10)]
    rows += [Response(f"s{place}", (Answer("age", code="middle", at=AFTER_MIDNIGHT),)) for place in range(10)]
    await database.run(keep(*rows))

    async def counted(now: int) -> dict[str, int | None]:
        found = await database.read(lambda: breakdowns("stoke", None, include_test=False, now=now))
        return {code: count for each in found for code, count in each.counts.items()}

    assert await counted(LATE_EVENING) == {}
    assert await counted(AFTER_MIDNIGHT) == {"young": 0, "middle": 0, "old": 10}
    assert await counted(AFTER_MIDNIGHT + DAY) == {"young": 10, "middle": 10, "old": 0}


async def test_a_question_that_an_about_you_answer_decides_is_not_counted_apart(database: Database) -> None:
    """Else "which faith group?" would tell how many hold a faith whose own number is hidden."""
    which = ask("which", choices=FAITHS, role=Role.DEMOGRAPHIC, relevant="${faith} = 'muslim'")
    among = ask("among", choices=FAITHS, role=Role.DEMOGRAPHIC, choice_filter="group = ${faith}")
    plain = ask("plain", choices=FAITHS, role=Role.DEMOGRAPHIC, relevant="${safe} = 'yes'")
    await database.run(publish(replace(SURVEY, questions=(*SURVEY.questions, which, among, plain))))
    about = [Answer(name, code="none") for name in ("among", "plain")]
    said = (Answer("age", code="old"), Answer("faith", code="muslim"), *about, Answer("which", code="none"))
    await database.run(keep(Response("a", said), Response("b", (Answer("faith", code="none"),))))
    found = await database.read(lambda: breakdowns("stoke", None, include_test=False, now=NOW))
    assert [each.question.name for each in found] == ["age", "faith", "plain"]
    counted = await database.read(lambda: tally("stoke", None, include_test=False, now=NOW))
    assert [each.name for each in counted.questions] == ["safe", "why", "age", "faith", "plain"]
    # Who went no further than such a question is counted with the one before it.
    assert [each.left for each in counted.questions] == [0, 0, 0, 2, 0]

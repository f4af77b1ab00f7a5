"""Every message has one place and the places add up, or the report says that they do not."""

from bot.analysis.counts import count
from bot.analysis.reconciliation import reconcile
from storage.script import Database
from tests.analysis.filling import BEGAN, NOW, STOKE, Answer, Message, Response, keep, publish, receive

FULL = Response(
    "a1",
    completed=BEGAN,
    answers=[
        Answer("safe", "1", "agree", inbound="m1"),
        Answer("safe", "2", "neither", revision=2, inbound="m2"),
        Answer("needs", "1 2", "lights", item="lights", inbound="m3"),
        Answer("needs", "1 2", "buses", item="buses", inbound="m3"),
        Answer("why", None, state="skipped", inbound="m4"),
    ],
)
HALF = Response("a2", source="whatsapp", answers=[Answer("safe", "1", "agree", channel="whatsapp")])
TRIAL = Response("a3", test=True, answers=[Answer("safe", "1", "agree")])
MESSAGES = [
    *(Message(f"m{n}", "answer", response="a1", question=name) for n, name in [(1, "safe"), (2, "safe"), (3, "needs")]),
    Message("m4", "command", response="a1"),
    *(Message(place, place) for place in ("noise", "unparsed", "late", "unhandled", "erased")),
    Message("m5", "answer", response="a1", question="updates"),
    Message("m6", "noise", survey=""),
    Message("m7", "noise", test=True),
]


async def fill(database: Database, *more: Message) -> None:
    await database.run(publish(STOKE))
    await database.run(keep(FULL, HALF, TRIAL))
    await database.run(receive(*MESSAGES, *more))


async def test_the_report_balances(database: Database) -> None:
    await fill(database)
    report = await reconcile(database, "stoke", include_test=False, now=NOW)
    assert report.is_balanced
    assert report.messages.inbound == 10
    assert report.messages.filed == {
        **{"answer": 4, "command": 1, "noise": 1, "unparsed": 1},
        **{"late": 1, "unhandled": 1, "erased": 1},
    }
    assert (report.unattached.inbound, report.unattached.filed["noise"]) == (1, 1)
    assert report.responses == {"complete": 1, "partial": 1, "breakoff": 0, "stopped": 0}
    assert report.answers == {"sms": 2, "whatsapp": 1}
    assert "Balanced: every message has its place" in str(report)


async def test_what_the_survey_worked_out_is_nobody_s_answer(database: Database) -> None:
    worked_out = [Answer("why", code="1", rule="calculated"), Answer("age", state="not_applicable")]
    await database.run(publish(STOKE))
    await database.run(keep(HALF, Response("a4", answers=worked_out)))
    assert (await reconcile(database, "stoke", include_test=False, now=NOW)).answers == {"whatsapp": 1}


async def test_trials_are_counted_where_asked_for(database: Database) -> None:
    await fill(database)
    report = await reconcile(database, "stoke", include_test=True, now=NOW)
    assert (report.messages.inbound, report.responses["partial"]) == (11, 2)


async def test_a_message_filed_as_an_answer_that_left_none_is_reported(database: Database) -> None:
    await fill(database, Message("lost", "answer", response="a1", question="safe"))
    report = await reconcile(database, "stoke", include_test=False, now=NOW)
    assert (report.answers_without_row, report.is_balanced) == (1, False)
    assert "NOT BALANCED: 0 messages have no known place, and 1 messages" in str(report)


async def test_a_message_in_an_unknown_place_is_reported(database: Database) -> None:
    await fill(database, Message("odd", "elsewhere"))
    report = await reconcile(database, "stoke", include_test=False, now=NOW)
    assert (report.messages.misplaced, report.is_balanced) == (1, False)


async def test_the_staff_page_has_counts_per_channel_and_question(database: Database) -> None:
    await fill(database)
    counts = await count(database, "stoke", include_test=False, now=NOW)
    assert counts.by_channel == {
        "sms": {"complete": 1, "partial": 0, "breakoff": 0, "stopped": 0},
        "whatsapp": {"complete": 0, "partial": 1, "breakoff": 0, "stopped": 0},
    }
    assert (counts.responses, counts.statuses["partial"]) == (2, 1)
    assert [(q.column, q.asked, q.answered, q.skipped) for q in counts.questions] == [
        *(("safe", 2, 2, 0), ("needs", 1, 1, 0), ("why", 1, 0, 1)),
        *(("age", 0, 0, 0), ("faith", 0, 0, 0)),
    ]

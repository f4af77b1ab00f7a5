"""When a survey takes answers."""

from datetime import UTC, date, datetime

import pytest

from bot.core.phrases import english_day
from bot.core.sitting import Listing
from bot.core.window import Window, closed_by_hand, closed_on, day_in_use, first_day, last_day, london_day, window
from tests.core.small_surveys import one, survey
from tests.playing import questionnaire, resident

ASKED = one("a", "A?")
HAND = datetime(2026, 6, 1, 9, tzinfo=UTC)


def moment(text: str) -> datetime:
    """Read a moment in UTC."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("opens", "closes", "closed_at", "at", "there"),
    [
        pytest.param("", "", None, "2026-01-01T00:00", Window.OPEN, id="no dates"),
        pytest.param("2026-05-01", "", None, "2026-04-30T22:59", Window.NOT_YET, id="a minute early, summer time"),
        pytest.param("2026-05-01", "", None, "2026-04-30T23:00", Window.OPEN, id="midnight in London"),
        pytest.param("", "2026-06-30", None, "2026-06-30T22:59", Window.OPEN, id="the last minute of the day"),
        pytest.param("", "2026-06-30", None, "2026-06-30T23:00", Window.CLOSED, id="the day after"),
        pytest.param("", "2026-12-31", None, "2026-12-31T23:59", Window.OPEN, id="the last minute in winter"),
        pytest.param("", "2026-06-30T17:00", None, "2026-06-30T16:00", Window.CLOSED, id="an hour in London"),
        pytest.param("", "2026-06-30T17:00:00Z", None, "2026-06-30T16:30", Window.OPEN, id="an hour with its zone"),
        pytest.param("", "2026-06-30", HAND, "2026-06-01T09:00", Window.CLOSED, id="closed by hand before its day"),
        pytest.param("", "", HAND, "2026-06-01T09:00", Window.CLOSED, id="closed by hand"),
        pytest.param("2026-05-01", "", HAND, "2026-04-01T00:00", Window.NOT_YET, id="before both"),
    ],
)
def test_a_moment_lies_before_in_or_after_the_time_of_a_survey(
    opens: str, closes: str, closed_at: datetime | None, at: str, there: Window
) -> None:
    definition = survey(ASKED, opens=opens, closes=closes)
    assert window(definition, closed_at, moment(at)) is there
    assert Listing(questionnaire(definition), closed_at).window(moment(at)) is there


@pytest.mark.parametrize(
    ("closes", "closed_at", "told"),
    [("2026-06-30", None, "30 June 2026"), ("", HAND, "1 June 2026"), ("2026-06-30", HAND, "1 June 2026")],
    ids=["its day", "closed by hand", "whichever is earlier"],
)
def test_the_day_of_the_close_is_told_as_residents_know_it(closes: str, closed_at: datetime | None, told: str) -> None:
    definition = survey(ASKED, closes=closes)
    closed = closed_on(definition, closed_at)
    assert closed is not None
    assert english_day(last_day(closed)) == told
    phone = resident(definition, closed_at=closed_at)
    phone.wait(days=90)
    assert told in phone.text("parks")


def test_a_survey_without_a_close_has_none() -> None:
    assert closed_on(survey(ASKED), None) is None


def test_days_are_londons() -> None:
    assert first_day(moment("2026-04-30T23:00")) == date(2026, 5, 1)
    assert last_day(moment("2026-04-30T23:00")) == date(2026, 4, 30)
    assert str(london_day(moment("2026-04-30T23:30"))) == "2026-05-01"


def test_a_rehearsal_is_open_at_any_time_and_another_version_keeps_the_close() -> None:
    definition = survey(ASKED, opens="2026-05-01", closes="2026-06-30")
    listing = Listing(questionnaire(definition), HAND)
    assert listing.with_version(questionnaire(survey(ASKED))).window(HAND) is Window.CLOSED
    listing.open_always()
    assert listing.window(HAND) is Window.OPEN
    assert listing.window(moment("2020-01-01T00:00")) is Window.OPEN


def test_a_close_by_hand_is_read_as_storage_keeps_it() -> None:
    assert closed_by_hand(1_778_000_000_500) == datetime(2026, 5, 5, 16, 53, 20, 500_000, tzinfo=UTC)
    assert closed_by_hand(0) == datetime(1970, 1, 1, tzinfo=UTC)
    assert closed_by_hand(None) is None


@pytest.mark.parametrize(
    "written", ["1999-12-31", "3000-01-01", "9999-12-31", "20270131", "31/01/2027", "2027-02-30", ""]
)
def test_a_day_beyond_all_surveys_is_none(written: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        day_in_use(written)


def test_a_day_of_a_survey_is_read() -> None:
    assert [day_in_use("2000-01-01"), day_in_use("2999-12-31")] == [date(2000, 1, 1), date(2999, 12, 31)]

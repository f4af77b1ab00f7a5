"""Whatever happens to a conversation, in whatever order: what must hold after every message."""

import re
from collections.abc import Callable
from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core import conversation
from bot.core.commands import CommandKind
from bot.core.effects import File, Filed, NoteOptIn, Record, Say
from bot.core.events import (
    Began,
    Circumstances,
    Commanded,
    Delayed,
    Edited,
    Event,
    KeywordAgain,
    PerhapsKeyword,
    Started,
    Stopped,
    Tapped,
    Wrote,
)
from bot.core.language_names import NAMES
from bot.core.limits import OPTION_ID_BYTES
from bot.core.message import Heard
from bot.core.sitting import Outcome
from bot.core.state import AnswerState, Phase, State
from bot.core.survey import SurveyDefinition
from bot.core.window import Window
from channels.segments import count
from tests.core.happenings import (
    MARK,
    Happening,
    Sent,
    Text,
    begun,
    enough,
    happen,
    histories,
    phones,
    several_surveys,
    texts,
)
from tests.core.phones import begun as begun_phone
from tests.playing import Resident, resident


@enough
@given(phones, histories)
def test_no_history_raises_and_every_state_survives_its_way_through_json(
    phone: Resident, history: list[Happening]
) -> None:
    for happening in begun(phone, history):
        happen(phone, happening)
        for outcome in phone.outcomes[-1:]:
            for thread in outcome.changed:
                assert State.from_json(thread.state.to_json()) == thread.state


@enough
@given(phones, histories, st.sampled_from([Text("STOP"), Text("Unsubscribe."), Sent(Heard.CARRIER_STOP)]), histories)
def test_stop_silences_from_any_state_until_start(
    phone: Resident, before: list[Happening], stop: Happening, after: list[Happening]
) -> None:
    for happening in begun(phone, before):
        happen(phone, happening)
    was_stopped = phone.person.is_stopped
    said = happen(phone, stop)
    assert phone.person.is_stopped
    assert said == "" or (not was_stopped and stop != Sent(Heard.CARRIER_STOP))
    assert said is not None
    assert said.count("\n") == 0
    for happening in after:
        if happening == Sent(Heard.CARRIER_START) or (
            isinstance(happening, Text) and "start" in happening.text.lower()
        ):
            break
        assert not happen(phone, happening)
        assert phone.person.is_stopped
        effects = [effect for _, effect in phone.outcomes[-1].effects]
        assert not any(isinstance(effect, Record | NoteOptIn) for effect in effects)
    phone.wait(minutes=61)  # a new budget of replies
    assert phone.text("START")
    assert not phone.person.is_stopped


@enough
@given(phones, histories)
def test_what_awaits_an_answer_shows_its_place_and_the_last_message_none(
    phone: Resident, history: list[Happening]
) -> None:
    for happening in begun(phone, history):
        if not happen(phone, happening) or phone.outcomes[-1].erases:
            continue
        thread = phone.threads.get(phone.person.current)
        names = {f"new{i}": phone.person.current for i in range(3)}
        spoken = [
            effect.text
            for key, effect in phone.outcomes[-1].effects
            if isinstance(effect, Say) and names.get(key, key) == phone.person.current
        ]
        if thread is None or not spoken:
            continue
        is_closed = phone.desk.listings[thread.survey].window(phone.at) is Window.CLOSED
        places = [(int(n), int(of)) for n, of in re.findall(r"(?<!\d)(\d+)/(\d+)(?!\d)", spoken[-1])]
        if thread.state.phase is Phase.COMPLETE or is_closed:
            assert places == [], spoken
        else:
            assert len(places) == 1, spoken
            assert 1 <= places[0][0] <= places[0][1], spoken


@enough
@given(phones, histories)
def test_the_message_that_completes_a_survey_says_thank_you(phone: Resident, history: list[Happening]) -> None:
    done: set[str] = set()
    for happening in begun(phone, history):
        said = happen(phone, happening)
        now = {key for key, thread in phone.threads.items() if thread.state.completed_at is not None}
        if said and now - done:
            assert "Thank you" in said
            assert not re.search(r"\d/\d", said)
        done = now


@enough
@given(phones, histories)
def test_no_message_repeats_what_a_resident_wrote(phone: Resident, history: list[Happening]) -> None:
    for happening in [*begun(phone, history), Text("mydata"), Text("back"), Text("change 1"), Text("help")]:
        assert MARK not in (happen(phone, happening) or "")


@enough
@given(phones, histories)
def test_codes_are_always_among_the_options_and_unreadable_texts_change_none(
    phone: Resident, history: list[Happening]
) -> None:
    for happening in begun(phone, history):
        before = dict(phone.answers)
        if happen(phone, happening) is None:
            continue
        outcome = phone.outcomes[-1]
        if outcome.erases:
            continue
        for (key, name), record in phone.answers.items():
            asked = phone.threads[key].questionnaire.question(name)
            codes = [choice.name for choice in asked.choices]
            assert set(record.codes) <= set(codes)
            assert list(record.codes) == sorted(record.codes, key=codes.index)
            assert bool(record.codes) == (record.state is AnswerState.ANSWERED and asked.is_closed)
        if outcome.filed is Filed.UNPARSED:
            answered = {place for place, record in before.items() if record.codes}
            assert {place: phone.answers[place] for place in answered} == {place: before[place] for place in answered}


@enough
@given(phones, histories)
def test_revisions_grow_by_one_and_a_complete_survey_stays_complete(phone: Resident, history: list[Happening]) -> None:
    revisions: dict[tuple[str, str], int] = {}
    completed: dict[str, int] = {}
    for happening in begun(phone, history):
        if happen(phone, happening) is None:
            continue
        outcome = phone.outcomes[-1]
        if outcome.erases:
            revisions, completed = {}, {}
            continue
        for place, record in phone.answers.items():
            if revisions.get(place) != record.revision:
                assert record.revision > revisions.get(place, 0)
        steps: dict[tuple[str, str], list[int]] = {}
        for key, effect in outcome.effects:
            if isinstance(effect, Record):
                steps.setdefault((_named(phone, outcome, key), effect.question), []).append(effect.revision)
        for place, numbers in steps.items():
            start = revisions.get(place, 0)
            assert numbers == list(range(start + 1, start + 1 + len(numbers)))
        revisions = {place: record.revision for place, record in phone.answers.items()}
        for key, thread in phone.threads.items():
            if key in completed:
                assert thread.state.completed_at == completed[key]
                assert thread.state.stopped_at is None
            elif thread.state.completed_at is not None:
                completed[key] = thread.state.completed_at


def _named(phone: Resident, outcome: Outcome, key: str) -> str:
    """Return the phone's own name for a conversation that this outcome began."""
    return phone.person.current if key in outcome.begun else key


@enough
@given(several_surveys, histories)
def test_the_same_history_gives_the_same_outcome(
    made: list[Callable[[], SurveyDefinition]], history: list[Happening]
) -> None:
    first, second = (resident(*(make() for make in made)) for _ in range(2))
    for happening in begun(first, history):
        assert happen(first, happening) == happen(second, happening)
    assert first.threads.keys() == second.threads.keys()
    assert [t.state for t in first.threads.values()] == [t.state for t in second.threads.values()]
    assert (first.person, first.answers, first.opt_ins) == (second.person, second.answers, second.opt_ins)


@enough
@given(phones, histories)
def test_buttons_have_short_ids_and_english_costs_no_more_than_it_must(
    phone: Resident, history: list[Happening]
) -> None:
    for happening in begun(phone, history):
        happen(phone, happening)
    for outcome in phone.outcomes:
        for say in outcome.says:
            assert all(len(option.id.encode()) <= OPTION_ID_BYTES for option in say.options)
            if not any(thread.state.language == "pl" for thread in phone.threads.values()):
                # A language is named as its speakers write it: Português.
                assert count(_with_plain_names(say.text)).encoding == "GSM-7", say.text


def _with_plain_names(text: str) -> str:
    for names in NAMES.values():
        text = text.replace(names.own, names.typed)
    return text


def every_event(here: Circumstances, text: str, choice_id: str) -> list[Event]:
    """One event of every kind, those among them that the desk would not send just now."""
    return [
        Began(here),
        Wrote(here, text),
        Tapped(here, choice_id, text),
        *(Commanded(here, kind, "2", text) for kind in CommandKind),
        KeywordAgain(here),
        KeywordAgain(here, "pl"),
        PerhapsKeyword(here, text, "PARKS"),
        Stopped(here),
        Started(here),
        Delayed(here),
        Edited(here),
    ]


@pytest.mark.parametrize("is_closed", [False, True], ids=["open", "closed"])
def test_every_event_has_an_answer_before_anything_was_said(is_closed: bool) -> None:
    thread = begun_phone().threads["c0"]
    here = Circumstances(datetime(2026, 12, 1, tzinfo=UTC), "sms", "sms", True, is_closed)
    for event in every_event(here, "yes", "x"):
        _, effects = conversation.step(thread.questionnaire, conversation.begin("en"), event)
        assert sum(isinstance(effect, File) for effect in effects) == 1
        assert sum(isinstance(effect, Say) for effect in effects) == (not isinstance(event, Stopped))


@enough
@given(phones, histories, st.booleans(), st.sampled_from([None, date(2026, 8, 31)]), texts)
def test_every_event_has_an_answer_in_every_state_and_files_its_message_once(
    phone: Resident, history: list[Happening], is_closed: bool, closed_on: date | None, text: str
) -> None:
    for happening in begun(phone, history):
        happen(phone, happening)
    seen = [option.id for outcome in phone.outcomes for say in outcome.says for option in say.options]
    here = Circumstances(datetime(2026, 12, 1, tzinfo=UTC), "sms", "sms", True, is_closed, closed_on)
    for thread in phone.threads.values():
        for state in (conversation.begin("en"), thread.state):
            for event in every_event(here, text, seen[-1] if seen else "x"):
                _, effects = conversation.step(thread.questionnaire, state, event)
                assert sum(isinstance(effect, File) for effect in effects) == 1

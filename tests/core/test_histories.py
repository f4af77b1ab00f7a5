"""Whatever happens to a conversation, in whatever order: what must hold after every message."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TypeAlias

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.core import conversation
from bot.core.commands import CommandKind
from bot.core.desk import Heard, Message
from bot.core.effects import File, Filed, NoteOptIn, Record, Say
from bot.core.events import (
    Began,
    Circumstances,
    Commanded,
    Event,
    KeywordAgain,
    PerhapsKeyword,
    Started,
    Stopped,
    Tapped,
    Wrote,
)
from bot.core.limits import OPTION_ID_BYTES
from bot.core.sitting import Outcome
from bot.core.state import AnswerState, Phase, State
from bot.core.survey import Choice, Language, Question, QuestionType, Role, Start, SurveyDefinition
from bot.core.window import Window
from channels.segments import count
from tests.core.small_surveys import one, question, survey, words_question
from tests.playing import Resident, resident, shipped

TOWNS = tuple(
    Choice(name, {"en": name.title()}, filters={"county": county})
    for name, county in (("stoke", "staffs"), ("leek", "staffs"), ("crewe", "cheshire"))
)
COUNTIES = (Choice("staffs", {"en": "Staffordshire"}), Choice("cheshire", {"en": "Cheshire"}))

EVERYTHING = survey(
    question("about", QuestionType.NOTE, "We want to hear of your town.", more={"en": "It is about towns."}),
    one("county", "Which county?", COUNTIES),
    one("town", "Which town?", TOWNS, choice_filter="county = ${county}"),
    question(
        "liked",
        QuestionType.SELECT_MULTIPLE,
        "What do you like? Up to 2.",
        choices=TOWNS,
        constraint="count-selected(.) <= 2",
    ),
    question(
        "visits", QuestionType.INTEGER, "How many visits?", constraint=". > 0 and . < 99", relevant="${town} != 'leek'"
    ),
    question("spent", QuestionType.DECIMAL, "How many pounds?", relevant="${visits} > 1"),
    question("day", QuestionType.DATE, "Which day?", constraint=". <= today()"),
    question("twice", QuestionType.CALCULATE, "", calculation="${visits} * 2"),
    words_question("street", "Which street?", constraint="string-length(.) < 60"),
    question("quiet", QuestionType.CALCULATE, "", calculation="string-length(${street})", relevant="${visits} > 2"),
    words_question("why", "Why that one?", relevant="regex(${street}, 'High')"),
    one("rare", "Is it far?", relevant="${twice} > 10 and selected(${liked}, 'stoke')"),
    one("tell", "May we text you the result?", role=Role.CONTACT),
    id="towns",
    keyword="TOWNS",
    title={"en": "Our towns"},
    opens="2026-05-03",
    closes="2026-08-31",
)
TWO_TONGUES = survey(
    Question(
        "safe",
        QuestionType.SELECT_ONE,
        {"en": "Do you feel safe?", "pl": "Czy czujesz się bezpiecznie?"},
        choices=(Choice("yes", {"en": "Yes", "pl": "Tak"}), Choice("no", {"en": "No", "pl": "Nie"})),
    ),
    words_question("reason", "Why?"),
    id="safety",
    keyword="SAFE",
    title={"en": "Feeling safe"},
    languages=(Language("en", "English"), Language("pl", "Polski")),
    start=Start.CONFIRM,
    privacy_url="example.org/privacy",
)
BRIEF = survey(one("use_parks", "Do you use the parks?"), words_question("better", "What would make them better?"))
CLOSING = survey(
    one("ok", "Is it fine?"),
    words_question("other", "Anything else?"),
    id="fine",
    keyword="FINE",
    title={"en": "All fine"},
    closes="2026-05-20",
    start=Start.CONFIRM,
)

WORDS_OF_OURS = ["START", "STOP", "HELP", "INFO", "?", "MORE", "SKIP", "BACK", "CHANGE", "LANGUAGE", "NEW", "PRIVACY"]
WORDS_OF_OURS += ["MYDATA", "DELETE", "delete", "/skip", "change 1", "change 2", "change 99", "language pl", "polski"]
WORDS_OF_OURS += [
    "english",
    "yes",
    "no",
    "yes please",
    "no thanks",
    "yes delete it",
    "stop it",
    "Stop the boats",
    "stop!",
]
WORDS_OF_OURS += ["unsubscribe", "start new", "carry on"]
KEYWORDS = [
    "STOKE",
    "towns",
    "Parks!",
    "safe polski",
    "SAFE PL",
    "fine",
    "join parks",
    "join towns",
    "stoke rocks",
    "/safe",
]
ANSWERS = ["1", "2", "3", "4", "7", "0", "99", "1, 2", "1 2 3", "1 or 2", "agree", "Yes", "the second one", "34", "2.5"]
ANSWERS += ["3 May 2026", "yesterday", "31/02/2026", "Staffordshire", "stoke", "leek", "prefer not to say", "dont know"]
SMALL_TALK = [
    "hello",
    "thanks",
    "who is this?",
    "wrong number",
    "Liked “Which county?”",
    "later",
    "👍",
    "…",
    "ok",
    "",
    "  \n",
]
MACHINES = ["I'm driving right now. I'll get back to you later. (Auto reply)"]
NOISE = [
    "\u202eيمين",
    "ⅷ ٣ ①",
    "🧑‍🤝‍🧑" * 9,
    "{0} {url} %s",
    "\u0000\u0007",
    "9" * 1600,
    "a" * 1600,
    "ﷺ",
    "'; DROP TABLE",
]

MARK = "zorp"
"""Stands in every open answer of a resident, and must never come back."""


@dataclass(frozen=True, slots=True)
class Text:
    """One text."""

    text: str


@dataclass(frozen=True, slots=True)
class Sent:
    """What comes from a carrier, or a picture."""

    heard: Heard
    attachments: int = 0


@dataclass(frozen=True, slots=True)
class Tap:
    """A tap on one of the buttons that the phone has had so far, counted back from the newest."""

    back: int
    label: str = "Yes"


@dataclass(frozen=True, slots=True)
class Garbage:
    """A tap on what is no button of ours."""

    choice_id: str
    text: str


@dataclass(frozen=True, slots=True)
class Wait:
    """Time passing."""

    minutes: int


Happening: TypeAlias = Text | Sent | Tap | Garbage | Wait

texts = st.one_of(
    st.sampled_from(ANSWERS),
    st.sampled_from(ANSWERS),
    st.sampled_from(WORDS_OF_OURS),
    st.sampled_from(KEYWORDS),
    st.sampled_from(SMALL_TALK + MACHINES + NOISE),
    st.sampled_from([f"{MARK} in the High Street", f"more buses {MARK}", f"and {MARK} as well, please", f"{MARK}?"]),
    st.text(max_size=20),
)
happenings = st.one_of(
    texts.map(Text),
    texts.map(Text),
    texts.map(Text),
    st.builds(Tap, st.integers(0, 30)),
    st.sampled_from([Sent(Heard.CARRIER_STOP), Sent(Heard.CARRIER_START), Sent(Heard.CARRIER_HELP)]),
    st.just(Sent(Heard.TEXT, attachments=1)),
    st.builds(Garbage, st.sampled_from(["", "carry_on", "start_new", "x.1.1", "9" * 5000, "..", "²"]), texts),
    st.sampled_from([1, 61, 24 * 60, 20 * 24 * 60, 31 * 24 * 60, 100 * 24 * 60]).map(Wait),
)
histories = st.lists(happenings, max_size=25)
DEFINITIONS: tuple[Callable[[], SurveyDefinition], ...] = (
    shipped,
    lambda: EVERYTHING,
    lambda: TWO_TONGUES,
    lambda: BRIEF,
    lambda: CLOSING,
)
several_surveys = st.lists(st.sampled_from(DEFINITIONS), min_size=1, max_size=3, unique=True)
phones = st.builds(
    lambda made, short: resident(*(make() for make in made), short=short), several_surveys, st.booleans()
)
enough = settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)


def happen(phone: Resident, happening: Happening) -> str | None:
    """Let one thing happen; return what was said, or None where nothing was sent."""
    message = Message(phone.at, Heard.TEXT, "", "sms", "sms", phone.short)
    match happening:
        case Wait(minutes):
            phone.wait(minutes=minutes)
            return None
        case Text(text):
            return phone.text(text)
        case Sent(heard, attachments):
            return phone.send(replace(message, heard=heard, attachments=attachments))
        case Tap(back, label):
            seen = [option.id for outcome in phone.outcomes for say in outcome.says for option in say.options]
            choice_id = seen[-1 - back % len(seen)] if seen else ""
            return phone.send(replace(message, heard=Heard.TAP, choice_id=choice_id, text=label))
        case Garbage(choice_id, text):
            return phone.send(replace(message, heard=Heard.TAP, choice_id=choice_id, text=text))


def begun(phone: Resident, history: Sequence[Happening]) -> list[Happening]:
    """Put the keyword of a survey before a history: without it most histories never begin."""
    keyword = next(iter(phone.desk.listings.values())).questionnaire.definition.keywords[0]
    return [Text(keyword), Text("1"), *history]


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
                assert count(say.text).encoding == "GSM-7", say.text


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
    ]


@enough
@given(phones, histories, st.booleans(), st.sampled_from(["", "31 August 2026"]), texts)
def test_every_event_has_an_answer_in_every_state_and_files_its_message_once(
    phone: Resident, history: list[Happening], is_closed: bool, closed_on: str, text: str
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

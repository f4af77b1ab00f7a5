"""What can happen to a phone, drawn at random, and the surveys it happens on."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from bot.core.message import Heard, Message
from bot.core.survey import Choice, Language, Question, QuestionType, Role, Start, SurveyDefinition
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
WORDS_OF_OURS += [
    "MYDATA",
    "LINK",
    "link 2BCDFG34",
    "DELETE",
    "delete",
    "/skip",
    "change 1",
    "change 2",
    "change 99",
    "language pl",
    "polski",
]
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

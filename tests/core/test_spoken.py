"""What a person wrote down from a voice note, as an answer of a conversation that has gone on meanwhile."""

from dataclasses import replace as changed
from datetime import UTC, datetime, timedelta

from bot.core import conversation
from bot.core.events import Began, Circumstances, Commanded, Wrote
from bot.core.phrases import Phrase, Phrases
from bot.core.questionnaire import Questionnaire
from bot.core.spoken import applies, write_down
from bot.core.state import AnswerState, Phase, State
from bot.core.survey import QuestionType, Role
from bot.core.words import CommandKind
from bot.service.word_files import load_words
from tests.core.small_surveys import one, question, survey, words_question

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
PARKS = survey(
    one("use_parks", "Do you use the parks?"),
    changed(one("dog", "Do you have a dog?"), relevant="${use_parks} = 'yes'"),
    question("age", QuestionType.INTEGER, "How old are you?"),
    words_question("better", "What would make them better?"),
    one("news", "May we write to you?", role=Role.CONTACT),
)
READY = Questionnaire(PARKS, Phrases(), {"": load_words()})


def here(minutes: int = 0) -> Circumstances:
    return Circumstances(NOON + timedelta(minutes=minutes), "whatsapp", "whatsapp", short=False)


def after(*texts: str) -> State:
    """Answer so many questions, a minute each; `SKIP` passes one."""
    state, _ = conversation.step(READY, conversation.begin("en"), Began(here()))
    for minute, text in enumerate(texts, 1):
        skips = text == "SKIP"
        event = Commanded(here(minute), CommandKind.SKIP, "", text) if skips else Wrote(here(minute), text)
        state, _ = conversation.step(READY, state, event)
    return state


def said(state: State) -> str:
    """Send a voice note, and give what the bot says."""
    _, effects = conversation.step(READY, state, Wrote(here(9), "", attachments=1, is_spoken=True))
    return "\n".join(effect.text for effect in effects if hasattr(effect, "text"))


def test_a_voice_note_is_thanked_for_and_leaves_the_question_standing() -> None:
    before = after("1", "1")
    state, _ = conversation.step(READY, before, Wrote(here(9), "", attachments=1, is_spoken=True))
    assert (state.standing, state.tries, state.given) == (before.standing, before.tries, before.given)
    assert Phrase.VOICE_KEPT.value in said(before)


def test_leave_to_write_is_asked_for_in_words() -> None:
    before = after("1", "1", "34", "More benches")
    assert before.standing == "news"
    assert Phrase.ONLY_TEXT.value in said(before)


def test_it_is_read_as_a_typed_reply_would_be() -> None:
    down = write_down(READY, after("1", "1"), here(3), "age", "thirty four")
    assert down.became is AnswerState.ANSWERED
    assert [(record.question, record.number, record.said) for record in down.records] == [("age", 34.0, "thirty four")]


def test_the_conversation_stands_still() -> None:
    before = after("1", "1")
    down = write_down(READY, before, here(600), "age", "34")
    kept = ("standing", "tries", "phase", "heard_at", "texts", "last_sent", "trail")
    assert [getattr(down.state, name) for name in kept] == [getattr(before, name) for name in kept]


def test_a_later_reply_is_the_next_revision() -> None:
    down = write_down(READY, after("1", "1"), here(3), "age", "34")
    state, _ = conversation.step(READY, down.state, Wrote(here(4), "35"))
    assert state.given["age"].revision == 2


def test_what_no_longer_applies_is_taken_back_without_a_word() -> None:
    finished = after("SKIP", "34", "More benches", "no")
    assert finished.phase is Phase.COMPLETE
    assert finished.given["dog"].state is AnswerState.NOT_APPLICABLE
    yes = write_down(READY, after("1", "1", "34", "More benches", "no"), here(9), "use_parks", "no")
    assert yes.state.given["dog"].state is AnswerState.NOT_APPLICABLE
    assert [record.question for record in yes.records] == ["use_parks", "dog"]


def test_a_question_that_another_answer_made_pointless_does_not_apply() -> None:
    state = after("no")
    assert not applies(READY, state, here(2), "dog")
    assert applies(READY, state, here(2), "age")


def test_an_unclear_one_leaves_the_standing_question_open_and_its_words_kept() -> None:
    down = write_down(READY, after(), here(1), "use_parks", "my neighbour goes there with her dog")
    assert down.became is AnswerState.UNPARSED
    assert down.state.given["use_parks"].is_open
    assert [(record.codes, record.said) for record in down.records] == [((), "my neighbour goes there with her dog")]


def test_an_unclear_one_changes_nothing_where_an_answer_stands() -> None:
    before = after("1")
    down = write_down(READY, before, here(2), "use_parks", "my neighbour goes there with her dog")
    assert (down.became, down.state, down.records) == (None, before, ())


def test_a_later_answer_is_never_made_to_look_older() -> None:
    before = after("1", "1", "34")
    down = write_down(READY, before, here(1), "age", "35")
    assert down.state.last_answer_at == before.last_answer_at


def test_a_voice_note_that_declines_is_kept_as_declined() -> None:
    written = write_down(READY, after("1"), here(), "use_parks", "I'd rather not say")
    assert written.became is AnswerState.REFUSED


def test_a_second_voice_note_on_an_open_question_is_put_below_the_first() -> None:
    before = after("1", "1", "34", "More benches")
    written = write_down(READY, before, here(), "better", "and lamps", joins=True)
    assert [(record.said, record.join) for record in written.records] == [("and lamps", True)]

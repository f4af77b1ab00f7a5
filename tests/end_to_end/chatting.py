"""Residents who answer the real server in an app, by taps and words, and look at what their phone shows."""

import asyncio
import random
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from bench.walk import OPEN_ANSWERS, Step
from bot.core.survey import Question, QuestionType, Role, SurveyDefinition
from tests.end_to_end.residents import at_once
from tests.end_to_end.waiting import until
from tests.fakes.telegram import FakeTelegram
from tests.fakes.twilio import Turn
from tests.fakes.twilio_whatsapp import FakeWhatsApp

THE_END = ("Thank you. That was the last question.", "You have answered this survey, thank you.")
"""What shows that a resident is through; the second, where they asked after the first was lost."""

QUESTION_AGAIN = "START"
"""What a resident texts who hears nothing: no answer to anything, and the question comes again."""

WELCOME_BACK = "Welcome back."


class App(Protocol):
    """One resident's chat with us, on their phone."""

    channel: str
    patience: float
    """Seconds after which a resident who has heard nothing writes again."""

    @property
    def address(self) -> str:
        """The address by which we know the resident."""
        ...

    async def write(self, text: str) -> None:
        """Send a text; returns once the provider has got rid of it, or keeps it for us to fetch."""
        ...

    async def tap(self, label: str) -> None:
        """Tap the newest button or row that bears this label."""
        ...

    def seen(self) -> list[str]:
        """Give the texts that came, oldest first."""
        ...

    def labels(self) -> list[str]:
        """Give what can be tapped under the newest message."""
        ...


@dataclass
class TelegramApp:
    """A chat on Telegram. An update that is refused is posted again once `telegram.between_tries` returns."""

    telegram: FakeTelegram
    chat_id: int
    patience: float = 8.0
    channel: str = "telegram"

    @property
    def address(self) -> str:
        return str(self.chat_id)

    async def write(self, text: str) -> None:
        await self.telegram.write(self.chat_id, text)

    async def tap(self, label: str) -> None:
        await self.telegram.tap(self.chat_id, label)

    def seen(self) -> list[str]:
        return self.telegram.phone(self.chat_id)

    def labels(self) -> list[str]:
        return self.telegram.buttons(self.chat_id)


@dataclass
class WhatsAppApp:
    """A chat on WhatsApp. Twilio's retries are spaced here as it suits the test: the next once the server is up."""

    twilio: FakeWhatsApp
    address: str
    until_up: Callable[[], Awaitable[object]] = at_once
    patience: float = 3.0
    channel: str = "whatsapp"

    async def write(self, text: str) -> None:
        await self._until_taken(await self.twilio.text(self.address, text))

    async def tap(self, label: str) -> None:
        await self._until_taken(await self.twilio.tap(self.address, label))

    def seen(self) -> list[str]:
        return [shown.text for shown in self.twilio.screen(self.address)]

    def labels(self) -> list[str]:
        newest = self.twilio.screen(self.address)[-1]
        return [title for _, title in (*newest.buttons, *newest.rows)]

    async def _until_taken(self, turn: Turn) -> None:
        while turn.status != 200:
            await self.until_up()
            turn = await self.twilio.redeliver(turn.sid)


@dataclass(frozen=True)
class Act:
    """One step of a way: its text, or the label to tap where there is one."""

    step: Step
    label: str = ""


def walk_in_app(definition: SurveyDefinition, source: str, chooses: random.Random) -> tuple[Act, ...]:
    """Make one way through a survey as an app asks it, from the keyword to the thanks."""
    asked = [q for q in definition.questions if q.is_asked and (not q.channels or source in q.channels)]
    core = sum(question.role in (Role.OPEN, Role.CLOSED) for question in asked)
    places = [f"{n}/{core if n <= core else len(asked)}" for n in range(1, len(asked) + 1)]
    shown = [f"{place} {question.label['en']}" for place, question in zip(places, asked, strict=True)]
    acts = [Act(Step(definition.keywords[0], shown[0]))]
    for question, shows in zip(asked, [*shown[1:], ""], strict=True):
        acts.append(_answer(question, shows, chooses))
    return tuple(acts)


def _answer(question: Question, shows: str, chooses: random.Random) -> Act:
    column = "" if question.role is Role.CONTACT else question.name
    if question.type is QuestionType.TEXT:
        said = f"{chooses.choice(OPEN_ANSWERS)} ({chooses.randrange(100)})"
        return Act(Step(said, shows, column, said))
    is_one = question.type is QuestionType.SELECT_ONE
    chosen = sorted(chooses.sample(range(len(question.choices)), 1 if is_one else chooses.randint(1, 3)))
    numbers = " ".join(str(at + 1) for at in chosen)
    codes = " ".join(question.choices[at].name for at in chosen)
    taps = is_one and chooses.random() < 0.7
    return Act(Step(numbers, shows, column, codes), question.choices[chosen[0]].label["en"] if taps else "")


@dataclass
class Chatter:
    """One resident and their way through the survey. What they met with is counted in `met`."""

    app: App
    acts: Sequence[Act]
    until_up: Callable[[], Awaitable[object]] = at_once
    on_turn: Callable[[], None] = lambda: None
    met: Counter[str] = field(default_factory=Counter)
    asked_for_again: list[str] = field(default_factory=list)

    @property
    def steps(self) -> tuple[Step, ...]:
        """Give the way as what is texted and shown."""
        return tuple(act.step for act in self.acts)

    async def answer_everything(self) -> None:
        """Go from the keyword to the thanks. Fails at the first message that is not one to expect."""
        for act in self.acts:
            before = len(self.app.seen())
            await self._do(act)
            await self._until_asked(act.step, before)
            self.on_turn()

    async def _do(self, act: Act) -> None:
        labels = self.app.labels() if act.label else []
        for tapped in (act.label, act.step.text):
            if tapped in labels:
                self.met["tapped"] += 1
                return await self.app.tap(tapped)
        self.met["typed"] += 1
        return await self.app.write(act.step.text)

    async def _until_asked(self, step: Step, before: int) -> None:
        while True:
            await self.until_up()
            try:
                return await until(lambda: self._is_asked(step, before), seconds=self.app.patience)
            except TimeoutError:
                self.met["asked again"] += 1
                if step.shows:
                    self.asked_for_again.append(step.shows)
                await self.app.write(QUESTION_AGAIN)

    def _is_asked(self, step: Step, before: int) -> bool:
        """Say whether what came since shows this question, or, where there is none left, the end.

        All else that may come is a message that came before, word for word, because a dead server did not know whether
        it was sent; and, late, a question that the resident has asked to hear again.
        """
        seen = self.app.seen()
        is_next = [any(shows in text for shows in ([step.shows] if step.shows else THE_END)) for text in seen[before:]]
        for is_right, text in zip(is_next, seen[before:], strict=True):
            was_wanted = text in seen[:before] or any(shows in text for shows in self.asked_for_again)
            assert is_right or was_wanted, (self.app.address, step, text)
        return any(is_next)


async def everybody_chats(chatters: Sequence[Chatter]) -> Counter[str]:
    """Let them all answer at the same time; say what they met with."""
    async with asyncio.TaskGroup() as together:
        for chatter in chatters:
            together.create_task(chatter.answer_everything())
    return sum((chatter.met for chatter in chatters), Counter())


def came_twice(app: App) -> Counter[str]:
    """Count what this phone shows more than once, but for what the resident asked to hear again."""
    seen = Counter(text for text in app.seen() if not text.startswith(WELCOME_BACK))
    return Counter({text: count - 1 for text, count in seen.items() if count > 1})

"""Somebody who answers page by page, against the core alone: states go through JSON, as the store would keep them."""

from dataclasses import dataclass, field
from datetime import date, datetime

from bot.core import form
from bot.core.effects import Record
from bot.core.events import Circumstances
from bot.core.form import Became, Page, Posted, Taken
from bot.core.questionnaire import Questionnaire
from bot.core.state import State
from bot.core.survey import Choice, QuestionType, Role, SurveyDefinition
from tests.core.small_surveys import one, question, survey, words_question
from tests.playing import NOON, questionnaire

NEEDS = tuple(Choice(code, {"en": code.title()}) for code in ("lights", "buses", "parks"))
EVERYTHING = survey(
    question("about", QuestionType.NOTE, "This is the plan.", more={"en": "In short: more parks."}),
    one("use", "Do you use the parks?", more={"en": "Any park."}, hint={"en": "Also the small ones."}),
    one("often", "Often?", relevant="${use} = 'yes'"),
    question(
        "needs", QuestionType.SELECT_MULTIPLE, "What is needed?", choices=NEEDS, constraint="count-selected(.) <= 2"
    ),
    words_question("why", "Why?"),
    one("sure", "Are you sure?", relevant="string-length(${why}) != 2"),
    question("since", QuestionType.DATE, "Since when?", constraint=". <= today()"),
    question(
        "age",
        QuestionType.INTEGER,
        "Your age?",
        role=Role.DEMOGRAPHIC,
        constraint=". >= 16",
        constraint_message={"en": "16 or over."},
    ),
    one("sex", "Your sex?", role=Role.DEMOGRAPHIC),
    one("news", "May we text you?", role=Role.CONTACT),
    question("end", QuestionType.NOTE, "We will tell you."),
)


@dataclass
class Reader:
    """One browser. `records` are all that were made, in order; `said` the newest words by question."""

    survey: Questionnaire
    source: str = "web"
    at: datetime = NOON
    is_closed: bool = False
    closed_on: date | None = None
    state: State = field(default_factory=lambda: State("en"))
    records: list[Record] = field(default_factory=list)
    said: dict[str, str] = field(default_factory=dict)

    @property
    def here(self) -> Circumstances:
        return Circumstances(
            self.at, self.source, self.source, short=False, is_closed=self.is_closed, recalled=dict(self.said)
        )

    def begin(self, language: str = "en", *, is_chosen: bool = False) -> None:
        self.keep(form.begin(self.survey, language, self.here, is_chosen=is_chosen))

    def page(self, name: str = "") -> Page | None:
        return form.page(self.survey, self.state, self.here, name)

    def shown(self, name: str = "") -> Page:
        page = self.page(name)
        assert page is not None
        return page

    def post(self, name: str = "", /, **fields: object) -> Taken:
        """Post the page of a question as it stands now, or of the standing one."""
        name = name or self.state.standing
        page = self.page(name)
        step = page.step if page is not None else 0
        return self.keep(form.take(self.survey, self.state, self.here, Posted(name, **{"step": step, **fields})))  # type: ignore[arg-type]

    def choose(self, *codes: str, of: str = "") -> Became:
        return self.post(of, choices=codes).became

    def write(self, text: str, of: str = "") -> Became:
        return self.post(of, text=text).became

    def skip(self, of: str = "") -> Became:
        return self.post(of, skips=True).became

    def keep(self, taken: Taken) -> Taken:
        self.state = State.from_json(taken.state.to_json())
        self.records += taken.records
        for record in taken.records:
            self.said[record.question] = record.said
        return taken

    @property
    def answers(self) -> dict[str, tuple[str, str]]:
        """The newest state and value of each question."""
        return {record.question: (str(record.state), record.value) for record in self.records}


def reader(definition: SurveyDefinition, **how: object) -> Reader:
    """Open a survey in a browser and press Start."""
    opened = Reader(questionnaire(definition), **how)  # type: ignore[arg-type]
    opened.begin()
    return opened


def done() -> Reader:
    """Answer every page of `EVERYTHING`."""
    page = reader(EVERYTHING)
    page.choose("yes")
    page.choose("no")
    page.choose("parks", "lights")
    page.write("Trees")
    page.choose("yes")
    page.post(day="3", month="5", year="2020")
    page.write("34")
    page.choose("no")
    return page

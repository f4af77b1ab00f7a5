"""Puts a survey and its responses into a real database, as the service would leave them, and reads what is exported."""

import csv
import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path

from bot.analysis.export import Exported, Format, export
from bot.core.asking import plain
from bot.core.survey import Choice, Language, Question, QuestionType, Role, SurveyDefinition
from storage.keys import KeyRing
from storage.script import Database, Fetch, Many, Row, Run, Script
from tests.conftest import SECRET

MINUTE = 60_000
DAY = 24 * 60 * MINUTE
BEGAN = 1_795_374_240_000  # 2026-11-22T19:04Z
NOW = BEGAN + DAY

AGREE = (
    Choice("agree", {"en": "Agree", "ur": "متفق"}),
    Choice("neither", {"en": "Neither"}),
    Choice("disagree", {"en": "Disagree"}),
)
NEEDS = (Choice("lights", {"en": "More lights"}), Choice("buses", {"en": "Buses"}), Choice("parks", {"en": "Parks"}))


def ask(name: str, type: QuestionType = QuestionType.SELECT_ONE, **fields: object) -> Question:
    return replace(Question(name, type, {"en": f"What about {name}?"}), **fields)  # type: ignore[arg-type]


def version(number: str, *questions: Question, closes: str = "") -> SurveyDefinition:
    return SurveyDefinition(
        id="stoke",
        version=number,
        title={"en": "Stoke"},
        default_language="en",
        keywords=("STOKE",),
        questions=questions,
        languages=(Language("en", "English"), Language("ur", "اردو")),
        closes=closes,
    )


STOKE = version(
    "1",
    ask("proposal", QuestionType.NOTE),
    ask("safe", choices=AGREE),
    ask("needs", QuestionType.SELECT_MULTIPLE, choices=NEEDS),
    ask("why", QuestionType.TEXT, role=Role.OPEN),
    ask("age", QuestionType.INTEGER),
    ask("faith", choices=AGREE, channels=("web", "sms")),
    ask("updates", choices=AGREE, role=Role.CONTACT),
)


@dataclass
class Answer:
    question: str
    said: str | None = None
    code: str | None = None
    number: float | None = None
    state: str = "answered"
    revision: int = 1
    item: str = ""
    at: int = BEGAN + MINUTE
    channel: str = "sms"
    version: str = "1"
    inbound: str | None = None
    input: str = "typed"
    rule: str = "exact"


@dataclass
class Response:
    id: str
    answers: Sequence[Answer] = ()
    respondent: str = ""
    version: str = "1"
    source: str = "sms"
    campaign: str = ""
    began: int = BEGAN
    completed: int | None = None
    stopped: int | None = None
    heard: int | None = None
    core: tuple[int, int] = (1, 3)
    language: tuple[str, float] = ("default", 1.0)
    late: bool = False
    test: bool = False


def publish(*definitions: SurveyDefinition, closed_at: int | None = None) -> Callable[[], Script[None]]:
    """Publish versions, oldest first."""

    def script() -> Script[None]:
        newest = definitions[-1]
        yield Run(
            "INSERT INTO survey (id, current_version, first_published_at, closed_at)"
            " VALUES (:id, :version, 0, :closed)",
            {"id": newest.id, "version": newest.version, "closed": closed_at},
        )
        rows = [
            {"survey": d.id, "version": d.version, "hash": d.hash, "definition": d.to_json(), "ordinal": ordinal}
            for ordinal, d in enumerate(definitions, 1)
        ]
        yield Many(
            "INSERT INTO survey_definition (survey, version, hash, definition, published_at, ordinal)"
            " VALUES (:survey, :version, :hash, :definition, 0, :ordinal)",
            rows,
        )

    return script


def keep(*responses: Response) -> Callable[[], Script[None]]:
    def script() -> Script[None]:
        respondents = {response.respondent or response.id for response in responses}
        yield Many("INSERT INTO respondent (id, made_at) VALUES (:id, 0)", [{"id": r} for r in sorted(respondents)])
        yield Many(
            "INSERT INTO response (id, respondent_id, survey, version, source, channel, campaign, language,"
            " language_source, language_confidence, started_at, last_answer_at, completed_at, stopped_at,"
            " last_inbound_at, core_answered,"
            " core_applicable, late, test) VALUES (:id, :respondent, 'stoke', :version, :source, :source, :campaign,"
            " 'en', :language_source, :language_confidence, :began, :last_answer, :completed, :stopped, :heard,"
            " :answered, :applicable, :late,"
            " :test)",
            [_response_row(response) for response in responses],
        )
        yield Many(
            "INSERT INTO answer (response_id, question, item, revision, state, value_code, value_number, said, lang,"
            " channel, input, rule, confidence, wording, version, asked_at, answered_at, late, inbound_id) VALUES"
            " (:response, :question, :item, :revision, :state, :code, :number, :said, 'en', :channel, :input, :rule,"
            " 0.95, 'sms', :version, :asked, :at, :late, :inbound)",
            [_answer_row(response, answer) for response in responses for answer in response.answers],
        )

    return script


def _response_row(response: Response) -> dict[str, object]:
    return {
        "id": response.id,
        "respondent": response.respondent or response.id,
        "version": response.version,
        "source": response.source,
        "campaign": response.campaign,
        "began": response.began,
        "last_answer": max((answer.at for answer in response.answers), default=None),
        "completed": response.completed,
        "stopped": response.stopped,
        "heard": response.heard or response.began,
        "answered": response.core[0],
        "applicable": response.core[1],
        "language_source": response.language[0],
        "language_confidence": response.language[1],
        "late": response.late,
        "test": response.test,
    }


def _answer_row(response: Response, answer: Answer) -> dict[str, object]:
    return {
        "response": response.id,
        "question": answer.question,
        "item": answer.item,
        "revision": answer.revision,
        "state": answer.state,
        # As the service does, which keeps a number as text too.
        "code": plain(Decimal(answer.number)) if answer.number is not None else answer.code,
        "number": answer.number,
        "said": answer.said,
        "channel": answer.channel,
        "input": answer.input,
        "rule": answer.rule,
        "version": answer.version,
        "asked": answer.at - MINUTE,
        "at": answer.at,
        "late": response.late,
        "inbound": answer.inbound,
    }


@dataclass
class Message:
    id: str
    filed: str
    survey: str = "stoke"
    response: str | None = None
    question: str = ""
    test: bool = False


def receive(*messages: Message) -> Callable[[], Script[None]]:
    def script() -> Script[None]:
        yield Many(
            "INSERT INTO inbound (id, provider, account, event_id, channel, kind, arrival, received_at, filed, survey,"
            " response_id, question, test) VALUES (:id, 'twilio', 'AC', :id, 'sms', 'text', 'webhook', 0, :filed,"
            " :survey, :response, :question, :test)",
            [
                {
                    "id": m.id,
                    "filed": m.filed,
                    "survey": m.survey,
                    "response": m.response,
                    "question": m.question,
                    "test": m.test,
                }
                for m in messages
            ],
        )

    return script


async def exported(
    database: Database,
    out: Path,
    format: Format = Format.CSV,
    *,
    raw: bool = False,
    labels: str | None = None,
    include_test: bool = False,
    now: int = NOW,
    primary_only: bool = False,
    shareable: bool = False,
    keys: KeyRing | None = None,
) -> Exported:
    return await export(
        database,
        "stoke",
        format,
        out,
        raw=raw,
        labels=labels,
        include_test=include_test,
        who="ann",
        now=now,
        primary_only=primary_only,
        shareable_by=(keys or await KeyRing.open(database, SECRET)) if shareable else None,
    )


def rows_of(path: Path) -> list[dict[str, str]]:
    """Read an exported CSV file."""
    return list(csv.DictReader(io.StringIO(path.read_bytes().decode("utf-8-sig"), newline="")))


def audit() -> Script[list[Row]]:
    """Read the audit log, oldest first."""
    found = yield Fetch("SELECT at, who, action, detail FROM audit ORDER BY id")
    return list(found.rows)

"""What replay reads: the raw messages of a response, in order, and what was made of them."""

from dataclasses import dataclass

from storage.script import Fetch, Script


@dataclass(frozen=True, slots=True, repr=False)
class KeptMessage:
    """One raw message of a response."""

    channel: str
    kind: str
    text: str
    choice_id: str
    media: str
    received_at: int
    arrival: str
    provider_at: int | None
    fields: str = ""

    @property
    def is_blank(self) -> bool:
        """Whether its content is gone."""
        return not (self.text or self.choice_id or self.media)


@dataclass(frozen=True, slots=True)
class StoredAnswer:
    """What stands of one question: its state, and its codes, number or date as text.

    `is_spoken` says that a person wrote it down from a voice note: no message holds its words.
    """

    question: str
    state: str
    codes: tuple[str, ...]
    is_spoken: bool = False


def responses(survey: str) -> Script[list[tuple[str, str]]]:
    """Return every response of a survey with its version, in the order in which they began."""
    found = yield Fetch(
        "SELECT id, version FROM response WHERE survey = :survey ORDER BY started_at, id", {"survey": survey}
    )
    return [(row[0], row[1]) for row in found.rows]


def messages(response_id: str) -> Script[list[KeptMessage]]:
    """Return the messages of a response, oldest first."""
    found = yield Fetch(
        """SELECT channel, kind, text, choice_id, media, received_at, arrival, provider_at, fields FROM inbound
           WHERE response_id = :response AND provider <> 'web' ORDER BY received_at, id""",
        {"response": response_id},
    )
    return [KeptMessage(*row) for row in found.rows]


def answers(response_id: str) -> Script[list[StoredAnswer]]:
    """Return the newest revision of every answer, in the order in which they were first given."""
    found = yield Fetch(
        """SELECT question, revision, state, value_code, input FROM answer
           WHERE response_id = :response ORDER BY id""",
        {"response": response_id},
    )
    newest: dict[str, int] = {}
    for row in found.rows:
        newest[row[0]] = max(newest.get(row[0], 0), row[1])
    return [
        StoredAnswer(
            question,
            next(row[2] for row in found.rows if (row[0], row[1]) == (question, revision)),
            tuple(row[3] or "" for row in found.rows if (row[0], row[1]) == (question, revision)),
            any(row[4] == "voice" for row in found.rows if row[0] == question),
        )
        for question, revision in newest.items()
    ]

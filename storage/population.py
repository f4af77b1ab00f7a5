"""The rows of `population`: how many people there are of each kind, as the council loaded it."""

from collections.abc import Sequence

from msgspec import Struct

from storage.script import Fetch, Many, Run, Script
from storage.staff import note


class People(Struct, frozen=True):
    """How many people would give one answer to one question, and where that number is from."""

    question: str
    code: str
    people: int
    source: str = ""


def replace(survey: str, rows: Sequence[People], by: str, at: int) -> Script[None]:
    """Put these numbers in the place of those of the same questions. Other questions keep theirs."""
    questions = sorted({row.question for row in rows})
    yield Run(
        "DELETE FROM population WHERE survey = :survey AND question IN (SELECT :questions*text)",
        {"survey": survey, "questions": questions},
    )
    yield Many(
        "INSERT INTO population (survey, question, code, people, source, loaded_at, loaded_by)"
        " VALUES (:survey, :question, :code, :people, :source, :at, :by)",
        [
            {
                "survey": survey,
                "question": row.question,
                "code": row.code,
                "people": row.people,
                "source": row.source,
                "at": at,
                "by": by,
            }
            for row in rows
        ],
    )
    yield from note(at, by, "population loaded", f"{survey}: {', '.join(questions)}")


def of_survey(survey: str) -> Script[list[People]]:
    """Read the numbers of a survey."""
    found = yield Fetch(
        "SELECT question, code, people, source FROM population WHERE survey = :survey ORDER BY question, code",
        {"survey": survey},
    )
    return [People(*row) for row in found.rows]

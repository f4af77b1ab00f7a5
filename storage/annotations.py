"""What a look over a survey noticed about its responses: marks beside them, never a reason to leave one out.

A new look puts what it found in the place of what the look before had found. No words stand here, and no address.
"""

from collections.abc import Collection, Mapping, Sequence

from msgspec import Struct

from storage.script import Fetch, Many, Run, Script
from storage.staff import note

METHOD = "quality marks"
"""`annotation.method` of everything that is kept here; other methods keep rows of their own in the same table."""
ACTION = "quality marks"
"""What a look is called in the audit log."""


class Noticed(Struct, frozen=True, order=True):
    """One mark. `group` is the smallest response id of those that belong together, empty for a mark on its own."""

    response: str
    kind: str
    group: str = ""
    question: str = ""


def keep(survey: str, noticed: Collection[Noticed], summary: str, who: str, at: int) -> Script[None]:
    """Keep what a look found (`at`: epoch milliseconds UTC), and note in the audit log that there was one.

    Where it is what is kept already, nothing is written but that note. A response that was withdrawn meanwhile is
    left out.
    """
    wanted = sorted(set(noticed))
    if wanted != (yield from kept(survey)):
        yield Run(
            "DELETE FROM annotation WHERE survey = :survey AND method = :method", {"survey": survey, "method": METHOD}
        )
        yield Many(
            """INSERT INTO annotation (survey, response_id, question, kind, value, method, at)
               SELECT survey, id, :question, :kind, :group, :method, CAST(:at AS BIGINT) FROM response
               WHERE id = :response AND survey = :survey""",
            [
                {
                    "survey": survey,
                    "method": METHOD,
                    "at": at,
                    "response": each.response,
                    "kind": each.kind,
                    "group": each.group,
                    "question": each.question,
                }
                for each in wanted
            ],
        )
    yield from note(at, who, ACTION, f"{survey}: {summary}")


def kept(survey: str) -> Script[list[Noticed]]:
    """Give what the newest look found, in order."""
    found = yield Fetch(
        """SELECT response_id, kind, value, question FROM annotation WHERE survey = :survey AND method = :method""",
        {"survey": survey, "method": METHOD},
    )
    return sorted(Noticed(*row) for row in found.rows)


def looked_at(survey: str) -> Script[int | None]:
    """Say when the newest look over a survey was, epoch milliseconds UTC; None for never."""
    found = yield Fetch(
        "SELECT MAX(at) FROM audit WHERE action = :action AND substr(detail, 1, :length) = :begins",
        {"action": ACTION, "begins": f"{survey}: ", "length": len(survey) + 2},
    )
    return found.first[0] if found.first else None


class Beginning(Struct, frozen=True):
    """How a response began, for the rules that compare beginnings. Times are epoch milliseconds UTC.

    `contact` is the contact that it was texted from, empty for one that was given on a page.
    """

    id: str
    person: str
    channel: str
    campaign: str
    assisted: bool
    started_at: int
    contact: str


class Sealed(Struct, frozen=True):
    """A contact's address as it is kept: encrypted, bound to the contact."""

    contact: str
    blob: bytes
    key_id: int


def beginnings(survey: str, include_test: bool) -> Script[list[Beginning]]:
    """Give how every response of a survey began, in the order in which they did."""
    found = yield Fetch(
        """SELECT r.id, COALESCE(p.person_id, p.id), r.channel, r.campaign, r.assisted, r.started_at,
               COALESCE((SELECT MIN(v.contact_id) FROM conversation v WHERE v.response_id = r.id), '')
           FROM response r JOIN respondent p ON p.id = r.respondent_id
           WHERE r.survey = :survey AND (:test OR NOT r.test) ORDER BY r.started_at, r.id""",
        {"survey": survey, "test": include_test},
    )
    return [Beginning(*row) for row in found.rows]


def addresses(survey: str) -> Script[list[Sealed]]:
    """Give the addresses from which a survey was answered, but for those of trials: these were made up by us."""
    found = yield Fetch(
        """SELECT c.id, c.address_encrypted, c.key_id FROM contact c WHERE NOT c.test
           AND c.id IN (SELECT v.contact_id FROM conversation v WHERE v.survey = :survey) ORDER BY c.id""",
        {"survey": survey},
    )
    return [Sealed(contact, bytes(blob), key_id) for contact, blob, key_id in found.rows]


def first_campaign(survey: str) -> Script[int | None]:
    """Say when the first campaign of a survey was made, drafts left out (epoch milliseconds UTC); None without any."""
    found = yield Fetch(
        "SELECT MIN(made_at) FROM campaign WHERE survey = :survey AND state <> 'draft'", {"survey": survey}
    )
    return found.first[0] if found.first else None


def choices(survey: str, responses: Sequence[str]) -> Script[Mapping[str, tuple[str, ...]]]:
    """Give the codes that responses hold now, each as `question=code`, by response, in order."""
    found = yield Fetch(
        """SELECT a.response_id, a.question, COALESCE(a.value_code, a.item) FROM answer a
           WHERE a.response_id IN (SELECT :responses*text) AND a.state = 'answered'
           AND (a.value_code IS NOT NULL OR a.item <> '')
           AND NOT EXISTS (SELECT 1 FROM answer n WHERE n.response_id = a.response_id AND n.question = a.question
               AND n.revision > a.revision)
           ORDER BY 1, 2, 3""",
        {"responses": list(responses), "survey": survey},
    )
    held: dict[str, list[str]] = {}
    for response, question, code in found.rows:
        held.setdefault(response, []).append(f"{question}={code}")
    return {response: tuple(codes) for response, codes in held.items()}

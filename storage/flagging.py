"""Keep, with a turn, that its message speaks of danger. What a person does about it is in `storage.safeguarding`."""

from collections.abc import Callable, Iterable
from typing import TypeAlias

from msgspec import Struct
from msgspec.structs import asdict

from storage.script import Fetch, Many, Run, Script
from storage.turns import Arrived

Hears: TypeAlias = Callable[[Arrived], bool]
"""Says whether a message speaks of danger. It never raises."""

FLAG = """
    INSERT INTO flag (id, flagged_at, calmed, alert_at, test) VALUES (:id, :at, :calmed, :at, :test)
    ON CONFLICT (id) DO UPDATE SET calmed = flag.calmed OR excluded.calmed"""
"""Keep that a message is to be read; once, however often it is run, and calmed when its turn has passed at last."""
CALMED = "UPDATE contact SET calmed_at = :at WHERE id = :id"
"""Keep when somebody was told where to find help."""
_KEPT = """
    INSERT INTO flag (id, flagged_at, calmed, alert_at, test)
    SELECT id, CAST(:at AS BIGINT), CAST(:calmed AS BOOLEAN), CAST(:at AS BIGINT), test FROM inbound WHERE id = :id
    ON CONFLICT (id) DO NOTHING"""
# Nobody sends it to us and nobody can be answered: it is there for its flag alone, and goes with its response.
_PAGE = """
    INSERT INTO inbound (id, provider, account, event_id, channel, kind, text, arrival, received_at, filed, survey,
        response_id, question, test)
    SELECT CAST(:id AS TEXT), 'web', '', CAST(:event AS TEXT), r.channel, 'text', CAST(:text AS TEXT), 'page',
        CAST(:at AS BIGINT), CAST(:filed AS TEXT), r.survey, r.id, CAST(:question AS TEXT), r.test
    FROM response r WHERE r.id = :response
    ON CONFLICT (provider, account, event_id) DO NOTHING"""
_TOLD = """
    SELECT 1 FROM flag f JOIN inbound i ON i.id = f.id
    WHERE i.response_id = :response AND i.provider = 'web' AND f.calmed AND f.flagged_at >= :since LIMIT 1"""


class PageText(Struct, frozen=True):
    """What somebody wrote on a page, and where it is filed. `event` is the same for the same words of the same page."""

    id: str
    event: str
    response: str
    question: str
    text: str
    filed: str
    at: int

    def __repr__(self) -> str:
        """Name the message, never the words."""
        return f"PageText({self.id})"


def flag_failed(failed: Iterable[Arrived], hears: Hears) -> Script[None]:
    """Flag, of messages whose turn failed, those that speak of danger: nobody else may come upon them meanwhile."""
    rows = [
        {"id": each.id, "at": each.received_at, "calmed": False, "test": each.test} for each in failed if hears(each)
    ]
    if rows:
        yield Many(FLAG, rows)


def flag_kept(message_id: str, now: int, *, calmed: bool = False) -> Script[None]:
    """Flag a message that is kept already, such as a voice note for what a person has written down of it."""
    yield Run(_KEPT, {"id": message_id, "at": now, "calmed": calmed})


def keep_page(page: PageText) -> Script[bool]:
    """Keep the words of a page as a message of their own, which can be flagged; False where they are kept already."""
    kept = yield Run(_PAGE, asdict(page))
    return kept.count == 1


def page_was_calmed(response_id: str, since: int) -> Script[bool]:
    """Say whether whoever gives this response on pages was told since then where to find help."""
    return (yield Fetch(_TOLD, {"response": response_id, "since": since})).first is not None

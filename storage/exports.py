"""What exports remember: the key of shareable ones, and the integer ids by which Consult knows responses."""

from collections.abc import Sequence

from storage.installation import kept_or, noted
from storage.keys import KeyRing
from storage.script import Fetch, Many, Run, Script

_PURPOSE = "shareable"
# Where its first version stands, not wrapped: whoever had the file could tell which new id is whose.
_OLD_NAME = "key of shareable exports"
_KIND = "consult_id"
_METHOD = "export"


def shareable_key(keys: KeyRing, at: int) -> Script[bytes]:
    """Give the key of this database's shareable exports, made when first asked for (`at`: epoch milliseconds UTC).

    It is wrapped by SECRET_KEY like the others, and wrapped again with them. New data keys leave it as it is, or two
    shareable exports could no longer be laid together; so it is never among the current ones, which they retire.
    Raises WrongSecret after another process has changed SECRET_KEY: nobody could open what the old one wraps.
    """
    yield from keys.hold()
    found = yield Fetch("SELECT wrapped FROM data_key WHERE purpose = :purpose", {"purpose": _PURPOSE})
    if found.first is not None:
        return keys.unwrapped(found.first[0], _PURPOSE)
    old = yield from noted(_OLD_NAME)
    wrapped = keys.wrapped(_PURPOSE, bytes.fromhex(old) if old else None)
    yield Run(
        "INSERT INTO data_key (purpose, wrapped, made_at, retired_at) VALUES (:purpose, :wrapped, :at, :at)",
        {"purpose": _PURPOSE, "wrapped": wrapped, "at": at},
    )
    yield Run("DELETE FROM installation WHERE name = :name", {"name": _OLD_NAME})
    return keys.unwrapped(wrapped, _PURPOSE)


def consult_ids(survey: str) -> Script[dict[str, int]]:
    """Give the integer id of each response of a survey that has one."""
    found = yield Fetch(
        "SELECT response_id, value FROM annotation WHERE survey = :survey AND kind = :kind",
        {"survey": survey, "kind": _KIND},
    )
    return {response: int(value) for response, value in found.rows}


def number(survey: str, responses: Sequence[str], at: int) -> Script[None]:
    """Give the next integers to those of these responses that have none.

    A number is never given twice, also when its response is gone: the last one given is kept apart.
    """
    name = f"last Consult id of {survey}"
    yield from kept_or(name, "0")
    locked = yield Fetch("SELECT value FROM installation WHERE name = :name FOR UPDATE", {"name": name})
    assert locked.first is not None
    has = yield Fetch(
        "SELECT response_id FROM annotation WHERE kind = :kind AND response_id IN (SELECT :ids*text)",
        {"kind": _KIND, "ids": list(responses)},
    )
    numbered = {row[0] for row in has.rows}
    last = int(locked.first[0])
    rows = [
        {"survey": survey, "response": response, "kind": _KIND, "value": str(value), "method": _METHOD, "at": at}
        for value, response in enumerate((each for each in responses if each not in numbered), last + 1)
    ]
    if rows:
        yield Many(
            """INSERT INTO annotation (survey, response_id, kind, value, method, at)
               VALUES (:survey, :response, :kind, :value, :method, :at)""",
            rows,
        )
        yield Run(
            "UPDATE installation SET value = :value WHERE name = :name",
            {"name": name, "value": str(last + len(rows))},
        )


def places(survey: str) -> Script[dict[str, str]]:
    """Give the place of each campaign of a survey that has one."""
    found = yield Fetch("SELECT id, place FROM campaign WHERE survey = :survey AND place <> ''", {"survey": survey})
    return dict(found.rows)

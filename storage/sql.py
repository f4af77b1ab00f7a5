"""Turn a script's `:name` SQL into what each engine takes. Each text is translated once and remembered."""

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from operator import itemgetter
from typing import Any

from msgspec import json

from storage.script import Params

# A quoted text and a `::` cast are passed over; everything else with one colon is a parameter.
_TOKEN = re.compile(r"'(?:[^']|'')*'|::\w+|:([a-z_][a-z0-9_]*)(?:\*(text|bigint))?")
# `= ANY` is what PostgreSQL's planner looks up in an index, whatever it believes about the size of the list.
_IN_LIST = re.compile(r"(?<!NOT )IN \(SELECT (:[a-z_][a-z0-9_]*\*(?:text|bigint))\)")
# One writer needs no lock to come one at a time.
_ADVISORY_LOCK = re.compile(r"pg_advisory_xact_lock\(\d+\)")
_LOCK = re.compile(r"\s+FOR\s+(?:UPDATE|SHARE)(?:\s+OF\s+\w+)?(?:\s+SKIP\s+LOCKED)?\s*$", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Statement:
    """SQL for one engine, and how to lay a script's parameters out for it."""

    text: str
    values: Callable[[Params], Sequence[Any]]
    returns_rows: bool


@lru_cache(maxsize=2048)
def for_sqlite(sql: str) -> Statement:
    """Translate for SQLite: parameters by place, lists through json_each, no row locks."""
    names: list[tuple[str, bool]] = []

    def place(match: re.Match[str]) -> str:
        name, kind = match.groups()
        if name is None:
            return match[0]
        names.append((name, kind is not None))
        return "value FROM json_each(?)" if kind else "?"

    text = _TOKEN.sub(place, _LOCK.sub("", _ADVISORY_LOCK.sub("1", sql)))
    return Statement(text, _in_order(names), _returns_rows(sql))


@lru_cache(maxsize=2048)
def for_postgres(sql: str) -> Statement:
    """Translate for PostgreSQL: parameters by number, lists through ANY or unnest."""
    numbers: dict[str, int] = {}

    def place(match: re.Match[str]) -> str:
        name, kind = match.groups()
        if name is None:
            return match[0]
        number = numbers.setdefault(name, len(numbers) + 1)
        if kind is None:
            return f"${number}"
        is_looked_up = with_any[: match.start()].endswith("= ANY (")
        return f"${number}::{kind}[]" if is_looked_up else f"unnest(${number}::{kind}[])"

    with_any = _IN_LIST.sub(r"= ANY (\1)", sql)
    text = _TOKEN.sub(place, with_any)
    return Statement(text, _in_order([(name, False) for name in numbers]), _returns_rows(sql))


def _returns_rows(sql: str) -> bool:
    return " returning " in f" {sql.lower()} "


def _in_order(names: list[tuple[str, bool]]) -> Callable[[Params], Sequence[Any]]:
    plain = [name for name, is_list in names if not is_list]
    if len(plain) < len(names):
        return lambda params: [_as_list(params[name]) if is_list else params[name] for name, is_list in names]
    match plain:
        case []:
            return lambda params: ()
        case [name]:
            return lambda params: (params[name],)
        case _:
            return itemgetter(*plain)


def _as_list(values: Iterable[Any]) -> str:
    return json.encode(list(values)).decode()

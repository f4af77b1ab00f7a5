"""Holds calls and answers against Telegram's own description of its Bot API, where it is at hand."""

import json
import re
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

from tests.fakes.twilio_spec import SHARED_DATA

SPEC = SHARED_DATA / "telegram" / "telegram_bot_api_schema_10.2_aiogram.json"

_INTEGER = re.compile(r"-?\d+")
_PLAIN: Mapping[str, tuple[type, ...]] = {
    "Integer": (int,),
    "Float": (int, float),
    "String": (str,),
    "Boolean": (bool,),
    "True": (bool,),
}


@cache
def _description() -> Mapping[str, Mapping[str, Any]] | None:
    if not SPEC.exists():
        return None
    groups = json.loads(SPEC.read_bytes())["items"]
    return {item["name"]: item for group in groups for item in group["children"]}


class BotApiCheck:
    """Says what is wrong with a call or an answer, by the description; nothing where the description is absent."""

    def __init__(self) -> None:
        self._items = _description() or {}
        self.available = bool(self._items)

    def of_call(self, method: str, fields: Mapping[str, Any]) -> list[str]:
        """Check a call's fields: strings as a form gives them, or values as JSON does."""
        found = next((item for name, item in self._items.items() if name.lower() == method.lower()), None)
        if found is None:
            return []
        known = {field["name"]: field for field in found["annotations"]}
        wrong = [f"{method}: no such field {name}" for name in fields if name not in known]
        for name, field in known.items():
            if name in fields:
                wrong += self.of_value(field["type"], _unpacked(field["type"], fields[name]), f"{method}.{name}")
            elif field["required"]:
                wrong.append(f"{method}: no {name}")
        return wrong

    def of_value(self, types: str, value: object, where: str) -> list[str]:
        """Check a value against a type as the description writes it: `Array of Update`, `Integer or String`."""
        if not self.available:
            return []
        if types.startswith("Array of "):
            if not isinstance(value, list):
                return [f"{where}: no array"]
            inner = types.removeprefix("Array of ")
            return [each for place, one in enumerate(value) for each in self.of_value(inner, one, f"{where}[{place}]")]
        choices = re.split(r", | or | and ", types)
        if len(choices) > 1:
            tried = [self.of_value(choice, value, where) for choice in choices]
            return [] if not all(tried) else min(tried, key=len)
        if types in _PLAIN:
            right = isinstance(value, _PLAIN[types]) and (types in ("Boolean", "True")) == isinstance(value, bool)
            return [] if right else [f"{where}: no {types}"]
        return list(self._of_object(types, value, where))

    def _of_object(self, name: str, value: object, where: str) -> Iterator[str]:
        item = self._items.get(name)
        if item is None or not isinstance(value, dict):
            yield f"{where}: no {name}"
            return
        kinds = re.findall(r"^\s*- (\w+)", item["description"], re.MULTILINE)
        if not item["annotations"] and kinds:
            yield from self.of_value(" or ".join(kinds), value, where)
            return
        known = {field["name"]: field for field in item["annotations"]}
        yield from (f"{where}: {name} has no {field}" for field in value if field not in known)
        for field in known.values():
            if field["name"] in value:
                yield from self.of_value(field["type"], value[field["name"]], f"{where}.{field['name']}")
            elif field["required"]:
                yield f"{where}: {name} without {field['name']}"


def _unpacked(types: str, value: object) -> object:
    """Read a form's text as what it stands for; leave it as it is where it stands for nothing of the kind."""
    if not isinstance(value, str) or types == "String":
        return value
    if types.startswith("Integer") and _INTEGER.fullmatch(value):
        return int(value)
    if types == "Boolean" and value.lower() in ("true", "false"):
        return value.lower() == "true"
    try:
        return json.loads(value) if value[:1] in "[{" else value
    except ValueError:
        return value

"""Whether a map has only names that there are, and each with a value of its kind: told all at once, in plain words."""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Final, get_args, get_origin

import msgspec
from msgspec import Struct
from rapidfuzz import fuzz, process

_KINDS: Final[Mapping[object, str]] = MappingProxyType(
    {
        str: "a text in quotation marks",
        int: "a whole number, without quotation marks",
        bool: "true or false, without quotation marks",
        list[str]: 'a list of texts, such as ["One", "Two"]',
        list[str] | str: 'a text in quotation marks, or a list of texts, such as ["One", "Two"]',
    }
)
_TABLE: Final = "a part of its own, under [{}]"
_NEAR: Final = 60


class MapShape:
    """A map held against its type. `kept` is what is right of it, `wrong` what is not, by the name in the map."""

    def __init__(self, raw: Mapping[str, object], shape: type[Struct]) -> None:
        self.wrong: dict[str, str] = {}
        self._names = shape.__struct_fields__
        self.kept = self._struct("", raw, shape)

    def _struct(self, at: str, raw: Mapping[str, object], shape: type[Struct]) -> dict[str, object]:
        types = {each.name: each.type for each in msgspec.structs.fields(shape)}
        kept = {}
        for name, value in raw.items():
            key = f"{at}.{name}" if at else name
            if name not in types:
                self._unknown(key, name, list(types))
            elif (found := self._value(key, value, types[name])) is not None:
                kept[name] = found
        return kept

    def _value(self, key: str, value: object, kind: object) -> object:
        """Give what is right of a value; None where nothing is."""
        if isinstance(kind, type) and issubclass(kind, Struct):
            if isinstance(value, dict):
                return self._struct(key, value, kind)
            return self._not(key, _TABLE)
        if get_origin(kind) is dict:
            if not isinstance(value, dict):
                return self._not(key, _TABLE)
            inner = {name: self._value(f"{key}.{name}", each, get_args(kind)[1]) for name, each in value.items()}
            return {name: each for name, each in inner.items() if each is not None}
        try:
            found: object = msgspec.convert(value, kind)
            return found
        except msgspec.ValidationError:
            return self._not(key, _told(kind))

    def _not(self, key: str, wanted: str) -> object:
        self.wrong[key] = f"`{key}` must be {wanted.format(key)}"
        return None

    def _unknown(self, key: str, name: str, names: list[str]) -> None:
        if name in self._names:
            self.wrong[key] = f"`{key}` is no name there: `{name}` belongs above the first [...]"
            return
        near = process.extractOne(name, names, scorer=fuzz.ratio, score_cutoff=_NEAR)
        told = f"did you mean `{near[0]}`?" if near else "docs/reference/import-map.md has them all"
        self.wrong[key] = f"`{key}` is no name of a map: {told}"


def _told(kind: object) -> str:
    if isinstance(kind, type) and issubclass(kind, StrEnum):
        return f"one of {', '.join(each.value for each in kind)}, in quotation marks"
    return _KINDS[kind]

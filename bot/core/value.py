"""The decorator for small values that are made afresh in every turn."""

from dataclasses import dataclass, field
from typing import TypeVar, dataclass_transform

T = TypeVar("T")


@dataclass_transform(frozen_default=True, field_specifiers=(field,))
def value(cls: type[T]) -> type[T]:
    """Make a slotted dataclass that the type checker holds to be frozen.

    At run time it is not: a frozen dataclass takes three times as long to make, and a turn makes dozens. Nothing may
    hash one or change one that it did not make; mypy refuses the latter.
    """
    return dataclass(slots=True)(cls)

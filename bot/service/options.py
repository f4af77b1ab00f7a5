"""A message's options as the outbox keeps them: JSON text, empty where there are none."""

import json
from collections.abc import Sequence

from channels.base import Option


def write_options(options: Sequence[Option], opener: str = "") -> str:
    """Write options as `[[id, label], ...]`; with a word that opens them as a list, `{opener: [...]}`."""
    if not options:
        return ""
    listed = [[option.id, option.label] for option in options]
    return json.dumps({opener: listed} if opener else listed, ensure_ascii=False)


def read_options(text: str) -> tuple[Option, ...]:
    """Read the options that `write_options` wrote."""
    return _read(text)[1]


def read_opener(text: str) -> str:
    """Read the word that `write_options` was given to open them; empty where there was none."""
    return _read(text)[0] if text.startswith("{") else ""


def _read(text: str) -> tuple[str, tuple[Option, ...]]:
    listed, opener = json.loads(text) if text else (), ""
    if isinstance(listed, dict):
        ((opener, listed),) = listed.items()
    return opener, tuple(Option(option_id, label) for option_id, label in listed)

"""A message's options as the outbox keeps them: JSON text, empty where there are none."""

import json
from collections.abc import Sequence

from channels.base import Option


def write_options(options: Sequence[Option]) -> str:
    """Write options as `[[id, label], ...]`."""
    return json.dumps([[option.id, option.label] for option in options], ensure_ascii=False) if options else ""


def read_options(text: str) -> tuple[Option, ...]:
    """Read what `write_options` wrote."""
    return tuple(Option(option_id, label) for option_id, label in json.loads(text)) if text else ()

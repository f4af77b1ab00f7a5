"""The labelled texts that languages are measured on: `../shared/data/language/dev.jsonl`, or EARSHOT_SHARED_DATA."""

import os
from pathlib import Path

import msgspec

SHARED = Path(os.environ.get("EARSHOT_SHARED_DATA", Path(__file__).parents[2] / "shared" / "data"))


class Text(msgspec.Struct, frozen=True):
    """One labelled text. `bucket` is its length (1, 2-3, 4-10, sent) or kind, `variant` how it is written."""

    text: str
    lang: str
    bucket: str
    variant: str
    source: str


def read_texts(path: Path = SHARED / "language" / "dev.jsonl") -> list[Text]:
    """Read the texts. Raises FileNotFoundError where they are not."""
    return msgspec.json.decode(b"[" + b",".join(path.read_bytes().splitlines()) + b"]", type=list[Text])

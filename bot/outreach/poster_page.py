"""What a page of a poster says, in the order of reading, before anything is drawn."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Line:
    """One line of what to do: `is_key` marks what is texted, or to whom; the words between are smaller."""

    text: str
    is_key: bool


@dataclass(frozen=True, slots=True)
class Code:
    """A QR code: what it opens, its name, and where the same is reached without it (empty: nowhere shorter)."""

    link: str
    name: str
    reached_at: str = ""


@dataclass(frozen=True, slots=True)
class Start:
    """How to begin in another language: its own name, what to send (empty: nothing), its code and direction."""

    name: str
    words: str
    language: str
    is_rtl: bool


@dataclass(frozen=True, slots=True)
class Page:
    """Everything on one page, in the order of reading. `notes` are short; `checks` hold addresses."""

    language: str
    is_rtl: bool
    is_draft: bool
    organisation: str
    partner: str
    title: str
    about: str
    call: tuple[Line, ...]
    scan: str
    codes: tuple[Code, ...]
    others: str
    starts: tuple[Start, ...]
    notes: tuple[str, ...]
    checks: tuple[str, ...]

"""The fake Twilio's Content API: what it makes, lists and refuses, and how a phone would show it.

Limits: twilio.com/docs/content/twilio-quick-reply, twilio.com/docs/content/twiliolist-picker, and Meta's of 20
characters for the label of a button.
"""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from tests.fakes.twilio_messages import ApiError, new_sid

PATHS = ("/v1/Content", "/v1/Content/{sid}")

_PLACEHOLDER = re.compile(r"\{\{\s*(\w+)\s*\}\}")
_KINDS = frozenset(("twilio/text", "twilio/quick-reply", "twilio/list-picker"))


@dataclass(frozen=True)
class Shown:
    """One message as a phone shows it: `buttons` and `rows` are (id, title), `below` what stands below each row."""

    text: str
    buttons: tuple[tuple[str, str], ...] = ()
    rows: tuple[tuple[str, str], ...] = ()
    below: tuple[str, ...] = ()
    opener: str = ""


@dataclass
class Content:
    """One Content object. `approved` is Meta's word on it as a template."""

    sid: str
    name: str
    language: str
    types: Mapping[str, Any]
    variables: Mapping[str, str]
    approved: bool = False

    @property
    def can_open_a_conversation(self) -> bool:
        """Whether it may be sent outside the window: a list never."""
        return self.approved and "twilio/list-picker" not in self.types

    def shown(self, values: Mapping[str, str]) -> Shown:
        """Fill in the values. Raises ApiError 21656 where one is missing, empty, or has a line break in it."""
        filled = {**self.variables, **values}
        if any(not value or re.search(r"[\n\t]| {5}", value) for value in filled.values()):
            raise ApiError(400, 21656)

        def written(text: str) -> str:
            known = _PLACEHOLDER.sub(lambda found: filled.get(found[1], found[0]), text)
            if "{{" in known or "}}" in known:
                raise ApiError(400, 21656)
            return known

        kind, body = next(iter(self.types.items()))
        actions, items = body.get("actions", ()), body.get("items", ())
        if kind == "twilio/quick-reply":
            return Shown(written(body["body"]), buttons=tuple((a.get("id", ""), written(a["title"])) for a in actions))
        if kind == "twilio/list-picker":
            return Shown(
                written(body["body"]),
                rows=tuple((item["id"], written(item["item"])) for item in items),
                below=tuple(written(item.get("description", "")) for item in items),
                opener=body["button"],
            )
        return Shown(written(body["body"]))

    def as_json(self, account_sid: str, base: str) -> dict[str, object]:
        """Write it as the API does (component content.v1.content)."""
        here = f"{base}/v1/Content/{self.sid}"
        return {
            "date_created": "2026-01-01T12:00:00Z",
            "date_updated": "2026-01-01T12:00:00Z",
            "sid": self.sid,
            "account_sid": account_sid,
            "friendly_name": self.name,
            "language": self.language,
            "variables": dict(self.variables),
            "types": dict(self.types),
            "url": here,
            "links": {
                "approval_create": f"{here}/ApprovalRequests/whatsapp",
                "approval_fetch": f"{here}/ApprovalRequests",
            },
        }


@dataclass
class ContentStore:
    """All Content objects of one account, oldest first."""

    kept: list[Content] = field(default_factory=list)

    def create(self, body: bytes) -> Content:
        """Make one from a JSON body. Raises ApiError with 400 where a limit is broken."""
        asked = json.loads(body)
        types = {kind: shown for kind, shown in asked["types"].items() if shown is not None}
        if len(types) != 1 or not set(types) <= _KINDS or not asked.get("language"):
            raise ApiError(400, 20001)
        for kind, shown in types.items():
            _check(kind, shown)
        made = Content(
            new_sid("HX"), asked.get("friendly_name", ""), asked["language"], types, asked.get("variables") or {}
        )
        self.kept.append(made)
        return made

    def find(self, sid: str, error: ApiError) -> Content:
        """Find one by its sid, or raise the error."""
        found = [content for content in self.kept if content.sid == sid]
        if not found:
            raise error
        return found[0]

    def page(self, query: Mapping[str, str], account_sid: str, base: str) -> dict[str, object]:
        """Write one page of the list, with the address of the next."""
        size, number = min(int(query.get("PageSize", "50")), 1000), int(query.get("Page", "0"))
        shown = self.kept[number * size : (number + 1) * size]
        address = f"{base}/v1/Content?PageSize={size}&Page="
        more = len(self.kept) > (number + 1) * size
        return {
            "meta": {
                "page": number,
                "page_size": size,
                "first_page_url": f"{address}0",
                "previous_page_url": None,
                "url": f"{address}{number}",
                "next_page_url": f"{address}{number + 1}" if more else None,
                "key": "contents",
            },
            "contents": [content.as_json(account_sid, base) for content in shown],
        }


def _check(kind: str, shown: Mapping[str, Any]) -> None:
    actions, items = shown.get("actions", ()), shown.get("items", ())
    rules = [0 < len(shown["body"]) <= (1600 if kind == "twilio/text" else 1024)]
    if kind == "twilio/quick-reply":
        rules += [1 <= len(actions) <= 10, _are_different([action["title"] for action in actions])]
        rules += [action["type"] == "QUICK_REPLY" and len(action.get("id", "")) <= 200 for action in actions]
        rules += [0 < len(action["title"]) <= 20 and "\n" not in action["title"] for action in actions]
    if kind == "twilio/list-picker":
        rules += [1 <= len(items) <= 10, 0 < len(shown["button"]) <= 20, _are_different([item["id"] for item in items])]
        rules += [0 < len(item["item"]) <= 24 and "\n" not in item["item"] for item in items]
        rules += [0 < len(item["id"]) <= 200 and len(item.get("description", "")) <= 72 for item in items]
    if not all(rules):
        raise ApiError(400, 20001)


def _are_different(titles: Sequence[str]) -> bool:
    return len(set(titles)) == len(titles)

"""Holds requests against Twilio's own OpenAPI description, where it is at hand."""

import json
import os
from functools import cache
from pathlib import Path

from openapi_core import OpenAPI
from openapi_core.exceptions import OpenAPIError
from openapi_core.testing import MockRequest

SHARED_DATA = Path(os.environ.get("EARSHOT_SHARED_DATA", Path(__file__).parents[3] / "shared" / "data"))
SPEC = SHARED_DATA / "twilio" / "twilio_api_v2010_messages.json"


@cache
def _description() -> OpenAPI | None:
    return OpenAPI.from_dict(json.loads(SPEC.read_bytes())) if SPEC.exists() else None


class OpenApiCheck:
    """Says what is wrong with a request, by the description; nothing where the description is absent."""

    def __init__(self) -> None:
        self._description = _description()
        self.available = self._description is not None

    def complaints(self, method: str, path: str, query: dict[str, str], body: bytes, content_type: str) -> list[str]:
        if self._description is None:
            return []
        request = MockRequest(
            "https://api.twilio.com",
            method.lower(),
            path,
            args=query,
            headers={"Authorization": "Basic eDp5"},  # that it is the right one is the fake's own check
            data=body or None,
            content_type=content_type,
        )
        try:
            self._description.validate_request(request)
        except OpenAPIError as problem:
            return [f"{method} {path}: {problem!r} {problem.__cause__!r}"]
        return []

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
CONTENT_SPEC = SHARED_DATA / "twilio" / "twilio_content_v1.json"


@cache
def _description(spec: Path) -> OpenAPI | None:
    return OpenAPI.from_dict(json.loads(spec.read_bytes())) if spec.exists() else None


class OpenApiCheck:
    """Says what is wrong with a request, by the description; nothing where the description is absent."""

    def __init__(self, spec: Path = SPEC, server: str = "https://api.twilio.com") -> None:
        self._server = server
        self._description = _description(spec)
        self.available = self._description is not None

    def complaints(self, method: str, path: str, query: dict[str, str], body: bytes, content_type: str) -> list[str]:
        if self._description is None:
            return []
        request = MockRequest(
            self._server,
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

"""The fake is trusted by many tests, so what it claims about GOV.UK Notify is tested too."""

import json
import time
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from hashlib import sha256
from hmac import digest
from typing import Any
from uuid import uuid4

import httpx2
import pytest
from starlette.types import Receive, Scope, Send

from channels.base import Accepted
from tests.channels.notifying import MESSAGE, RESIDENT, sending
from tests.fakes.notify import CALLBACK_TRIES, SECRET, SERVICE_ID, TEMPLATE_ID, FakeNotify

FORM = {"phone_number": RESIDENT, "template_id": TEMPLATE_ID, "personalisation": {"message": "Hello"}}
SMOKE_TEST = "+447700900111"


def token(*, head: Mapping[str, str] | None = None, secret: str = SECRET, **claims: object) -> str:
    """Write a token by hand, as Notify's documentation describes it."""
    parts = [head or {"typ": "JWT", "alg": "HS256"}, {"iss": SERVICE_ID, "iat": int(time.time())} | claims]
    signed = ".".join(urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=") for part in parts)
    signature = urlsafe_b64encode(digest(secret.encode(), signed.encode(), sha256)).decode().rstrip("=")
    return f"Bearer {signed}.{signature}"


async def ask(
    notify: FakeNotify, method: str, path: str, form: object = None, authorization: str | None = None
) -> tuple[int, dict[str, Any]]:
    async with httpx2.AsyncClient(trust_env=False) as client:
        headers = {"Authorization": token() if authorization is None else authorization}
        content = None if form is None else json.dumps(form).encode()
        answer = await client.request(method, notify.url + path, headers=headers, content=content)
    return answer.status_code, answer.json()


def error(status: int, kind: str, message: str) -> tuple[int, dict[str, Any]]:
    return status, {"status_code": status, "errors": [{"error": kind, "message": message}]}


@pytest.mark.parametrize(
    ("authorization", "status", "message"),
    [
        pytest.param("", 401, "Unauthorized: authentication token must be provided", id="none"),
        pytest.param("Basic abc", 401, "Unauthorized: authentication bearer scheme must be used", id="another scheme"),
        pytest.param("Bearer a.b", 403, "Invalid token: make sure your API token matches the example", id="no token"),
        pytest.param(token(iss=str(uuid4())), 403, "Invalid token: service not found", id="another service"),
        pytest.param(
            token(head={"typ": "JWT", "alg": "none"}), 403, "Invalid token: algorithm used is not HS256", id="alg none"
        ),
        pytest.param(token(secret=str(uuid4())), 403, "Invalid token: API key not found", id="another secret"),
        pytest.param(
            token(iat=1), 403, "Error: Your system clock must be accurate to within 30 seconds", id="an old token"
        ),
    ],
)
async def test_only_a_right_token_of_the_last_half_minute_is_taken(
    authorization: str, status: int, message: str
) -> None:
    async with FakeNotify() as notify:
        found = await ask(notify, "POST", "/v2/notifications/sms", FORM, authorization)
        assert found == error(status, "AuthError", message)
        assert notify.texts == []


@pytest.mark.parametrize(
    ("change", "kind", "message"),
    [
        pytest.param(
            {"text": "Hi"},
            "ValidationError",
            "Additional properties are not allowed (text was unexpected)",
            id="a field that is none",
        ),
        pytest.param(
            {"template_id": "any"}, "ValidationError", "template_id is not a valid UUID", id="a template's name"
        ),
        pytest.param(
            {"personalisation": "Hi"}, "ValidationError", "personalisation Hi is not of type object", id="words alone"
        ),
        pytest.param({"personalisation": {}}, "BadRequestError", "Missing personalisation: message", id="no words"),
        pytest.param(
            {"personalisation": {"message": "x" * 919}}, "BadRequestError", "Your message is too long.", id="too long"
        ),
        pytest.param(
            {"personalisation": {"message": " "}}, "BadRequestError", "Your message is empty.", id="only a space"
        ),
        pytest.param(
            {"reference": "x" * 1001}, "ValidationError", f"reference {'x' * 1001} is too long", id="a long reference"
        ),
    ],
)
async def test_a_form_that_notify_would_refuse_is_refused_in_its_words(
    change: dict[str, object], kind: str, message: str
) -> None:
    async with FakeNotify() as notify:
        assert await ask(notify, "POST", "/v2/notifications/sms", FORM | change) == error(400, kind, message)


async def test_a_text_can_be_fetched_by_its_id_and_by_our_reference() -> None:
    async with FakeNotify() as notify, sending(notify) as channel:
        result = await channel.send(MESSAGE)
        assert isinstance(result, Accepted)
        status, found = await ask(notify, "GET", f"/v2/notifications/{result.provider_id}")
        assert (status, found["reference"], found["phone_number"], found["type"]) == (200, "0190a", RESIDENT, "sms")
        _, page = await ask(notify, "GET", "/v2/notifications?reference=0190a")
        assert [each["id"] for each in page["notifications"]] == [result.provider_id]
        _, none = await ask(notify, "GET", "/v2/notifications?reference=other")
        assert (none["notifications"], list(none["links"])) == ([], ["current"])
        missing = await ask(notify, "GET", f"/v2/notifications/{uuid4()}")
        assert missing == error(404, "NoResultFound", "No result found")


async def test_a_smoke_test_number_is_accepted_and_kept_nowhere() -> None:
    async with FakeNotify() as notify:
        status, _ = await ask(notify, "POST", "/v2/notifications/sms", FORM | {"phone_number": SMOKE_TEST})
        assert (status, notify.texts) == (201, [])


@pytest.mark.parametrize(
    ("status", "attempts"),
    [
        pytest.param(500, CALLBACK_TRIES, id="we broke"),
        pytest.param(503, CALLBACK_TRIES, id="we are busy"),
        pytest.param(429, CALLBACK_TRIES, id="too fast for us"),
        pytest.param(403, 1, id="refused"),
        pytest.param(400, 1, id="not understood"),
        pytest.param(204, 1, id="taken"),
    ],
)
async def test_a_callback_is_tried_again_where_notify_would(status: int, attempts: int) -> None:
    async def answers(scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": status, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    async with FakeNotify(app=answers) as notify:
        turn = await notify.text(RESIDENT, "1")
    assert (turn.status, turn.attempts) == (status, attempts)


async def test_a_callback_that_reaches_nobody_is_tried_again() -> None:
    async with FakeNotify(target="http://127.0.0.1:1") as notify:
        assert (await notify.text(RESIDENT, "1")).attempts == CALLBACK_TRIES

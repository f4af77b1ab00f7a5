"""What the server says of itself on standard error, for whoever has set it up."""

import asyncio
import json
import re
from pathlib import Path

import pytest

from bench.serving import serving
from bench.wire import Connection, encode, incoming, request

FIRST_SURVEY = Path(__file__).parents[2] / "docs" / "start" / "first-survey-by-sms.md"

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@pytest.mark.parametrize(
    ("address", "warnings"),
    [
        pytest.param("http://earshot.example.org", 1, id="http"),
        pytest.param("http://127.0.0.1:8000", 0, id="loopback"),
    ],
)
async def test_an_address_without_https_is_warned_of_at_the_start(
    published: str, tmp_path: Path, address: str, warnings: int
) -> None:
    async with serving(published, tmp_path / "server", PUBLIC_BASE_URL=address) as server:
        said = [line for line in server.errors.splitlines() if "PUBLIC_BASE_URL" in line]
    assert len(said) == warnings
    assert all(json.loads(line)["level"] == "warning" and "https" in line for line in said)


async def test_a_slip_in_the_name_of_a_setting_is_warned_of_at_the_start(published: str, tmp_path: Path) -> None:
    async with serving(published, tmp_path / "server", TWILIO_ACOUNT_SID="hunter2") as server:
        (said,) = [line for line in server.errors.splitlines() if "TWILIO_ACOUNT_SID" in line]
    assert json.loads(said)["level"] == "warning"
    assert "Did you mean TWILIO_ACCOUNT_SID?" in said
    assert "hunter2" not in said


async def test_the_first_survey_s_page_finds_a_refused_webhook_in_the_log(published: str, tmp_path: Path) -> None:
    async with serving(published, tmp_path / "server") as server:
        line = Connection(server.port)
        forged = request(encode(incoming("SM" + "a" * 32, "+447700900333", "hello")), "forged")
        assert (await line.post(forged)).status == 403
        line.close()
        (tmp_path / "earshot.log").write_text(server.errors)
    page = FIRST_SURVEY.read_text(encoding="utf-8")
    (command,) = re.findall(r"^grep .*$", page, re.MULTILINE)
    search = await asyncio.create_subprocess_shell(command, cwd=tmp_path, stdout=asyncio.subprocess.PIPE)
    found, _ = await search.communicate()
    (logged,) = found.decode().splitlines()
    (shown,) = re.findall(r'^\{"channel".*$', page, re.MULTILINE)
    assert json.loads(logged) | {"timestamp": ""} == json.loads(shown) | {"timestamp": ""}

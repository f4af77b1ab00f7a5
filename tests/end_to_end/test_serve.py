"""The real server: a signed text in, a row out, and nothing else gets in."""

import asyncio
import hmac
import random
from base64 import b64encode
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from bench.serving import Server, environment, serving
from bench.walk import edges, is_right
from bench.wire import PUBLIC, SMS, TOKEN, Connection, encode, incoming, request, sign
from storage.script import Database
from tests.end_to_end.commands import SURVEY, exported, run
from tests.end_to_end.counting import every_row, filed
from tests.end_to_end.residents import Resident, assert_exported, everybody_answers, new_sid, send

AMINA, BEN, CASS = "+447700900111", "+447700900222", "+447700900333"
SECONDS_UNTIL_READ = 15.0
"""The server reads every two seconds what was published or closed; a loaded machine may take longer."""


@pytest.fixture
async def server(published: str, tmp_path: Path) -> AsyncIterator[Server]:
    async with serving(published, tmp_path / "server") as server:
        yield server


@pytest.fixture
def line(server: Server) -> Iterator[Connection]:
    connection = Connection(server.port)
    yield connection
    connection.close()


@pytest.fixture
def chance() -> random.Random:
    return random.Random(7)


def resident(number: str, server: Server, *, last: bool) -> Resident:
    return Resident(number, edges(last), random.Random(number), [server.port])


async def test_a_new_number_goes_from_the_keyword_to_a_row_of_the_export(
    server: Server, database: Database, published: str, tmp_path: Path
) -> None:
    both = [resident(AMINA, server, last=False), resident(BEN, server, last=True)]
    await everybody_answers(both)

    rows = await exported(published, tmp_path)
    assert_exported(rows, both)
    assert {row["missing"] for row in rows} == {"Stop the boats"}
    assert {(row["source"], row["channel"], row["language"], row["late"]) for row in rows} == {
        ("sms", "sms", "en", "0")
    }
    settings = environment(published)
    report = await run("reconcile-report", "--survey", SURVEY, settings=settings, folder=tmp_path)
    assert report.code == 0
    assert "Balanced" in report.out
    replay = await run("replay", "--survey", SURVEY, settings=settings, folder=tmp_path)
    assert (replay.code, replay.out) == (0, "0 differences.\n")


async def test_the_same_message_again_gets_the_same_bytes_and_changes_no_row(
    server: Server, line: Connection, database: Database, chance: random.Random
) -> None:
    sids = [new_sid(chance) for _ in range(3)]
    first = [await send(line, sid, AMINA, text) for sid, text in zip(sids, ("STOKE", "1", "2"), strict=True)]
    before = await every_row(database)

    again = [await send(line, sid, AMINA, text) for sid, text in zip(sids, ("STOKE", "1", "2"), strict=True)]

    assert [reply.body for reply in again] == [reply.body for reply in first]
    assert await every_row(database) == before
    assert len(before["inbound"]) == 3


async def test_stop_silences_and_start_opens_again(
    server: Server, line: Connection, database: Database, chance: random.Random
) -> None:
    texts = ("STOKE", "STOP", "1", "hello", "START", "1")
    replies = [await send(line, new_sid(chance), AMINA, text) for text in texts]
    assert [reply.status for reply in replies] == [200] * len(texts)
    silent = [reply.body.endswith(b"<Response></Response>") or reply.body.endswith(b"<Response/>") for reply in replies]
    assert silent == [False, False, True, True, False, False]
    assert "START" in replies[1].text
    assert "DELETE" in replies[1].text
    assert is_right(edges(last=False)[1], replies[5].text)


async def test_a_survey_closed_while_the_server_runs_marks_what_comes_late(
    server: Server, line: Connection, database: Database, published: str, tmp_path: Path, chance: random.Random
) -> None:
    await send(line, new_sid(chance), AMINA, "STOKE")
    await send(line, new_sid(chance), AMINA, "1")
    closed = await run("survey", "close", SURVEY, settings=environment(published), folder=tmp_path)
    assert closed.code == 0
    async with asyncio.timeout(SECONDS_UNTIL_READ):
        # Each from a number of no country that has not texted yet: nobody's second text is what ends this.
        while "closed" not in (await send(line, new_sid(chance), f"+999{chance.randrange(10**11):011}", "STOKE")).text:
            pass
    late = await send(line, new_sid(chance), AMINA, "2")
    assert "closed" in late.text
    row = next(row for row in await exported(published, tmp_path) if row["respondent_type__state"] == "answered")
    assert (row["late"], row["vision_agree"]) == ("1", "agree")


FIELDS = incoming(f"SM{'a' * 32}", CASS, "Meet me at 14 Vine Street")
BODY = encode(FIELDS)
RIGHT = sign(FIELDS)


def signed(**fields: str) -> bytes:
    return request(encode(FIELDS | fields), sign(FIELDS | fields))


def signed_but_no_text() -> bytes:
    """Sign bytes that are no UTF-8, as somebody who knows the token could."""
    written = (
        PUBLIC + SMS + "".join(name + value for name, value in sorted((FIELDS | {"Body": "\udcff\udcfe"}).items()))
    )
    mac = hmac.digest(TOKEN.encode(), written.encode("utf-8", "surrogateescape"), "sha1")
    return request(encode(FIELDS | {"Body": "?"}).replace(b"Body=%3F", b"Body=%FF%FE"), b64encode(mac).decode())


GARBAGE = {
    "a wrong signature": (request(BODY, sign(FIELDS | {"Body": "other"})), 403),
    "no signature": (request(BODY, None), 403),
    "an empty signature": (request(BODY, ""), 403),
    "a signature that is no base64": (request(BODY, "\u00e9\u00e9"), 403),
    "an empty body": (request(b"", RIGHT), 403),
    "an empty body, rightly signed": (request(b"", sign({})), 403),
    "bytes of no encoding": (request(bytes(range(256)) * 4, RIGHT), 403),
    "JSON": (request(b'{"Body": "hello"}', RIGHT, more="Content-Type: application/json\r\n"), 403),
    "a broken percent sign": (request(BODY.replace(b"Body=", b"Body=%zz%"), RIGHT), 403),
    "a key twice with two values": (request(BODY + b"&Body=STOP", RIGHT), 403),
    "another account": (signed(AccountSid=f"AC{'9' * 32}"), 403),
    "no MessageSid": (signed(MessageSid=""), 400),
    "no text, rightly signed": (signed_but_no_text(), 400),
    "a megabyte": (request(b"Body=" + b"x" * 1_000_000, RIGHT), 413),
    "GET": (request(b"", None, method="GET"), 405),
    "another channel": (request(BODY, RIGHT, path="/channels/pigeon"), 404),
    "another page": (request(b"", None, path="/wp-login.php", method="GET"), 404),
}


async def test_garbage_is_refused_by_its_kind_and_the_log_says_so_without_a_word_of_it(
    server: Server, line: Connection, database: Database, chance: random.Random
) -> None:
    before = await every_row(database)
    got = {}
    for kind, (sent, _) in GARBAGE.items():
        got[kind] = (await line.post(sent)).status
        line.close()
    assert got == {kind: status for kind, (_, status) in GARBAGE.items()}
    assert await every_row(database) == before
    assert not await filed(database)

    log = server.errors
    refused = sum(status in (400, 403, 413) for status in got.values())
    assert log.count("webhook refused") == refused
    assert "the signature is missing or wrong" in log
    for content in ("Vine", "447700900333", "7700 900333", "hello", "SMaaaa"):
        assert content not in log
    assert is_right(edges(last=False)[0], (await send(line, new_sid(chance), CASS, "STOKE")).text)
    assert "447700900333" not in server.errors + server.output

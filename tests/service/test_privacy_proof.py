"""The proof: a seeded number and a seeded name, searched for in everything that is kept beside words, or leaves."""

import zipfile
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from pathlib import Path

import httpx2
import pytest
import structlog
from structlog.testing import capture_logs

from bot.analysis.export import Format, export
from storage.keys import KeyRing
from storage.script import Database, Run, Script
from tests.fakes.twilio import NUMBER
from tests.service.privacy_scene import (
    NAME,
    RESIDENT,
    WORDS,
    WORDS_ALLOWED,
    Town,
    filled_tables,
    found_in,
    hits,
    text_form,
    town,
)

# The number without its code stands in every way of writing it; `hits` looks past gaps.
SEEDED = ("7700900321", *NAME.split())
PLACES = ("zzhanley", "zzstaffs", "zz11aa", "zzstoke")


@pytest.fixture
async def stoke(database: Database, keys: KeyRing) -> AsyncIterator[Town]:
    async with town(database, keys) as running:
        yield running


async def test_the_search_finds_what_was_seeded_where_words_may_stand(stoke: Town) -> None:
    await stoke.answer_everything()
    found = await found_in(stoke.database, SEEDED, but=frozenset())
    assert set(found) == {f"{place}: {seed}" for place in ("answer.said", "inbound.text") for seed in SEEDED}
    assert hits(b"ring %2B44 (0)7700-900 321, PARVEEN", SEEDED) == ["7700900321", "Parveen"]
    assert hits("ring 07700 900 320", SEEDED) == []


async def test_no_column_but_those_for_words_holds_a_number_a_name_or_a_place(stoke: Town) -> None:
    await stoke.answer_everything()
    for body in ("MYDATA", "CHANGE 3", "BACK", "HELP", WORDS, WORDS, "STOP", "START", "NEW", WORDS, "1", "1", WORDS):
        await stoke.text(body, MediaUrl0=f"https://api.example/{RESIDENT}", NumMedia="0")
    await stoke.text("", OptOutType="STOP")
    await break_a_turn(stoke)
    assert await found_in(stoke.database, (*SEEDED, *PLACES), but=WORDS_ALLOWED) == []


async def test_replies_never_repeat_what_a_resident_wrote(stoke: Town) -> None:
    await stoke.answer_everything()
    for body in ("MYDATA", "CHANGE 3", "BACK", "DELETE", "NO"):
        await stoke.text(body)
    assert [hits(reply, (*SEEDED, *PLACES)) for reply in stoke.replies] == [[]] * len(stoke.replies)


@pytest.fixture
def logged(caplog: pytest.LogCaptureFixture) -> Iterator[Sequence[Mapping[str, object]]]:
    """Everything that is logged, by our logger and by the libraries', down to DEBUG."""
    caplog.set_level("DEBUG")
    with capture_logs() as ours:
        structlog.get_logger().info("the capture works")
        yield ours
    assert {"event": "the capture works", "log_level": "info"} in ours


async def test_logs_error_pages_and_metrics_name_nobody(
    stoke: Town, logged: Sequence[Mapping[str, object]], caplog: pytest.LogCaptureFixture
) -> None:
    pages = []
    await stoke.answer_everything()
    repeated = text_form(WORDS)
    for _ in range(2):
        await stoke.post("/channels/sms", repeated)
    pages.append(await stoke.post("/channels/sms", text_form(WORDS), token="not the token"))
    pages.append(await stoke.post("/channels/sms", text_form(WORDS, AccountSid="AC" + "9" * 32)))
    pages.append(await stoke.post("/channels/sms", text_form(WORDS, From=f"whatsapp:{RESIDENT}")))
    pages.append(await stoke.post("/channels/sms", text_form(WORDS * 2_000)))
    pages.append(await stoke.post("/channels/sms/status?o=nobody", text_form(WORDS, MessageStatus=WORDS)))
    pages.append(await stoke.post(f"/channels/sms/{RESIDENT}", text_form(WORDS)))
    pages.append(await stoke.get(f"/s/{RESIDENT}?name={NAME}"))
    await stoke.post(
        "/channels/sms/status", text_form("", NUMBER, To=RESIDENT, MessageStatus="failed", ErrorCode="30005")
    )
    pages.append(await break_a_turn(stoke))
    pages.append(await break_a_turn(stoke, how="version = '1', state = '{}'"))
    assert [page.status_code for page in pages] == [403, 403, 400, 413, 400, 404, 404, 500, 500]
    metrics = (await stoke.get("/metrics")).text
    assert 'status="500"' in metrics
    assert {"inbound repeated", "webhook refused", "message_not_delivered", "turn failed", "webhook failed"} <= {
        entry["event"] for entry in logged
    }
    libraries = [record.getMessage() for record in caplog.records if record.name != "httpx2"]  # the test's own client
    for written in (*[page.text + str(page.headers) for page in pages], metrics, str(logged), str(libraries)):
        assert hits(written, (*SEEDED, *PLACES)) == []


@pytest.mark.parametrize("format", list(Format), ids=lambda format: format.value)
async def test_a_masked_export_holds_neither_number_nor_name(stoke: Town, format: Format, tmp_path: Path) -> None:
    await stoke.answer_everything()
    for raw, expected in ((False, []), (True, list(SEEDED))):
        out = tmp_path / f"out-{'RAW' if raw else 'masked'}.{format.value}"
        await export(
            stoke.database, "stoke", format, out, raw=raw, labels=None, include_test=True, who="a", now=stoke.now
        )
        if raw and format is Format.CODEBOOK:
            expected = []
        assert hits(_content(out), SEEDED) == expected


def _content(path: Path) -> bytes:
    if path.is_dir():
        return b"\n".join(each.read_bytes() for each in path.rglob("*") if each.is_file())
    if not zipfile.is_zipfile(path):
        return path.read_bytes()
    with zipfile.ZipFile(path) as archive:
        return b"\n".join(archive.read(name) for name in archive.namelist())


async def test_a_repeated_message_changes_nothing_and_names_nobody_anew(stoke: Town) -> None:
    form = text_form("STOKE")
    await stoke.post("/channels/sms", form)
    before = await filled_tables(stoke.database)
    await stoke.post("/channels/sms", form)
    assert await filled_tables(stoke.database) == before


async def break_a_turn(stoke: Town, how: str = "version = 'lost'") -> httpx2.Response:
    """Spoil the conversation, so that the next turn raises: pinned to a version that nobody has, or unreadable."""

    def spoil() -> Script[None]:
        yield Run(f"UPDATE conversation SET {how}")

    await stoke.database.run(spoil)
    return await stoke.post("/channels/sms", text_form(WORDS))

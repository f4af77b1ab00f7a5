"""The commands as a person types them: 0 when it worked, 2 for bad usage, 1 and one clear line when it cannot be."""

import json
import shutil
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import openpyxl
import pytest
import typer

from bench.serving import SECRET, environment
from bench.walk import SHIPPED
from bot.cli.commands import build, main
from storage.database import open_database
from storage.keys import KeyRing
from tests.end_to_end.commands import SURVEY, Done, run
from tests.end_to_end.conftest import publish_shipped
from tests.fakes.notify import API_KEY, CALLBACK_TOKEN
from tests.fakes.telegram import TOKEN
from tests.surveys.workbooks import LABEL, SETTINGS, question, workbook


def every_command(app: typer.Typer, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    for command in app.registered_commands:
        yield (*path, command.name or "")
    for group in app.registered_groups:
        assert group.typer_instance is not None
        yield from every_command(group.typer_instance, (*path, str(group.name)))


LONDON = ZoneInfo("Europe/London")
COMMANDS = list(every_command(build()))


@pytest.fixture
async def settings(migrated: Path, tmp_path: Path) -> dict[str, str]:
    """Give settings over a SQLite file in which the shipped survey is published and SECRET_KEY is known."""
    shutil.copy(migrated, tmp_path / "earshot.db")
    url = f"sqlite:///{tmp_path / 'earshot.db'}"
    database = await open_database(url)
    try:
        await publish_shipped(database)
        await KeyRing.open(database, SECRET)
    finally:
        await database.close()
    return environment(url)


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_every_command_explains_itself(command: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as end:
        main([*command, "--help"])
    assert end.value.code == 0
    assert "Usage:" in capsys.readouterr().out


@pytest.mark.parametrize(
    "arguments",
    [
        ("surveys",),
        ("survey", "publish"),
        ("survey", "list", "--loud"),
        ("serve", "--port", "65536"),
        ("export", "--survey", SURVEY, "--format", "papyrus", "--out", "a.csv"),
        ("export", "--survey", SURVEY, "--format", "csv"),
        ("export", "--survey", SURVEY, "--format", "csv", "--out", "a.csv", "--text", "shouted"),
        ("reconcile-report",),
        ("chat", SURVEY, "--channel", "pigeon"),
        ("reconcile-report", "--survey", "caf\udce9"),
        ("survey", "publish", "a.xlsx", "--closes", "31/01/2027"),
        ("survey", "publish", "a.xlsx", "--closes", "2027-02-30"),
        ("survey", "publish", "a.xlsx", "--closes", "9999-12-31"),
        ("campaign", "create", SURVEY, "--name", "Hall", "--from", "today"),
        ("campaign", "create", SURVEY, "--name", "Hall", "--until", "yesterday"),
        ("campaign", "create", SURVEY, "--name", "Hall", "--channel", "post"),
        ("campaign", "create", SURVEY, "--name", "Hall", "--target", "0"),
        ("campaign", "create", SURVEY, "--name", " "),
        ("campaign", "change", "hall7", "--until", "yesterday"),
        ("campaign", "change", "hall7", "--channel", "fax"),
        ("campaign", "change", "hall7", "--target", "-1"),
        ("export", "--survey", SURVEY, "--format", "csv", "--out", "RAW.csv", "--text", "raw", "--shareable"),
        ("review", "accept", "ur.csv", "--by", ""),
        ("staff", "add", ""),
    ],
    ids=[
        "no such command",
        "no file",
        "no such option",
        "a port too large",
        "no such format",
        "nowhere to write",
        "no such text",
        "no survey",
        "no such channel",
        "no UTF-8",
        "a day in another order",
        "a day that no month has",
        "a day too far away",
        "no first day",
        "no last day",
        "no channel to invite by",
        "a target of none",
        "a campaign without a name",
        "no other last day",
        "no other channel",
        "a target below none",
        "raw text to be shared",
        "a reader without a name",
        "staff without a name",
    ],
)
def test_bad_usage_exits_with_2(arguments: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as end:
        main(arguments)
    assert end.value.code == 2
    assert capsys.readouterr().err


def to_export(*more: str, survey: str = SURVEY, out: str = "answers.csv") -> tuple[str, ...]:
    return ("export", "--survey", survey, "--format", "csv", "--out", out, *more)


Case = tuple[tuple[str, ...], Mapping[str, str], str]
ADDRESS = ("subject-access", "--address", "+447700900123")
FAILURES: dict[str, Case] = {
    "export of an unknown survey": (to_export(survey="stok"), {}, "stoke-community-cohesion"),
    "report of an unknown survey": (("reconcile-report", "--survey", "stok"), {}, "stoke-community-cohesion"),
    "replay of an unknown survey": (("replay", "--survey", "stok"), {}, "stoke-community-cohesion"),
    "close of an unknown survey": (("survey", "close", "stok"), {}, "stoke-community-cohesion"),
    "forgetting in an unknown survey": (
        ("web-forget", "X", "--survey", "stok", "--source", "x"),
        {},
        "stoke-community-cohesion",
    ),
    "chat on an unknown survey": (("chat", "stok"), {}, "stoke-community-cohesion"),
    "serve without SECRET_KEY": (("serve", "--port", "0"), {"SECRET_KEY": ""}, "SECRET_KEY"),
    "serve with another SECRET_KEY": (("serve", "--port", "0"), {"SECRET_KEY": "another long secret"}, "SECRET_KEY"),
    "a person's data with another SECRET_KEY": (ADDRESS, {"SECRET_KEY": "another long secret"}, "SECRET_KEY"),
    "a SECRET_KEY that is too short": (ADDRESS, {"SECRET_KEY": "short"}, "SECRET_KEY"),
    "no auth token": (("serve", "--port", "0"), {"TWILIO_AUTH_TOKEN": ""}, "TWILIO_AUTH_TOKEN"),
    "no account": (("serve", "--port", "0"), {"TWILIO_ACCOUNT_SID": ""}, "TWILIO_ACCOUNT_SID"),
    "no sender": (("serve", "--port", "0"), {"TWILIO_SMS_FROM": ""}, "TWILIO_SMS_FROM"),
    "no public address": (("serve", "--port", "0"), {"PUBLIC_BASE_URL": ""}, "PUBLIC_BASE_URL"),
    "a secret file that is not there": (ADDRESS, {"SECRET_KEY": "", "SECRET_KEY_FILE": "/none"}, "SECRET_KEY_FILE"),
    "an address with a query": (("survey", "list"), {"PUBLIC_BASE_URL": "https://a.example/?b=c"}, "PUBLIC_BASE_URL"),
    "a survey file that is not there": (("survey", "publish", "none.xlsx"), {}, "none.xlsx"),
    "a survey file that is a folder": (("survey", "check", "."), {}, "is a folder"),
    "a survey file that is no workbook": (("survey", "check", "words.xlsx"), {}, "words.xlsx"),
    "other content under the same version": (("survey", "publish", "changed.xlsx"), {}, "version"),
    "raw text in a file that does not say so": (to_export("--text", "raw"), {}, "RAW"),
    "an export to nowhere": (to_export(out="nowhere/answers.csv"), {}, "nowhere"),
    "labels in a language that it has not": (to_export("--labels", "tlh"), {}, "tlh"),
    "a number of days that is none": (("retention",), {"RETENTION_WORDS_DAYS": "ninety"}, "RETENTION_WORDS_DAYS"),
    "another kind of database": (("survey", "list"), {"DATABASE_URL": "mysql://db/earshot"}, "DATABASE_URL"),
    "a database with too long a name": (
        ("migrate",),
        {"DATABASE_URL": f"sqlite:///{'a' * 300}.db"},
        "File name too long",
    ),
    "a database in no folder": (("migrate",), {"DATABASE_URL": "sqlite:////none/at/all.db"}, "DATABASE_URL"),
    "a database that does not answer": (("migrate",), {"DATABASE_URL": "postgresql://me:pw@127.0.0.1:9/e"}, "answer"),
}


@pytest.mark.parametrize("case", FAILURES.values(), ids=FAILURES.keys())
async def test_a_failure_exits_with_1_and_says_in_one_line_what_and_where(
    case: Case, settings: dict[str, str], tmp_path: Path
) -> None:
    arguments, change, named = case
    (tmp_path / "words.xlsx").write_text("These are words, not a workbook.")
    if "changed.xlsx" in arguments:
        workbook = openpyxl.load_workbook(SHIPPED)
        workbook["survey"].cell(2, 3).value = "Something else"
        workbook.save(tmp_path / "changed.xlsx")
        workbook.close()

    done = await run(*arguments, settings={**settings, **change}, folder=tmp_path)

    assert (done.code, done.out) == (1, ""), done
    assert done.err.startswith("earshot: ")
    assert done.err.count("\n") == 1, done.err
    assert named in done.err
    for secret in (SECRET, "another long secret", "short", ":pw@", settings["TWILIO_AUTH_TOKEN"]):
        assert secret not in done.err or secret == "short"


async def test_of_an_unknown_address_the_document_says_that_nothing_is_kept(
    settings: dict[str, str], tmp_path: Path
) -> None:
    done = await run(*ADDRESS, settings=settings, folder=tmp_path)
    assert (done.code, done.err) == (0, "")
    document = json.loads(done.out)
    assert document["summary"] == "Nothing is kept about this address."
    assert (document["address"], document["responses"]) == ("+447700900123", [])


async def test_a_secret_may_stand_in_a_file(settings: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "secret").write_text(f"{SECRET}\n")
    from_file = {**settings, "SECRET_KEY": "", "SECRET_KEY_FILE": str(tmp_path / "secret")}
    done = await run("retention", settings=from_file, folder=tmp_path)
    assert (done.code, done.err) == (0, "")
    assert "a dry run" in done.out


async def test_each_class_is_kept_as_long_as_its_setting_says(settings: dict[str, str], tmp_path: Path) -> None:
    days = {"receipts": 0, "contacts": 10, "silent": 20, "words": 30, "sessions": 40, "audit": 50, "answers": 60}
    given = {f"RETENTION_{name.upper()}_DAYS": str(number) for name, number in days.items()}
    before = datetime.now(UTC)
    done = await run("retention", settings=settings | given, folder=tmp_path)
    after = datetime.now(UTC)
    assert (done.code, done.err) == (0, "")
    expected = {
        "responses with their answers": 60,
        "contacts with their conversations": 10,
        "texts from residents that lose their words": 30,
        "texts to residents that lose their words": 30,
        "voice notes whose date has passed": 0,
        "codes to join addresses that can no longer be used": 0,
        "wrong codes that no longer count": 0,
        "delivery reports received": 0,
        "sent texts that lose the provider's id": 0,
        "texts without a contact that lose the provider's id": 0,
        "opt-ins that no longer say whose": 10,
        "opt-outs taken back that no longer say whose": 20,
        "staff sessions and sign-in links that ended": 40,
        "tries at signing in": 40,
        "volunteers' links that ended": 40,
        "answers on pages that nobody can go on with any more": 7,
        "lines of the audit log": 50,
        "what came of messages that spoke of danger": 50,
    }

    def horizons(days: int) -> set[str]:  # days of 24 hours, dates of London: the clocks may change between
        return {f"{(at - timedelta(days=days)).astimezone(LONDON):%d %B %Y}" for at in (before, after)}

    lines = [line.split(maxsplit=1)[1].rsplit(", before ", 1) for line in done.out.splitlines()[1:]]
    printed = {what.split(",")[0]: date for what, date in lines}
    assert printed.keys() == expected.keys()
    assert {what: date for what, date in printed.items() if date not in horizons(expected[what])} == {}


async def test_publishing_prints_how_residents_start_and_the_list_is_tab_separated(tmp_path: Path) -> None:
    settings = environment(f"sqlite:///{tmp_path / 'new.db'}")
    published = await run("survey", "publish", SHIPPED, settings=settings, folder=tmp_path)
    assert (published.code, published.err) == (0, "")
    for words in ("Residents text STOKE to +447700900999.", "sms:+447700900999?body=STOKE", "1/8 ", "13 messages"):
        assert words in published.out
    checked = await run("survey", "check", SHIPPED, settings=settings, folder=tmp_path)
    assert f"`survey check` has {checked.out.count('warning: ')} warnings about it." in published.out

    again = await run("survey", "publish", SHIPPED, settings=settings, folder=tmp_path)
    assert again.code == 0

    listed = await run("survey", "list", settings=settings, folder=tmp_path)
    assert listed.code == 0
    assert [line.split("\t")[:4] for line in listed.out.splitlines()] == [[SURVEY, "1", "open", "STOKE"]]


NO_TWILIO = dict.fromkeys(("TWILIO_ACCOUNT_SID", "TWILIO_AUTH_TOKEN", "TWILIO_SMS_FROM"), "")


@pytest.mark.parametrize(
    ("change", "lines"),
    [
        pytest.param(
            {"TWILIO_WHATSAPP_FROM": "whatsapp:+447700900998", "TELEGRAM_BOT_TOKEN": TOKEN, "TELEGRAM_MODE": "polling"},
            [
                "Residents text STOKE to +447700900999.",
                "Link: sms:+447700900999?body=STOKE",
                "On WhatsApp: https://wa.me/447700900998?text=STOKE",
                "On Telegram, with your bot's name: https://t.me/YOUR_BOT?start=STOKE",
            ],
            id="SMS and both apps",
        ),
        pytest.param(
            NO_TWILIO | {"NOTIFY_API_KEY": API_KEY, "NOTIFY_CALLBACK_TOKEN": CALLBACK_TOKEN},
            ["Residents text STOKE to your number."],
            id="GOV.UK Notify, whose number we do not know",
        ),
        pytest.param(
            NO_TWILIO,
            ["Residents will text STOKE, once a channel is set up: set TWILIO_SMS_FROM or another."],
            id="no channel yet",
        ),
    ],
)
async def test_publishing_says_how_residents_begin_on_each_channel_that_is_on(
    change: dict[str, str], lines: list[str], migrated: Path, tmp_path: Path
) -> None:
    shutil.copy(migrated, tmp_path / "new.db")
    settings = environment(f"sqlite:///{tmp_path / 'new.db'}", **change)
    published = await run("survey", "publish", SHIPPED, settings=settings, folder=tmp_path)
    assert (published.code, published.err) == (0, "")
    head, _, _ = published.out.partition("\n\n")
    assert head.splitlines()[1:] == lines


async def test_chat_shows_the_opening_and_ends_with_its_input(settings: dict[str, str], tmp_path: Path) -> None:
    done = await run("chat", SURVEY, settings=settings, folder=tmp_path)
    assert (done.code, done.err) == (0, "")
    assert "1/8 You are answering as:" in done.out
    assert "segments" in done.out


@pytest.fixture
async def in_two_languages(tmp_path: Path) -> dict[str, str]:
    """Give settings over a new database in which a survey in English and Roman Urdu is published."""
    settings = environment(f"sqlite:///{tmp_path / 'two.db'}")
    rows = [question(**{"label::Roman Urdu (ur-Latn)": "Kyun?"})]
    workbook(tmp_path / "two.xlsx", rows, settings={**SETTINGS, "keyword": "TWO", "form_id": "two"})
    assert (await run("survey", "publish", "two.xlsx", settings=settings, folder=tmp_path)).code == 0
    return settings


@pytest.mark.parametrize("lang", ["ur-Latn", "ur_latn", "Roman Urdu"])
async def test_chat_begins_in_the_language_that_is_asked_for(
    lang: str, in_two_languages: dict[str, str], tmp_path: Path
) -> None:
    done = await run("chat", "two", "--lang", lang, settings=in_two_languages, folder=tmp_path)
    assert (done.code, done.err) == (0, "")
    assert "Kyun?" in done.out


async def test_chat_in_a_language_that_the_survey_lacks_is_bad_usage(
    in_two_languages: dict[str, str], tmp_path: Path
) -> None:
    done = await run("chat", "two", "--lang", "zz", settings=in_two_languages, folder=tmp_path)
    assert (done.code, done.out) == (2, "")
    for words in ("--lang", "'zz'", "en (English)", "ur-Latn (Roman Urdu)"):
        assert words in done.err


async def test_a_keyword_of_another_open_survey_is_refused_until_that_one_is_closed(
    in_two_languages: dict[str, str], tmp_path: Path
) -> None:
    workbook(tmp_path / "new.xlsx", settings={**SETTINGS, "keyword": "fresh Twó", "form_id": "new"})

    async def publish() -> Done:
        return await run("survey", "publish", "new.xlsx", settings=in_two_languages, folder=tmp_path)

    refused = await publish()
    assert (refused.code, refused.out) == (1, "")
    assert refused.err == "earshot: The keyword TWO belongs to two already. Choose another, or close that one.\n"
    assert (await run("survey", "close", "two", settings=in_two_languages, folder=tmp_path)).code == 0
    assert (await publish()).code == 0


async def test_checking_warns_of_a_code_that_no_list_has(tmp_path: Path) -> None:
    one = {"type": "select_one yn", "name": "one", LABEL: "Yes or no?"}
    workbook(tmp_path / "s.xlsx", [one, question(relevant="${one} = 'yess'")], settings=SETTINGS)
    checked = await run("survey", "check", "s.xlsx", settings=environment("sqlite:///none.db"), folder=tmp_path)
    assert (checked.code, checked.err) == (0, "")
    told = "warning: survey sheet, row 3, relevant: ${one} has no choice 'yess'; its codes are yes, no"
    assert told in checked.out.splitlines()


async def test_raw_text_is_written_to_a_file_that_says_so(settings: dict[str, str], tmp_path: Path) -> None:
    done = await run(*to_export("--text", "raw", out="answers-RAW.csv"), settings=settings, folder=tmp_path)
    assert (done.code, done.err) == (0, "")
    assert (tmp_path / "answers-RAW.csv").exists()

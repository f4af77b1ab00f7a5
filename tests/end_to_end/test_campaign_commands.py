"""A campaign from the terminal alone: refused while the survey says too little, then made, started, counted, ended."""

import shutil
from pathlib import Path

import pytest

from bench.serving import environment
from bench.walk import SHIPPED
from storage.database import open_database
from storage.installation import mark_demo
from storage.script import Many, Script
from tests.end_to_end.commands import SURVEY, Done, run
from tests.outreach.scene import rows
from tests.surveys.workbooks import SETTINGS, workbook

HALL = ("campaign", "create", SURVEY, "--name", "Bentilee hall", "--place", "Bentilee", "--keyword", "hall7")
MADE = """Made the campaign hall7: Bentilee hall. Its keyword is HALL7.
Residents text HALL7 to +447700900999.
  In اردو: HALL7 URDU (a draft that is not offered yet: see `review list`, or ALLOW_DRAFT_LANGUAGES)
  sms: sms:+447700900999?&body=HALL7
  telegram: it is not set up here, or its number or name is not known (docs/reference/settings.md)
It is a draft. Print it:  poster --campaign hall7 --out hall7.pdf
Then begin:  campaign start hall7
"""


UNREACHABLE = f"warning: {SURVEY}: contact, contact_ur, "
"""What is said of the shipped survey, which names whom to ask and no number."""


class Terminal:
    """Somebody at a terminal, over one database."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.url = f"sqlite:///{folder / 'earshot.db'}"

    async def types(self, *arguments: str | Path, **settings: str) -> Done:
        return await run(*arguments, settings=environment(self.url, **settings), folder=self.folder)

    async def gets(self, *arguments: str | Path) -> str:
        done = await self.types(*arguments)
        errors = [line for line in done.err.splitlines() if not line.startswith(UNREACHABLE)]
        assert (done.code, errors) == (0, [])
        return done.out

    async def is_refused(self, *arguments: str | Path) -> str:
        done = await self.types(*arguments)
        assert (done.code, done.out) == (1, "")
        assert done.err.count("\n") == 1
        return done.err

    async def responses(self, *came: tuple[str, str, str, int | None]) -> None:
        """Let residents have come by HALL7: id, channel, language, when they completed it."""
        made = [
            {"id": name, "survey": SURVEY, "channel": channel, "language": language, "completed": completed}
            for name, channel, language, completed in came
        ]

        def script() -> Script[None]:
            yield Many("INSERT INTO respondent (id, made_at) VALUES (:id, 0)", made)
            yield Many(
                """INSERT INTO response (id, respondent_id, survey, version, source, channel, campaign, language,
                       started_at, completed_at, test)
                   VALUES (:id, :id, :survey, '1', 'sms', :channel, 'hall7', :language, 1801000000000, :completed,
                       FALSE)""",
                made,
            )

        database = await open_database(self.url)
        await database.run(script)
        await database.close()


@pytest.fixture
def terminal(migrated: Path, tmp_path: Path) -> Terminal:
    shutil.copy(migrated, tmp_path / "earshot.db")
    return Terminal(tmp_path)


async def test_the_shipped_survey_says_when_it_closes_only_once_it_is_published_with_a_date(terminal: Terminal) -> None:
    await terminal.gets("survey", "publish", SHIPPED)
    assert f"{SURVEY} does not say when it closes. Run: survey publish FILE --closes" in await terminal.is_refused(
        *HALL
    )
    for day in ("2099-01-31", "2099-02-28"):
        said = await terminal.gets("survey", "publish", SHIPPED, "--closes", day)
        assert f"Published {SURVEY} version 1+{day} (" in said
    assert "Made the campaign hall7" in await terminal.gets(*HALL)


async def test_a_campaign_is_made_and_its_links_are_printed(terminal: Terminal) -> None:
    await terminal.gets("survey", "publish", SHIPPED, "--closes", "2099-01-31")
    options = ("--language", "en", "--language", "urdu", "--channel", "sms", "--channel", "telegram", "--target", "50")
    assert await terminal.gets(*HALL, *options, "--from", "2099-01-01", "--until", "2099-01-31") == MADE
    started = await terminal.types("campaign", "start", "hall7")
    assert started.out == f"HALL7 runs. From 2099-01-01 on, residents who text it begin {SURVEY}.\n"
    assert started.err.startswith(UNREACHABLE)
    assert "so HELP does not tell residents how to reach a person" in started.err
    offered = await terminal.types("campaign", "status", "hall7", ALLOW_DRAFT_LANGUAGES="ur")
    assert "HALL7 URDU\n" in offered.out
    await terminal.gets("survey", "close", SURVEY)
    status = await terminal.gets("campaign", "status", "hall7")
    assert "HALL7 is ended" in status
    assert "takes no answers now, so HALL7 begins nothing." in status
    assert "\tended\tHALL7\t" in await terminal.gets("campaign", "list")
    database = await open_database(terminal.url)
    actions = await rows(database, "SELECT who, action, detail FROM audit WHERE action LIKE 'survey%' ORDER BY id")
    await database.close()
    assert [action[1:] for action in actions] == [("survey published", f"{SURVEY} 1"), ("survey closed", SURVEY)]
    assert all(who.startswith("terminal ") for who, *_ in actions), "and whose"


async def test_a_campaign_runs_its_course_in_the_terminal(terminal: Terminal) -> None:
    await terminal.gets("survey", "publish", SHIPPED, "--closes", "2099-01-31")
    await terminal.gets(*HALL)
    assert "HALL7 runs." in await terminal.gets("campaign", "start", "HALL7")
    assert "HALL7 is paused" in await terminal.gets("campaign", "pause", "hall7")
    assert "HALL7 runs again." in await terminal.gets("campaign", "resume", "hall7")
    await terminal.responses(("a", "sms", "en", 1801000100000), ("b", "whatsapp", "ur", None), ("c", "sms", "ur", None))
    listed = await terminal.gets("campaign", "list")
    assert listed == f"hall7\t{SURVEY}\trunning\tHALL7\t3\t1\tBentilee hall\n"
    status = await terminal.gets("campaign", "status", "hall7")
    assert "HALL7 is running: Bentilee hall, Bentilee." in status
    assert "Begun 3, complete 1." in status
    assert "By status: complete 1, partial" in status
    table = [tuple(line.split()) for line in status.splitlines()]
    for row in (("sms", "2", "1"), ("whatsapp", "1", "0"), ("Urdu", "2", "0"), ("2027-01-26", "3")):
        assert row in table
    changed = await terminal.gets("campaign", "change", "hall7", "--channel", "sms", "--until", "2098-01-31")
    assert "HALL7 is as you asked." in changed
    assert "until 2098-01-31" in await terminal.gets("campaign", "status", "hall7")
    assert "no campaign 'x'" in await terminal.is_refused("campaign", "change", "x", "--target", "0")
    assert "HALL7 has ended, for good." in await terminal.gets("campaign", "end", "hall7")
    assert "has ended, and that is for good" in await terminal.is_refused("campaign", "start", "hall7")
    database = await open_database(terminal.url)
    actions = await rows(database, "SELECT who, action FROM audit WHERE action LIKE 'campaign%' ORDER BY id")
    await database.close()
    assert [action for _, action in actions] == [
        "campaign made",
        "campaign started",
        "campaign paused",
        "campaign started",
        "campaign changed",
        "campaign ended",
    ]
    assert {who.split()[0] for who, _ in actions} == {"terminal"}


async def test_what_cannot_be_is_refused_in_one_line(terminal: Terminal) -> None:
    await terminal.gets("survey", "publish", SHIPPED, "--closes", "2099-01-31")
    assert "There is no campaign 'nobody'" in await terminal.is_refused("campaign", "status", "nobody")
    several = await terminal.is_refused(*HALL[:-1], "stop", "--language", "tlh", "--until", "2001-01-31")
    for said in ("The keyword STOP will not do", "no language 'tlh'", "is past"):
        assert said in several


async def test_what_has_closed_a_survey_is_named(terminal: Terminal) -> None:
    by_option = await terminal.types("survey", "publish", SHIPPED, "--closes", "2021-01-31")
    assert "it closed on 2021-01-31, by --closes." in by_option.err
    by_earlier_option = await terminal.types("survey", "publish", SHIPPED)
    assert "it closed on 2021-01-31, by the day it was published with." in by_earlier_option.err
    sheet = workbook(terminal.folder / "over.xlsx", settings={**SETTINGS, "closes": "2021-01-31", "form_id": "over"})
    by_sheet = await terminal.types("survey", "publish", sheet)
    assert "it closed on 2021-01-31, by its settings sheet." in by_sheet.err
    early = workbook(terminal.folder / "early.xlsx", settings={**SETTINGS, "opens": "2099-01-01", "form_id": "early"})
    not_yet = await terminal.types("survey", "publish", early, "--closes", "2099-01-31")
    assert "it opens only on 2099-01-01, by its settings sheet." in not_yet.err


async def test_a_survey_does_not_take_a_campaigns_word(terminal: Terminal) -> None:
    await terminal.gets("survey", "publish", SHIPPED, "--closes", "2099-01-31")
    await terminal.gets(*HALL)
    late = workbook(terminal.folder / "late.xlsx", settings={**SETTINGS, "keyword": "Hall7"})
    assert "The keyword HALL7 belongs to the campaign hall7" in await terminal.is_refused("survey", "publish", late)


async def test_a_close_before_the_opening_is_refused(terminal: Terminal) -> None:
    early = workbook(terminal.folder / "early.xlsx", settings={**SETTINGS, "keyword": "EARLY", "opens": "2099-02-01"})
    said = await terminal.is_refused("survey", "publish", early, "--closes", "2099-01-31")
    assert "would close (2099-01-31) before it opens (2099-02-01)" in said


async def test_in_a_demo_s_database_a_campaign_can_be_tried_to_its_poster(terminal: Terminal) -> None:
    database = await open_database(terminal.url)
    await database.run(mark_demo)
    await database.close()
    await terminal.gets("survey", "publish", SHIPPED, "--closes", "2099-01-31")
    nothing = {"TWILIO_ACCOUNT_SID": "", "TWILIO_AUTH_TOKEN": "", "TWILIO_SMS_FROM": ""}
    made = await terminal.types(*HALL, "--language", "en", **nothing)
    assert (made.code, "sms: sms:+447700900999?&body=HALL7" in made.out) == (0, True), made
    printed = await terminal.types("poster", "--campaign", "hall7", "--out", "hall7.pdf", **nothing)
    assert "Wrote hall7.pdf" in printed.out, printed.err

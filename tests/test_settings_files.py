"""`.env` and the files of secrets are read whole, or the start stops with the file, the line and what to do."""

import os
import re
from pathlib import Path

import pytest

from bot.settings import SECRETS, SettingsProblem, load, lookalikes

EXAMPLE = Path(__file__).parents[1] / ".env.example"
SECRET = "hunter2-hunter2-hunter2"


@pytest.fixture(autouse=True)
def elsewhere(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Be in a folder where no `.env` stands but this test's own, and without settings in the environment."""
    monkeypatch.chdir(tmp_path)
    for name in SECRETS:
        monkeypatch.delenv(name, raising=False)


def write(content: bytes | str) -> None:
    Path(".env").write_bytes(content.encode() if isinstance(content, str) else content)


@pytest.mark.parametrize(
    "content",
    [
        pytest.param("SAFEGUARDING_LEAD=Ren\u00e9".encode("latin-1"), id="latin-1"),
        pytest.param("SECRET_KEY=hunter2".encode("utf-16"), id="what Notepad calls Unicode"),
        pytest.param("SECRET_KEY=hunter2".encode("utf-16-le"), id="the same without its mark"),
        pytest.param(b"SECRET_KEY=hunter2\0", id="a NUL"),
    ],
)
def test_an_env_file_that_is_not_utf8_is_named_with_what_to_do(content: bytes) -> None:
    write(content)
    with pytest.raises(SettingsProblem) as refusal:
        load()
    assert str(refusal.value) == (
        f"The file {Path.cwd() / '.env'} is no text in UTF-8. Open it in a text editor and save it as UTF-8."
    )


def test_an_env_file_may_begin_with_the_mark_of_notepad_and_end_its_lines_as_windows_does() -> None:
    write(f"\ufeffSECRET_KEY={SECRET}\r\nSAFEGUARDING_LEAD=Ren\u00e9 \r\n\r\n# a comment\r\n")
    settings = load()
    assert settings.secret_key.get_secret_value() == SECRET
    assert settings.safeguarding_lead == "Ren\u00e9"


@pytest.mark.parametrize(
    ("content", "lines"),
    [
        pytest.param(f'SECRET_KEY="{SECRET}\n', "line 1", id="a quote that is not closed"),
        pytest.param(f"\n\n  \nSECRET_KEY='{SECRET}\n", "line 4", id="after empty lines"),
        pytest.param(f'SMTP_FROM="a\nSECRET_KEY={SECRET}\nX="b"\n', "line 1", id="a quote that swallows the next line"),
        pytest.param(f'A="x\nB={SECRET}"\n', "line 1", id="a quote over two lines"),
        pytest.param(f"SMTP_PASSWORD='{SECRET}'s'\n", "line 1", id="a quote within quotes"),
        pytest.param(f"A=1\r\nSECRET_KEY {SECRET}\r\n", "line 2", id="no equals sign"),
        pytest.param(f"SECRET_KEY\n{SECRET}\n", "lines 1, 2", id="two of them"),
        pytest.param(f"SECRET_KEY: {SECRET}\n", "line 1", id="a colon"),
        pytest.param(f"SECRET KEY={SECRET}\n", "line 1", id="a blank in the name"),
        pytest.param(f"={SECRET}\n", "line 1", id="no name"),
        pytest.param(f"export ={SECRET}\n", "line 1", id="nothing to export"),
        pytest.param(f"SECRET_KEY=${{NOWHERE}}{SECRET}\n", "line 1", id="what is nowhere set"),
        pytest.param("hunter2\n" * 9, "lines 1, 2, 3, 4, 5 and more", id="no settings at all"),
    ],
)
def test_a_line_that_cannot_be_read_stops_the_start_by_its_number_alone(content: str, lines: str) -> None:
    write(content)
    with pytest.raises(SettingsProblem) as refusal:
        load()
    said = str(refusal.value)
    assert said.startswith(f"The file {Path.cwd() / '.env'}: {lines} cannot be read. Write NAME=value on each line")
    assert "hunter2" not in said


@pytest.mark.parametrize(
    ("line", "value"),
    [
        ("SMTP_USER=a b#c", "a b#c"),
        ("SMTP_USER=a # who", "a"),
        ("SMTP_USER = a", "a"),
        ("  export SMTP_USER='a b' # who", "a b"),
        ('SMTP_USER="a \\" b"', 'a " b'),
        ("'SMTP_USER'=O'Brien", "O'Brien"),
        ("smtp_user=a", "a"),
        ("SMTP_USER=", ""),
        ("SMTP_USER= # nobody", ""),
        ("WHO=a\nSMTP_USER=${WHO}b", "ab"),
        ("SMTP_USER=${WHO:-a}", "a"),
        ("SMTP_USER=a # not ${WHO}", "a"),
    ],
)
def test_whatever_can_be_read_is_read_as_before(line: str, value: str) -> None:
    write(f"{line}\nSMTP_PASSWORD=x\n" if value else line)
    assert load().smtp_user == value


def test_the_example_can_be_read_with_every_line_of_it_set() -> None:
    write(re.sub(r"^#(?=\w+=)", "", EXAMPLE.read_text(encoding="utf-8"), flags=re.MULTILINE))
    assert load().smtp_port == 587
    assert lookalikes() == []


@pytest.mark.parametrize("make", [Path.mkdir, lambda path: path.symlink_to("nowhere")], ids=["a folder", "a lost link"])
def test_an_env_that_cannot_be_opened_is_not_passed_over(make: object) -> None:
    assert callable(make)
    make(Path(".env"))
    with pytest.raises(SettingsProblem, match=r"\.env cannot be read \(.*\)\. Correct its name or its rights\."):
        load()


@pytest.mark.parametrize("name", SECRETS)
@pytest.mark.parametrize(
    "content",
    [
        pytest.param(b"\xff\xfe\0secret", id="bytes"),
        pytest.param(SECRET.encode("utf-16-le"), id="UTF-16 without its mark"),
    ],
)
def test_a_secret_file_that_is_no_text_is_named_and_not_shown(name: str, content: bytes) -> None:
    Path("secret").write_bytes(content)
    write(f"{name}_FILE=secret\n")
    with pytest.raises(SettingsProblem) as refusal:
        load()
    assert str(refusal.value) == (
        f"{name}_FILE: the file secret is no text in UTF-8. Open it in a text editor and save it as UTF-8."
    )


def test_a_secret_file_may_begin_with_the_mark_of_notepad() -> None:
    Path("secret").write_text(f"\ufeff{SECRET}\r\n")
    write("SECRET_KEY_FILE=secret\n")
    assert load().secret_key.get_secret_value() == SECRET


@pytest.mark.parametrize(
    ("name", "near"),
    [
        ("TWILIO_ACOUNT_SID", "TWILIO_ACCOUNT_SID"),
        ("twilio_acount_sid", "TWILIO_ACCOUNT_SID"),
        ("SECRETKEY", "SECRET_KEY"),
        ("PUBLIC_URL", "PUBLIC_BASE_URL"),
        ("RETENTION_ANSWER_DAYS", "RETENTION_ANSWERS_DAYS"),
        ("SMTP_HOST_FILE", "SMTP_HOST"),
        ("SECRET_KEY_FIEL", "SECRET_KEY_FILE"),
    ],
)
@pytest.mark.parametrize("is_in_the_file", [True, False], ids=["in .env", "in the environment"])
def test_a_slip_in_a_name_is_said_with_the_name_alone(
    monkeypatch: pytest.MonkeyPatch, name: str, near: str, is_in_the_file: bool
) -> None:
    if is_in_the_file:
        write(f"{name}={SECRET}\n")
    else:
        monkeypatch.setenv(name, SECRET)
    load()
    assert lookalikes() == [f"{name.upper()} is no setting of Earshot, so nothing comes of it. Did you mean {near}?"]


def test_names_of_other_programs_are_passed_over() -> None:
    write("COMPOSE_PROJECT_NAME=earshot\nTZ=Europe/London\nSECRET_KEY_FILE=\nsecret_key=\nAWS_REGION=eu\n")
    assert os.environ["PATH"]
    assert lookalikes() == []

"""Standard input and output that are full, closed, or of another encoding: a clear line, or the whole output."""

import subprocess
import sys
from pathlib import Path

import pytest

from bench.serving import MAIN, environment


def run_in_shell(arguments: str, redirected: str, folder: Path, **settings: str) -> subprocess.CompletedProcess[bytes]:
    """Run a command over a new database in a folder, its streams redirected as a shell does it."""
    command = ["sh", "-c", f'exec "$@" {arguments} {redirected}', "sh", sys.executable, str(MAIN)]
    given = environment(f"sqlite:///{folder / 'earshot.db'}", **settings)
    return subprocess.run(command, cwd=folder, env=given, capture_output=True, check=False)


@pytest.mark.parametrize("command", ["--help", "review list", "review export ur"])
def test_output_that_cannot_be_written_is_said_in_one_line(command: str, tmp_path: Path) -> None:
    done = run_in_shell(command, "> /dev/full", tmp_path)
    assert done.returncode == 1
    assert done.stderr.startswith(b"earshot: Standard output cannot be written (No space left on device)")
    assert done.stderr.count(b"\n") == 1


def test_output_is_utf_8_whatever_the_locale(tmp_path: Path) -> None:
    done = run_in_shell("review export ur", "", tmp_path, PYTHONIOENCODING="latin-1")
    assert (done.returncode, done.stderr) == (0, b"")
    assert "سوال" in done.stdout.decode()


@pytest.mark.parametrize(
    ("command", "redirected"),
    [
        pytest.param("detect", "<&-", id="input"),
        pytest.param("review list", ">&-", id="output"),
        pytest.param("restore --release", "2>&-", id="errors"),
    ],
)
def test_a_closed_stream_is_as_an_empty_one(command: str, redirected: str, tmp_path: Path) -> None:
    done = run_in_shell(command, redirected, tmp_path)
    assert (done.returncode, done.stdout, done.stderr) == (int("restore" in command), b"", b"")

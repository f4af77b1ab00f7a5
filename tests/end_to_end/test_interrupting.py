"""Ctrl-C, at every moment of a command: it ends at once with 130, as a shell counts it, and shows no traceback."""

import asyncio
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from bench.serving import MAIN, environment
from tests.end_to_end.commands import SURVEY

PROGRAM = """
import signal, sys
module = sys.argv.pop(1)

class Interrupting:
    def find_spec(self, name, path, target=None):
        if name == module:
            signal.raise_signal(signal.SIGINT)

sys.meta_path.insert(0, Interrupting())
from main import cli
cli()
"""
SECONDS = 30


def interrupted_at(module: str, *, before: str = "") -> subprocess.CompletedProcess[str]:
    """Run a demo that cannot be, and press Ctrl-C when it comes to load a module."""
    command = [sys.executable, "-c", PROGRAM, module, "demo", "--data", "/dev/null/none"]
    shell = ["sh", "-c", f'{before or ":"}; exec "$@"', "sh"]
    return subprocess.run([*shell, *command], cwd=Path(MAIN).parent, capture_output=True, text=True, check=False)


@pytest.mark.parametrize(
    ("module", "code"),
    [
        pytest.param("bot.cli.commands", -signal.SIGINT, id="before the commands are loaded"),
        pytest.param("bot.web.accounts", -signal.SIGINT, id="while they are"),
        pytest.param("bot.cli.serving", 130, id="in a command"),
    ],
)
def test_ctrl_c_ends_a_command_without_a_word(module: str, code: int) -> None:
    done = interrupted_at(module)
    assert (done.returncode, done.stdout, done.stderr) == (code, "", "")


def test_a_background_job_goes_on_ignoring_it() -> None:
    done = interrupted_at("bot.cli.commands", before="trap '' INT")
    assert done.returncode == 1
    assert "--data" in done.stderr


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_ctrl_c_ends_a_chat_that_waits_for_an_answer(published: str, tmp_path: Path) -> None:
    keyboard, terminal = os.openpty()
    chat = await asyncio.create_subprocess_exec(
        *(sys.executable, MAIN, "chat", SURVEY),
        cwd=tmp_path,
        env=environment(published),
        stdin=terminal,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        assert chat.stdout is not None
        await asyncio.wait_for(chat.stdout.readuntil(b"\n\n> "), SECONDS)
        chat.send_signal(signal.SIGINT)
        _, errors = await asyncio.wait_for(chat.communicate(), SECONDS)
    finally:
        if chat.returncode is None:
            chat.kill()
        os.close(keyboard)
        os.close(terminal)
    assert (chat.returncode, errors) == (130, b"")

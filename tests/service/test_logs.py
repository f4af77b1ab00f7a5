"""What other libraries log comes in the form of our own log: one JSON object a line, and no value in it."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PROGRAM = """
import logging
from bot.cli.logs import configure
configure()
try:
    raise ConnectionError("+447700900123 said\\nI am afraid")
except ConnectionError:
    logging.getLogger("asyncpg.pool").{call}
"""


@pytest.mark.parametrize(
    ("call", "said"),
    [
        pytest.param(
            'warning("Failed to restore the pool: %s", "I am afraid", exc_info=True)',
            "Failed to restore the pool",
            id="a value handed over",
        ),
        pytest.param('exception("Could not send to " + "+447700900123")', "Could not send to", id="a value put in"),
        pytest.param('exception("Task failed\\nfuture: I am afraid")', "Task failed", id="several lines"),
        pytest.param('exception(ConnectionError("+447700900123"))', "", id="no words"),
        pytest.param('log(35, "of a level of its own", exc_info=True)', "of a level of its own", id="another level"),
    ],
)
def test_a_librarys_record_is_one_line_of_json_with_its_fixed_words_alone(call: str, said: str) -> None:
    program = PROGRAM.replace("{call}", call)
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    (line,) = done.stderr.splitlines()
    record = json.loads(line)
    assert (record["event"], record["library"], record["said"]) == ("library_log", "asyncpg.pool", said)
    assert record["error"] == "ConnectionError"
    assert record["place"].startswith("<string>:")
    assert "7700900123" not in line
    assert "afraid" not in line

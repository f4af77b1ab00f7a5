"""The house keeps its shape: what stands at the top, who imports whom, how long a function or file may grow."""

import ast
import fnmatch
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
ROOMS = ("bot", "channels", "storage")
TOP_LEVEL = {
    *("bot", "channels", "storage", "tests", "main.py", "pyproject.toml", "uv.lock", "run.sh"),
    *("surveys", "docs", "bench", ".ci", "README.md", "LICENSE", "CHANGELOG.md", "CONTRIBUTING.md"),
    *(".env.example", "Caddyfile", "Dockerfile", "compose.yaml", ".gitignore", ".git"),
}
LONGEST_FUNCTION = 50
LONGEST_FILE = 400
WRITTEN_BY_ALEMBIC = ROOT / "storage" / "migrations" / "versions"
"""A migration is one function by Alembic's own contract, and never changes once it is out: length is no fault there."""

# A reason stands beside what is long, such as: "# Over 50 lines: one list, read from top to bottom."
_REASON = re.compile(r"# Over (\d+) lines: \S+ \S+ \S+")
_UNFINISHED = re.compile(r"\b(?:TO" r"DO|FIX" r"ME|XX" r"X|NotImplemented" r"Error)\b")
_HOST = re.compile(r"https?://([\w.-]+)")


def sources() -> list[Path]:
    """Every Python file of the product."""
    return [ROOT / "main.py", *sorted(path for room in ROOMS for path in (ROOT / room).rglob("*.py"))]


def grown_here() -> list[Path]:
    """Every Python file of the product whose length is ours to choose."""
    return [path for path in sources() if not path.is_relative_to(WRITTEN_BY_ALEMBIC)]


def around_it() -> list[Path]:
    """Every Python file that tests or measures the product."""
    return sorted(path for room in ("tests", "bench") for path in (ROOT / room).rglob("*.py"))


def written_here() -> list[Path]:
    """Every text file of the project, without what .gitignore leaves out."""
    return sorted(path for path in _files(ROOT) if b"\0" not in path.read_bytes()[:8_000])


def _files(folder: Path) -> Iterator[Path]:
    for path in folder.iterdir():
        if _is_ignored(path.relative_to(ROOT)):
            continue
        if path.is_dir():
            yield from _files(path)
        else:
            yield path


def _is_ignored(path: Path) -> bool:
    lines = (ROOT / ".gitignore").read_text(encoding="utf-8").split()
    anywhere = [line.rstrip("/") for line in lines if not line.startswith("/")]
    at_the_top = [line.strip("/") for line in lines if line.startswith("/")]
    names = [".git", *anywhere]
    return path.parts[0] in at_the_top or any(fnmatch.fnmatch(part, name) for part in path.parts for name in names)


def name(path: Path) -> str:
    """Write a path as a person would."""
    return str(path.relative_to(ROOT))


def test_the_top_level_holds_the_house_and_nothing_else() -> None:
    there = {path.name for path in ROOT.iterdir() if path.name == ".git" or not _is_ignored(path.relative_to(ROOT))}
    assert there - TOP_LEVEL == set()


def test_nothing_stands_above_main() -> None:
    importers = [name(path) for path in sources() for module in _imports(path) if module.split(".")[0] == "main"]
    assert importers == []


def _imports(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module


def test_main_is_short_and_holds_no_logic() -> None:
    tree = ast.parse((ROOT / "main.py").read_text(encoding="utf-8"))
    kinds = {type(node) for node in tree.body}
    assert kinds <= {ast.Expr, ast.ImportFrom, ast.If}


def test_the_commands_load_nothing_that_only_some_of_them_need() -> None:
    of_some = "aiogram aiohttp alembic fastapi openpyxl polars pyarrow pyxform sqlalchemy starlette twilio uvicorn"
    heavy = set(of_some.split())
    program = f"import sys, bot.cli.commands; print({heavy} & set(sys.modules))"
    loaded = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    assert loaded.stdout.strip() == "set()"


def test_a_function_fits_a_screen_or_says_why_not() -> None:
    too_long = [
        f"{name(path)}: {function.name} has {_length(function)} lines"
        for path in grown_here()
        for function in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef) and _length(function) > LONGEST_FUNCTION
        if not _has_reason(path, function.lineno, LONGEST_FUNCTION)
    ]
    assert too_long == []


def test_a_file_tells_one_story_or_says_why_it_is_long() -> None:
    long = [(path, len(path.read_text(encoding="utf-8").splitlines())) for path in [*grown_here(), *around_it()]]
    too_long = [f"{name(path)} has {lines} lines" for path, lines in long if lines > LONGEST_FILE]
    assert [each for each in too_long if not _has_reason(ROOT / each.split()[0], 5, LONGEST_FILE)] == []


def _length(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    assert function.end_lineno is not None
    return function.end_lineno - function.lineno + 1


def _has_reason(path: Path, at: int, limit: int) -> bool:
    """Look for the reason above a line and in the few lines below it."""
    lines = path.read_text(encoding="utf-8").splitlines()
    nearby = "\n".join(lines[max(0, at - 5) : at + 8])
    return any(int(found[1]) == limit for found in _REASON.finditer(nearby))


def test_nothing_is_left_unfinished() -> None:
    found = [
        f"{name(path)}:{number}"
        for path in written_here()
        if path.name != "uv.lock" and "vendor" not in path.parts
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if _UNFINISHED.search(line)
    ]
    assert found == []


def test_where_packages_come_from_is_said_in_the_lock_file_alone() -> None:
    hosts = set(_HOST.findall((ROOT / "uv.lock").read_text(encoding="utf-8")))
    assert hosts
    others = [path for path in written_here() if path.name != "uv.lock"]
    assert [name(path) for path in others if any(host in path.read_text(encoding="utf-8") for host in hosts)] == []


def test_the_lock_file_is_in_step_with_the_project() -> None:
    beside = ROOT / ".tools" / "bin" / "uv"
    uv = shutil.which("uv") or (str(beside) if beside.exists() else None)
    if uv is None:
        pytest.skip("uv is not installed; run.sh puts it in .tools/")
    # The lock file answers for itself, so this needs no network.
    asked = [uv, "lock", "--check", "--offline"]
    checked = subprocess.run(asked, cwd=ROOT, capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stderr

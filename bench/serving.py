"""Starts the real `main.py serve` as its own process, with nothing of this one's environment, and watches it."""

import asyncio
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from bench.wire import ACCOUNT, NUMBER, PUBLIC, TOKEN, Connection, HungUp, request

MAIN = Path(__file__).parents[1] / "main.py"
SECRET = "a secret for servers on loopback"  # noqa: S105 - made up
START_SECONDS = 60.0
_LOOK_AGAIN = 0.03
_TICKS = os.sysconf("SC_CLK_TCK")


class DidNotStart(RuntimeError):
    """The server ended, or did not answer in time. The message holds what it wrote on standard error."""


def environment(database_url: str, **more: str) -> dict[str, str]:
    """Write the settings of a server whose only channel is SMS. Without `TWILIO_API_BASE_URL` its Twilio is down."""
    return {
        "PATH": os.environ.get("PATH", ""),
        "DATABASE_URL": database_url,
        "SECRET_KEY": SECRET,
        "PUBLIC_BASE_URL": PUBLIC,
        "TWILIO_ACCOUNT_SID": ACCOUNT,
        "TWILIO_AUTH_TOKEN": TOKEN,
        "TWILIO_SMS_FROM": NUMBER,
        "TWILIO_API_BASE_URL": "http://127.0.0.1:9",  # the discard port: nobody listens
        **more,
    }


def free_port() -> int:
    """Find a port on loopback that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


class DidNotStop(RuntimeError):
    """Asked to end, the server ended otherwise than with exit code 0."""


@dataclass(slots=True)
class Server:
    """One server process on a port of its own, which it keeps when it is started again. Logs go to `folder`.

    `beside` are the ids of processes that it cannot do without: what they use counts as its own.
    """

    command: Sequence[str | Path]
    settings: Mapping[str, str]
    folder: Path
    port: int
    ready_path: str = "/readyz"
    beside: Sequence[int] = ()
    _process: asyncio.subprocess.Process | None = None

    async def start(self) -> None:
        """Start it, and return once it answers that it is ready. Raises DidNotStart."""
        await self._spawn()
        try:
            async with asyncio.timeout(START_SECONDS):
                while not await self.is_ready():
                    if self._has_ended:
                        raise DidNotStart(self.errors)
                    await asyncio.sleep(_LOOK_AGAIN)
        except TimeoutError:
            await self.kill()
            raise DidNotStart(f"It did not answer within {START_SECONDS} s. {self.errors}") from None
        except BaseException:
            await self.kill()
            raise

    async def _spawn(self) -> None:
        with (self.folder / "stdout").open("ab") as out, (self.folder / "stderr").open("ab") as err:
            self._process = await asyncio.create_subprocess_exec(
                sys.executable,
                *map(str, self.command),
                env=dict(self.settings),
                cwd=self.folder,
                stdout=out,
                stderr=err,
            )

    @property
    def _has_ended(self) -> bool:
        return self._process is not None and self._process.returncode is not None

    async def is_ready(self) -> bool:
        """Ask it whether it is ready."""
        connection = Connection(self.port)
        try:
            return (await connection.post(request(b"", None, path=self.ready_path, method="GET"))).status == 200
        except HungUp:
            return False
        finally:
            connection.close()

    async def kill(self) -> None:
        """End it as a power cut would: no handler runs."""
        await self._end(signal.SIGKILL)

    async def stop(self) -> int:
        """Ask it to end, and return its exit code."""
        return await self._end(signal.SIGTERM)

    async def _end(self, how: signal.Signals) -> int:
        process, self._process = self._process, None
        if process is None:
            return 0
        if process.returncode is None:
            process.send_signal(how)
        async with asyncio.timeout(START_SECONDS):
            return await process.wait()

    @property
    def errors(self) -> str:
        """What it has written on standard error, over every start."""
        return (self.folder / "stderr").read_text(encoding="utf-8")

    @property
    def output(self) -> str:
        """What it has written on standard output, over every start."""
        return (self.folder / "stdout").read_text(encoding="utf-8")

    @property
    def pid(self) -> int:
        """The running process's id."""
        assert self._process is not None
        return self._process.pid

    def cpu_seconds(self) -> float:
        """Read the CPU time that it has used so far, user and system."""
        return sum(_cpu_seconds(pid) for pid in (self.pid, *self.beside))

    def memory_mb(self, name: str) -> float:
        """Read one of Linux's figures for its memory, in MiB."""
        return sum(memory_mb(pid, name) for pid in (self.pid, *self.beside))


def _cpu_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS


def memory_mb(pid: int, name: str) -> float:
    """Read one of Linux's figures for a process's memory, in MiB.

    VmRSS is all of it now, RssAnon the part that is no file's, VmHWM the most that VmRSS has been.
    """
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith(f"{name}:"):
            return int(line.split()[1]) / 1024
    raise LookupError(name)


@asynccontextmanager
async def serving(database_url: str, folder: Path, **settings: str) -> AsyncIterator[Server]:
    """Run `main.py serve` over a database until the block is left. `folder` is its own, for its logs."""
    await asyncio.to_thread(folder.mkdir, parents=True, exist_ok=True)
    port = free_port()
    server = Server((MAIN, "serve", "--port", str(port)), environment(database_url, **settings), folder, port)
    await server.start()
    try:
        yield server
    finally:
        code = await server.stop()
    if code:
        raise DidNotStop(f"exit code {code}. {server.errors}")

"""Servers and commands that are forked from a process which has everything imported already, aiogram too.

To import aiogram costs seconds of processor time (pydantic makes 600 models), at every start anew. What is killed is a
process of its own all the same: it runs `serve` from its settings on, with nothing of this one's environment.
"""

import asyncio
import multiprocessing
import os
import signal
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from multiprocessing.context import ForkServerProcess
from pathlib import Path

from bench.serving import START_SECONDS, DidNotStop, Server, environment, free_port

forking = multiprocessing.get_context("forkserver")
forking.set_forkserver_preload(
    [
        "bot.cli.commands",
        "bot.cli.serving",
        "channels.telegram_api",
        "uvicorn.loops.auto",
        "asyncpg",
        "tests.end_to_end.preloaded",
    ]
)


class WarmServer(Server):
    """One server process on a port of its own, which it keeps when it is started again. Logs go to `folder`."""

    _forked: ForkServerProcess | None = None

    async def _spawn(self) -> None:
        arguments = [str(part) for part in self.command]
        self._forked = forking.Process(target=_serve, args=(arguments, dict(self.settings), str(self.folder)))
        await asyncio.to_thread(self._forked.start)

    @property
    def _has_ended(self) -> bool:
        return self._forked is not None and self._forked.exitcode is not None

    async def _end(self, how: signal.Signals) -> int:
        process, self._forked = self._forked, None
        if process is None or process.pid is None:
            return 0
        if process.exitcode is None:
            os.kill(process.pid, how)
        await asyncio.to_thread(process.join, START_SECONDS)
        assert process.exitcode is not None
        return process.exitcode


@asynccontextmanager
async def warm_serving(database_url: str, folder: Path, **settings: str) -> AsyncIterator[WarmServer]:
    """Run `serve` over a database until the block is left. `folder` is its own, for its logs."""
    await asyncio.to_thread(folder.mkdir, parents=True, exist_ok=True)
    port = free_port()
    server = WarmServer(("serve", "--port", str(port)), environment(database_url, **settings), folder, port)
    await server.start()
    try:
        yield server
    finally:
        code = await server.stop()
    if code:
        raise DidNotStop(f"exit code {code}. {server.errors}")


def _serve(arguments: Sequence[str], settings: Mapping[str, str], folder: str) -> None:
    be_main(arguments, settings, folder, folder)


def be_main(arguments: Sequence[str], settings: Mapping[str, str], folder: str, place: str) -> None:
    """Be `main.py` in a folder, with these settings alone, and output of one's own in files in `place`."""
    for number, name in ((1, "stdout"), (2, "stderr")):
        log = os.open(Path(place) / name, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        os.dup2(log, number)
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(settings)
    from bot.cli.commands import main

    main(arguments)

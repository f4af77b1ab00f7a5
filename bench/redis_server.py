"""A Redis of one's own for the peer: on loopback, in a folder of its own, every write on disk before it is answered."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from shutil import which

from bench.serving import DidNotStart, free_port

START_SECONDS = 10.0
_LOOK_AGAIN = 0.03


def redis_program() -> str | None:
    """Find the installed redis-server, if there is one."""
    return which("redis-server")


@asynccontextmanager
async def redis_server(folder: Path) -> AsyncIterator[tuple[int, int]]:
    """Run a redis-server until the block is left; give its port and process id. Raises DidNotStart.

    `appendfsync always` answers a write once fdatasync has returned, many writes of one turn of its loop together. It
    rewrites nothing and takes no snapshots, which would cost it CPU in the midst of a run.
    """
    program = redis_program()
    if program is None:
        raise DidNotStart("redis-server is not installed")
    await asyncio.to_thread(folder.mkdir, parents=True, exist_ok=True)
    port = free_port()
    with (folder / "redis.log").open("wb") as out:
        process = await asyncio.create_subprocess_exec(
            program,
            *("--bind", "127.0.0.1", "--port", str(port), "--dir", str(folder), "--daemonize", "no"),
            *("--appendonly", "yes", "--appendfsync", "always", "--auto-aof-rewrite-percentage", "0", "--save", ""),
            stdout=out,
            stderr=out,
        )
    try:
        await _until_ready(process, port, folder)
        yield port, process.pid
    finally:
        if process.returncode is None:
            process.terminate()
        await process.wait()


async def _until_ready(process: asyncio.subprocess.Process, port: int, folder: Path) -> None:
    try:
        async with asyncio.timeout(START_SECONDS):
            while not await _answers(port):
                if process.returncode is not None:
                    raise DidNotStart((folder / "redis.log").read_text())
                await asyncio.sleep(_LOOK_AGAIN)
    except TimeoutError:
        raise DidNotStart(f"redis-server did not answer within {START_SECONDS} s") from None


async def _answers(port: int) -> bool:
    try:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
    except OSError:
        return False
    try:
        writer.write(b"PING\r\n")
        return await reader.readline() == b"+PONG\r\n"
    finally:
        writer.close()

"""Looking a receiver's name up: what it leads to must be of the open internet."""

import socket
from ipaddress import ip_address

from aiohttp.abc import AbstractResolver, ResolveResult
from aiohttp.resolver import ThreadedResolver

from bot.analysis.forwarding.allowed import LOCALHOST, is_public


class PrivateAddress(OSError):
    """A name leads nowhere but into a private network."""


class OnlyPublic(AbstractResolver):
    """Looks names up, and gives none but addresses of the open internet; for `localhost` this machine's own.

    What it gives is what is connected to, so no second look-up can say something else. Addresses that are written as
    numbers are not looked up: those the operator has listed as they are.
    """

    def __init__(self) -> None:
        self._resolver = ThreadedResolver()

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        """Look a name up. Raises PrivateAddress."""
        found = await self._resolver.resolve(host, port, family)
        kept = [each for each in found if self._is_right(host, each["host"])]
        if not kept:
            raise PrivateAddress(f"{host} leads into a private network")
        return kept

    def _is_right(self, host: str, address: str) -> bool:
        if host == LOCALHOST:
            return ip_address(address.partition("%")[0]).is_loopback
        return is_public(address)

    async def close(self) -> None:
        """Let go of everything."""
        await self._resolver.close()

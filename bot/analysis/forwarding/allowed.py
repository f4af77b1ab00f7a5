"""FORWARD_TO: the addresses and folders that events may go to. What the operator has not listed gets nothing.

A listed name that leads into a private network gets nothing either: only an address that is listed as a number, or
`localhost`, may be in one. So nobody who may add a destination can reach what stands behind the council's firewall.
"""

from collections.abc import Sequence
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from pathlib import Path
from typing import Final
from urllib.parse import SplitResult, urlsplit

from msgspec import Struct

from storage.destinations import Kind

LOCALHOST: Final = "localhost"
_PORTS: Final = {"https": 443, "http": 80}
_NAT64: Final = ip_network("64:ff9b::/96")
_PUBLIC_6: Final = ip_network("2000::/3")
_WRITE: Final = "Write https://host/path, http:// for an address of this machine or network as a number, or /a/folder."


class ForwardRefused(Exception):
    """A destination cannot be had or used so. The message says what, where, and what to do."""


class Origin(Struct, frozen=True):
    """An address that is allowed, with everything below its path."""

    scheme: str
    host: str
    port: int
    path: str

    def covers(self, other: "Origin") -> bool:
        """Whether another address is this one, or below it."""
        is_below = other.path == self.path or other.path.startswith(self.path.rstrip("/") + "/")
        return (self.scheme, self.host, self.port) == (other.scheme, other.host, other.port) and is_below


class Allowed:
    """What FORWARD_TO allows; `is_demo` allows of it only what is on this machine."""

    def __init__(self, origins: Sequence[Origin] = (), folders: Sequence[Path] = (), *, is_demo: bool = False) -> None:
        self._origins = tuple(origins)
        self._folders = tuple(folders)
        self._is_demo = is_demo

    @classmethod
    def read(cls, written: str, *, is_demo: bool = False) -> "Allowed":
        """Read the setting: comma-separated. Raises ForwardRefused."""
        origins, folders = [], []
        for part in filter(None, (part.strip() for part in written.split(","))):
            if part.startswith("/"):
                folders.append(Path(part))
            elif "?" in part:
                raise ForwardRefused("FORWARD_TO: an address is listed without what follows a question mark.")
            else:
                origins.append(_origin(part, "FORWARD_TO"))
        return cls(origins, folders, is_demo=is_demo)

    def kind_of(self, target: str) -> Kind:
        """Say what a target is, if it may be sent to. Raises ForwardRefused."""
        if target.startswith("/"):
            wanted = Path(target).resolve()
            if any(wanted.is_relative_to(folder.resolve()) for folder in self._folders):
                return Kind.FOLDER
            raise ForwardRefused(
                f"FORWARD_TO does not list the folder {target}. The operator must add it there, or one above it."
            )
        wanted_origin = _origin(target, "--to")
        if self._is_demo and not _is_here(wanted_origin.host):
            raise ForwardRefused(
                f"A demo sends nothing to {wanted_origin.host}: only to http://127.0.0.1:PORT, or to a folder."
            )
        if any(origin.covers(wanted_origin) for origin in self._origins):
            return Kind.WEBHOOK
        raise ForwardRefused(
            f"FORWARD_TO does not list this address of {wanted_origin.host}. The operator must add it there, with its "
            "port if it has one."
        )


def _origin(written: str, where: str) -> Origin:
    """Read an address. Raises ForwardRefused for one that could be read in two ways."""
    try:
        parts = urlsplit(written)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        raise ForwardRefused(f"{where}: that is no address. {_WRITE}") from None
    if not host or parts.scheme not in _PORTS or not written.isascii() or not written.isprintable() or " " in written:
        raise ForwardRefused(f"{where}: that is no address. {_WRITE}")
    if parts.username is not None or parts.password is not None or parts.fragment or _climbs(parts):
        raise ForwardRefused(f"{where}: write the address without a name, a password, a # or a path that goes up.")
    number = _number(host)
    if number is None and host.replace(".", "").isdigit():
        raise ForwardRefused(f"{where}: {host} is no address. {_WRITE}")
    if parts.scheme == "http" and number is None and host != LOCALHOST:
        raise ForwardRefused(f"{where}: {host} needs https://, or anybody on the way could read the answers.")
    return Origin(parts.scheme, host, port or _PORTS[parts.scheme], parts.path or "/")


def _climbs(parts: SplitResult) -> bool:
    path = parts.path.lower().replace("%2e", ".")
    return (
        "\\" in path
        or "%2f" in path
        or "%5c" in path
        or any(part.partition(";")[0] in (".", "..") for part in path.replace("%3b", ";").split("/"))
    )


def _number(host: str) -> IPv4Address | IPv6Address | None:
    try:
        return ip_address(host)
    except ValueError:
        return None


def _is_here(host: str) -> bool:
    number = _number(host)
    return host == LOCALHOST if number is None else number.is_loopback


def is_public(address: str) -> bool:
    """Whether an address is one of the open internet, whatever it is wrapped in."""
    number = ip_address(address.partition("%")[0])
    if isinstance(number, IPv6Address):
        if number in _NAT64:
            number = IPv4Address(int(number) & 0xFFFFFFFF)
        elif number not in _PUBLIC_6 or number.sixtofour or number.teredo:
            return False  # IPv4 in IPv6's clothes too: nobody's resolver gives that honestly
    return number.is_global and not number.is_multicast

"""What channels with voice notes share: reading one within its limit, and telling what it is by its content.

The type that a provider or a phone says is never believed: a browser will be told what stands here.
"""

from typing import Final

import aiohttp

from channels.base import Outage, Recording, RecordingGone

_UNKNOWN: Final = "application/octet-stream"
_SLICE: Final = 64 * 1024
LIMITS: Final = aiohttp.ClientTimeout(total=60.0, sock_connect=5.0)
"""The time that one download may take."""

_TURNED_AWAY: Final = frozenset({401, 403, 407, 408, 425, 429})

_OGG: Final = b"OggS"
_OPUS: Final = b"OpusHead"
_OPUS_RATE: Final = 48_000
"""Ogg counts Opus in this many steps a second, whatever was recorded (RFC 7845, section 4)."""


class NoLongerThere(RecordingGone):
    """The provider does not have it any more."""

    def __init__(self) -> None:
        super().__init__("the provider no longer has it")


def refuse_failure(response: aiohttp.ClientResponse) -> None:
    """Tell what a later try may mend from what it cannot. Raises Outage, NoLongerThere."""
    if response.status >= 500 or response.status in _TURNED_AWAY:
        raise Outage(f"the voice note could not be fetched (HTTP {response.status})")
    if response.status != 200:
        raise NoLongerThere


async def read_recording(response: aiohttp.ClientResponse, most: int) -> Recording:
    """Read a voice note of at most so many bytes. Raises RecordingGone, Outage, and aiohttp's errors."""
    refuse_failure(response)
    content = bytearray()
    async for part in response.content.iter_chunked(_SLICE):
        content += part
        if len(content) > most:
            raise RecordingGone(f"it is larger than {most // 1024 // 1024} MB")
    if not content:
        raise RecordingGone("it is empty")
    whole = bytes(content)
    return Recording(media_type_of(whole), whole, seconds_of(whole))


def media_type_of(content: bytes) -> str:
    """Tell by its first bytes what a recording is; what is not known is nothing that a browser would open."""
    if content.startswith(_OGG):
        return "audio/ogg"
    if content[4:8] == b"ftyp":
        return "audio/mp4"
    if content.startswith(b"#!AMR"):
        return "audio/amr"
    if content.startswith(b"ID3") or (content[:1] == b"\xff" and content[1:2] > b"\xe0"):
        return "audio/aac" if content[1:2] in (b"\xf0", b"\xf1", b"\xf8", b"\xf9") else "audio/mpeg"
    return _UNKNOWN


def seconds_of(content: bytes) -> int | None:
    """Say how long an Ogg/Opus recording is, in whole seconds, at least 1; None for any other kind."""
    last = content.rfind(_OGG)
    head = content.find(_OPUS, 0, 512)
    if last < 0 or head < 0 or last + 14 > len(content):
        return None
    # The position at the end of the last page, less what a player leaves out at the beginning.
    played = int.from_bytes(content[last + 6 : last + 14], "little", signed=True)
    left_out = int.from_bytes(content[head + 10 : head + 12], "little")
    return max(1, round((played - left_out) / _OPUS_RATE)) if played > left_out else None

"""Voice notes as phones make them: a beginning and an end of Ogg with Opus, which is all that anybody reads here."""

LEFT_OUT = 312


def page(position: int, content: bytes) -> bytes:
    """Write one page of Ogg (RFC 3533), with where its sound ends."""
    header = b"OggS\x00\x00" + position.to_bytes(8, "little", signed=True) + bytes(12)
    return header + bytes([1, len(content)]) + content


def voice_note(seconds: int, words: bytes = b"a voice") -> bytes:
    """Write a voice note that lasts so long."""
    head = b"OpusHead\x01\x01" + LEFT_OUT.to_bytes(2, "little") + (16_000).to_bytes(4, "little") + b"\x00\x00\x00"
    return page(0, head) + page(seconds * 48_000 + LEFT_OUT, words)

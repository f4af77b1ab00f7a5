"""What a recording is, told by its first bytes, and how long it lasts."""

import pytest

from channels.recordings import media_type_of, seconds_of
from tests.channels.voices import voice_note


@pytest.mark.parametrize(
    ("content", "media_type"),
    [
        pytest.param(voice_note(1), "audio/ogg", id="a voice note of either app"),
        pytest.param(b"\x00\x00\x00\x1cftypM4A ", "audio/mp4", id="an iPhone's recording"),
        pytest.param(b"#!AMR\n\x3c", "audio/amr", id="an old phone's recording"),
        pytest.param(b"ID3\x04\x00", "audio/mpeg", id="MP3 with a title"),
        pytest.param(b"\xff\xfb\x90\x64", "audio/mpeg", id="MP3"),
        pytest.param(b"\xff\xf1\x50\x80", "audio/aac", id="AAC"),
        pytest.param(b"<html><script>", "application/octet-stream", id="a page that would run in a browser"),
        pytest.param(b"<svg>", "application/octet-stream", id="a picture that would run in a browser"),
        pytest.param(b"", "application/octet-stream", id="nothing"),
    ],
)
def test_a_recording_is_what_its_content_says(content: bytes, media_type: str) -> None:
    assert media_type_of(content) == media_type


@pytest.mark.parametrize(
    ("content", "seconds"),
    [
        pytest.param(voice_note(75), 75, id="a minute and a quarter"),
        pytest.param(voice_note(0), None, id="no sound at all"),
        pytest.param(voice_note(75)[:-70], None, id="cut off before its end is known"),
        pytest.param(b"\xff\xfb\x90\x64", None, id="another kind"),
    ],
)
def test_the_length_of_a_voice_note_is_read_from_its_last_page(content: bytes, seconds: int | None) -> None:
    assert seconds_of(content) == seconds

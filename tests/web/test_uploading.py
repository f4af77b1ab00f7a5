"""A form with files, taken apart as it comes: however it is cut into pieces, the same is read."""

import pytest

from bot.web.security import TurnedAway
from bot.web.uploading import Begun, FormReader, plain_name
from tests.web.importing_scene import form_of

MARK = "xx"
CONTENT = b"a line\r\n--x\r\n\r\n--xy--\r\n\xff\x00"
PARTS = (("token", None, "abc"), ("empty", "", b""), ("file", "an export.csv", CONTENT), ("last", None, ""))


def read(*chunks: bytes) -> list[tuple[Begun, bytes]]:
    reader, found = FormReader(MARK.encode()), list[tuple[Begun, bytes]]()
    for chunk in chunks:
        for piece in reader.feed(chunk):
            if isinstance(piece, Begun):
                found.append((piece, b""))
            else:
                found[-1] = (found[-1][0], found[-1][1] + piece)
    assert reader.is_over
    return found


def test_a_form_reads_the_same_however_it_is_cut() -> None:
    whole, _ = form_of(*PARTS, boundary=MARK)
    expected = [(Begun(name, file), text.encode() if isinstance(text, str) else text) for name, file, text in PARTS]
    assert read(whole) == expected
    assert read(*(bytes([each]) for each in whole)) == expected
    for place in range(1, len(whole)):
        assert read(whole[:place], whole[place:]) == expected


def test_only_what_could_be_a_mark_is_held_back() -> None:
    whole, _ = form_of(("file", "a", b"x" * 1_000), boundary=MARK)
    reader = FormReader(MARK.encode())
    pieces = [piece for piece in reader.feed(whole[:500]) if isinstance(piece, bytes)]
    start = whole.index(b"\r\n\r\n") + 4
    assert 500 - start - sum(map(len, pieces)) <= len(f"\r\n--{MARK}")


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b"--xxy\r\n\r\n", id="a mark of something else"),
        pytest.param(b"--xx\r\nContent-Type: text/plain\r\n\r\n", id="no name"),
        pytest.param(b'--xx\r\nContent-Disposition: form-data; name=""\r\n\r\n', id="an empty name"),
        pytest.param(b'--xx\r\nContent-Disposition: attachment; name="a"\r\n\r\n', id="no part of a form"),
        pytest.param(b"--xx\r\n" + b"x" * 9_000, id="headers without an end"),
    ],
)
def test_what_is_no_form_is_refused(body: bytes) -> None:
    with pytest.raises(TurnedAway, match="could not be read"):
        list(FormReader(MARK.encode()).feed(body))


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("C:\\fakepath\\My export (2).csv", "My export (2).csv"),
        ("../../etc/passwd", "passwd"),
        ("..", "file"),
        ("form_163_data_1199.csv", "form_163_data_1199.csv"),
        (".hidden", "hidden"),
        ("Umfräge.csv", "Umfr_ge.csv"),
        ("x" * 300 + ".csv", "x" * 110 + ".csv"),
        ("x" * 300, "x" * 120),
    ],
)
def test_a_name_becomes_a_plain_one(given: str, expected: str) -> None:
    assert plain_name(given) == expected

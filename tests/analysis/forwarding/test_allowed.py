"""FORWARD_TO: what is listed may be sent to, and nothing else; no name leads into a private network."""

import socket
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.analysis.forwarding.allowed import Allowed, ForwardRefused, is_public
from bot.analysis.forwarding.lookup import OnlyPublic, PrivateAddress
from storage.destinations import Kind, Text
from storage.keys import KeyRing
from storage.script import Database
from tests.analysis.forwarding.sending_scene import Scene, a_scene

LISTED = (
    "https://council.example/hooks, https://data.example:8443 ,"
    "http://127.0.0.1:9000,http://localhost:9000,https://10.1.2.3"
)
LOOPBACK = "0x7f.1"
"""To us a name like any other; to the system's resolver this machine."""


@pytest.mark.parametrize(
    "target",
    [
        "https://council.example/hooks",
        "https://council.example/hooks/",
        "https://COUNCIL.example:443/hooks/stoke?key=a%20b",
        "https://data.example:8443/",
        "https://data.example:8443/any/where",
        "http://127.0.0.1:9000/x",
        "http://localhost:9000",
        "https://10.1.2.3/x",
    ],
)
def test_what_is_listed_or_below_it_is_allowed(target: str) -> None:
    assert Allowed.read(LISTED).kind_of(target) is Kind.WEBHOOK


@pytest.mark.parametrize(
    "target",
    [
        "https://council.example/",
        "https://council.example/hooksandmore",
        "https://council.example/hooks/../admin",
        "https://council.example/hooks/..;/admin",
        "https://council.example/hooks/..%3Bx=1/admin",
        "https://council.example/hooks/%2e%2E/admin",
        "https://council.example/hooks/..%2fadmin",
        "https://council.example/hooks\\..\\admin",
        "https://council.example:444/hooks",
        "http://council.example/hooks",
        "https://council.example.evil.example/hooks",
        "https://council.example@evil.example/hooks",
        "https://somebody:secret@council.example/hooks",
        "https://council.example/hooks#x",
        "https://council.example/ho oks",
        "https://council.example/hooks\n",
        "https://data.example/",
        "http://127.0.0.1:9001/x",
        "http://127.1:9000/x",
        "http://2130706433:9000/x",
        "http://[::1]:9000/x",
        "https://10.1.2.4/x",
        "https://còuncil.example/hooks",
        "https://council.example:x/hooks",
        "https:///hooks",
        "ftp://council.example/hooks",
        "file:///etc",
        "council.example/hooks",
        "/srv/events",
        "",
    ],
)
def test_anything_else_is_refused(target: str) -> None:
    with pytest.raises(ForwardRefused):
        Allowed.read(LISTED).kind_of(target)


@pytest.mark.parametrize(
    ("written", "says"),
    [
        ("http://council.example", "council.example needs https://"),
        ("council.example", "Write https://host/path"),
        ("https://1.2.3", "1.2.3 is no address"),
        ("https://council.example/?key=1", "without what follows a question mark"),
    ],
)
def test_a_list_that_cannot_be_meant_so_is_refused_by_name(written: str, says: str) -> None:
    with pytest.raises(ForwardRefused, match=r"^FORWARD_TO") as refused:
        Allowed.read(f"https://right.example,{written}")
    assert says in str(refused.value)


def test_a_demo_sends_to_this_machine_alone(tmp_path: Path) -> None:
    allowed = Allowed.read(f"{LISTED},https://[::1]:9000,{tmp_path}", is_demo=True)
    for here in ("http://127.0.0.1:9000/x", "http://localhost:9000", "https://[::1]:9000", str(tmp_path)):
        allowed.kind_of(here)
    for elsewhere in ("https://council.example/hooks", "https://10.1.2.3/x", "https://data.example:8443/"):
        with pytest.raises(ForwardRefused, match="A demo sends nothing to"):
            allowed.kind_of(elsewhere)


def test_nothing_is_allowed_where_nothing_is_listed() -> None:
    with pytest.raises(ForwardRefused):
        Allowed.read("").kind_of("https://council.example/")


def test_a_folder_is_allowed_with_all_that_is_really_in_it(tmp_path: Path) -> None:
    (tmp_path / "listed" / "below").mkdir(parents=True)
    (tmp_path / "listed" / "away").symlink_to(tmp_path)
    allowed = Allowed.read(f"{tmp_path / 'listed'}")
    assert allowed.kind_of(str(tmp_path / "listed")) is allowed.kind_of(f"{tmp_path}/listed/below/") is Kind.FOLDER
    for outside in ("listed/..", "listed/away", "listed-too", "listed/away/listed-too"):
        with pytest.raises(ForwardRefused):
            allowed.kind_of(f"{tmp_path}/{outside}")


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("81.2.69.142", True),
        ("2a00:1450:4009::200e", True),
        ("64:ff9b::5102:458e", True),
        ("127.0.0.1", False),
        ("10.0.0.1", False),
        ("172.16.0.1", False),
        ("192.168.1.1", False),
        ("169.254.169.254", False),
        ("100.64.0.1", False),
        ("0.0.0.0", False),
        ("255.255.255.255", False),
        ("224.0.0.1", False),
        ("198.18.0.1", False),
        ("::1", False),
        ("::", False),
        ("fe80::1%eth0", False),
        ("fd00::1", False),
        ("ff02::1", False),
        ("::ffff:127.0.0.1", False),
        ("::ffff:81.2.69.142", False),
        ("64:ff9b::a00:1", False),
        ("2002:7f00:1::", False),
        ("2001:db8::1", False),
    ],
)
def test_an_address_is_public_whatever_it_is_wrapped_in(address: str, expected: bool) -> None:
    assert is_public(address) is expected


async def test_a_name_that_leads_to_this_machine_is_not_called() -> None:
    resolver = OnlyPublic()
    here = [each["host"] for each in await resolver.resolve("localhost", 80, socket.AF_INET)]
    assert here == ["127.0.0.1"]
    with pytest.raises(PrivateAddress):
        await resolver.resolve(LOOPBACK, 80, socket.AF_INET)
    await resolver.close()


# With the whole sender


@pytest.fixture
async def scene(database: Database, keys: KeyRing) -> AsyncIterator[Scene]:
    async with a_scene(database, keys) as scene:
        yield scene


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_what_is_no_longer_listed_gets_nothing_and_is_not_paused_for_good(scene: Scene) -> None:
    await scene.add()
    await scene.happen("r1")
    sender = scene.sender(allowed=Allowed.read("https://elsewhere.example"))
    await sender.send_all_due()
    assert scene.receiver.requests == 0
    assert "FORWARD_TO does not list" in (await scene.standing()).destination.problem
    await scene.live_through(1, scene.sender())
    assert scene.receiver.seqs == [1]


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_a_listed_name_in_a_private_network_gets_nothing(scene: Scene) -> None:
    port = scene.receiver.url.rpartition(":")[2]
    scene.allowed = Allowed.read(f"https://{LOOPBACK}:{port}")
    await scene.add(target=f"https://{LOOPBACK}:{port}/events")
    await scene.happen("r1")
    await scene.sender().send_all_due()
    assert scene.receiver.requests == 0
    assert (await scene.standing()).destination.problem == "its name leads into a private network"


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    ("name", "survey", "target", "says"),
    [
        pytest.param("council", "stoke", "here", "There is a destination council already", id="a name twice"),
        pytest.param("Two Words", "stoke", "here", "is no name", id="a name that is none"),
        pytest.param("other", "nowhere", "here", "There is no survey nowhere", id="a survey that is none"),
        pytest.param("other", "stoke", "https://evil.example/", "FORWARD_TO does not list", id="not listed"),
        pytest.param("other", "stoke", "folder/none", "There is no folder", id="a folder that is none"),
        pytest.param("other", "stoke", "folder", "drops writes into that folder", id="a folder twice"),
    ],
)
async def test_a_destination_that_cannot_be_is_refused_in_words(
    scene: Scene, tmp_path: Path, name: str, survey: str, target: str, says: str
) -> None:
    scene.allowed = Allowed.read(f"{scene.receiver.url},{tmp_path}")
    await scene.add()
    await scene.add("drops", str(tmp_path))
    where = {"here": scene.receiver.url, "folder": f"{tmp_path}/", "folder/none": f"{tmp_path}/none"}
    with pytest.raises(ForwardRefused, match=says):
        await scene.operator.add(name, survey, where.get(target, target), Text.MASKED, scene.allowed, scene.keys)

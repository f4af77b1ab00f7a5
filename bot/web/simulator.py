"""The simulator: several residents' phones side by side on one page, and the export row growing beside them.

It carries nothing but simulated texts, is mounted by `demo` alone, and needs no provider account.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse

from bot.web.pages import Pages
from bot.web.security import Sender, TurnedAway, fingerprint, new_secret, read_form, sender_of, set_cookie

COOKIE = "earshot_simulator"
PHONES_AT_FIRST = 3
PHONES_AT_MOST = 12
BOARDS_AT_MOST = 100
BUBBLES_AT_MOST = 400
LONGEST_TEXT = 1600
# Ofcom keeps 07700 900000 to 900999 for drama: no resident of ours can ever have one.
FIRST_NUMBER, LAST_NUMBER = 900001, 900999


@dataclass(frozen=True, slots=True)
class SimulatedMessage:
    """One message of the bot's, as the channel lays it out. `options` are for looks that have buttons; SMS has none."""

    text: str
    segments: int
    options: tuple[str, ...] = ()


class Phone(Protocol):
    """What is behind the page: the bot, spoken to as a channel speaks to it. Addresses are E.164 drama numbers."""

    async def text(self, address: str, text: str) -> tuple[SimulatedMessage, ...]:
        """Take in one text and return the reply; nothing where the bot stays silent."""
        ...

    async def row(self, address: str) -> Mapping[str, str] | None:
        """Return the export row of this address's newest response, in column order, or None before it has one."""
        ...


@dataclass(frozen=True, slots=True)
class SimulatorSetup:
    """What the page shows round the phones. `hints` are texts to begin with; `languages` label the phones in turn."""

    sender: str
    hints: tuple[str, ...]
    pence_per_segment: float
    languages: tuple[str, ...] = ("English", "Urdu", "Polish")


@dataclass(frozen=True, slots=True)
class Bubble:
    """One message as the phone shows it. `segments` is 0 for the resident's own."""

    is_ours: bool
    text: str
    segments: int = 0


@dataclass(slots=True)
class Handset:
    """One resident's phone. `look` names the style of the app drawn; `news` are the columns the last text changed."""

    number: int
    address: str
    language: str
    look: str = "sms"
    bubbles: list[Bubble] = field(default_factory=list)
    segments: int = 0
    row: Mapping[str, str] = field(default_factory=dict)
    news: frozenset[str] = frozenset()
    turn: asyncio.Lock = field(default_factory=asyncio.Lock)

    @property
    def written_address(self) -> str:
        """The number as people write it: 07700 900001."""
        national = "0" + self.address.removeprefix("+44")
        return f"{national[:5]} {national[5:]}"

    @property
    def grown(self) -> list[tuple[str, str]]:
        """The columns of the row that hold something."""
        return [(name, value) for name, value in self.row.items() if value not in ("", "not_reached")]

    @property
    def waiting(self) -> list[tuple[str, str]]:
        """The columns still empty, or of questions not reached."""
        return [(name, value) for name, value in self.row.items() if value in ("", "not_reached")]

    def keep(self, bubble: Bubble) -> None:
        """Add a bubble; of a very long conversation the oldest go."""
        self.bubbles.append(bubble)
        self.segments += bubble.segments
        del self.bubbles[:-BUBBLES_AT_MOST]


@dataclass(slots=True)
class Board:
    """One browser's phones. `name` tells a script whether the page it holds is still of this board."""

    name: str
    handsets: list[Handset] = field(default_factory=list)
    shown: int = 1

    def handset(self, number: str) -> Handset:
        """Find a phone by the number on the page. Raises TurnedAway for one that is not there."""
        for handset in self.handsets:
            if str(handset.number) == number:
                return handset
        raise TurnedAway(404, "There is no such phone", "The simulator was started anew. Open it again.")


def simulator_routes(phone: Phone, pages: Pages, setup: SimulatorSetup, public_base_url: str) -> APIRouter:
    """Make the simulator's page. Boards live in this process's memory; the conversations are real rows, marked test."""
    simulator = Simulator(phone, pages, setup, public_base_url)
    router = APIRouter()
    for path, method, handler in (
        ("/simulator", "GET", simulator.show),
        ("/simulator/text", "POST", simulator.text),
        ("/simulator/add", "POST", simulator.add),
        ("/simulator/afresh", "POST", simulator.afresh),
    ):
        router.add_route(path, pages.guard(handler), methods=[method], include_in_schema=False)
    return router


class Simulator:
    """The handlers behind simulator_routes."""

    def __init__(self, phone: Phone, pages: Pages, setup: SimulatorSetup, public_base_url: str) -> None:
        self._phone = phone
        self._pages = pages
        self._setup = setup
        self._public_base_url = public_base_url
        self._boards: OrderedDict[str, Board] = OrderedDict()
        self._next_number = FIRST_NUMBER

    async def show(self, request: Request) -> Response:
        """Show every phone, and the export row of the one chosen with `?resident=`."""
        secret, board = await self._board(request)
        if wanted := request.query_params.get("resident"):
            board.shown = board.handset(wanted).number
        response = self._pages.show(
            "simulator.html",
            board=board,
            shown=board.handset(str(board.shown)),
            setup=self._setup,
            fill=request.query_params.get("fill", "")[:LONGEST_TEXT],
            price=self._price,
            can_add=len(board.handsets) < PHONES_AT_MOST,
            longest=LONGEST_TEXT,
        )
        set_cookie(response, COOKIE, secret, "/simulator", self._public_base_url, 7 * 24 * 60 * 60)
        return response

    async def text(self, request: Request) -> Response:
        """Send one text from one phone. Texts of one phone are taken in one after the other."""
        form, board = await self._own_form(request)
        handset, text = board.handset(form.get("resident", "")), form.get("text", "")
        if len(text) > LONGEST_TEXT:
            raise TurnedAway(413, "That is too long", f"A text holds at most {LONGEST_TEXT} characters.")
        if text.strip():
            async with handset.turn:
                await self._send(handset, text)
        return _back_to(board, handset)

    async def add(self, request: Request) -> Response:
        """Put one more phone on the board."""
        _, board = await self._own_form(request)
        if len(board.handsets) < PHONES_AT_MOST:
            await self._add_handset(board)
        return _back_to(board, board.handsets[-1])

    async def afresh(self, request: Request) -> Response:
        """Begin again with new phones. What the old ones answered stays in the database."""
        await self._own_form(request)
        self._boards.pop(fingerprint(request.cookies.get(COOKIE, "")), None)
        return RedirectResponse("/simulator", 303)

    async def _send(self, handset: Handset, text: str) -> None:
        handset.keep(Bubble(is_ours=False, text=text))
        for message in await self._phone.text(handset.address, text):
            handset.keep(Bubble(is_ours=True, text=message.text, segments=message.segments))
        before, handset.row = handset.row, await self._phone.row(handset.address) or {}
        handset.news = frozenset(name for name, value in handset.row.items() if before.get(name) != value)

    async def _board(self, request: Request) -> tuple[str, Board]:
        """Find this browser's board by its cookie, or begin one. The least recently used goes when there are many."""
        secret = request.cookies.get(COOKIE, "") or new_secret()
        board = self._boards.get(fingerprint(secret))
        if board is None:
            secret = new_secret()  # never a name that a page gave itself
            board = Board(new_secret()[:8])
            for _ in range(PHONES_AT_FIRST):
                await self._add_handset(board)
            self._boards[fingerprint(secret)] = board
        self._boards.move_to_end(fingerprint(secret))
        while len(self._boards) > BOARDS_AT_MOST:
            self._boards.popitem(last=False)
        return secret, board

    async def _add_handset(self, board: Board) -> None:
        number = len(board.handsets) + 1
        language = self._setup.languages[(number - 1) % len(self._setup.languages)]
        board.handsets.append(Handset(number, await self._free_address(), language))

    async def _free_address(self) -> str:
        """Take the next number nobody has answered from: a number in use would go on where an earlier visitor stopped.

        When all are taken, the next one serves again.
        """
        for _ in range(LAST_NUMBER - FIRST_NUMBER + 1):
            address = f"+447700{self._next_number}"
            self._next_number = self._next_number + 1 if self._next_number < LAST_NUMBER else FIRST_NUMBER
            if await self._phone.row(address) is None:
                break
        return address

    async def _own_form(self, request: Request) -> tuple[dict[str, str], Board]:
        # A script without a browser's headers is welcome: there is nothing here to steal, only texts to oneself.
        if sender_of(request, self._public_base_url) is Sender.FOREIGN:
            raise TurnedAway(403, "That did not come from this site", "Open the simulator and try again.")
        form = await read_form(request)
        board = self._boards.get(fingerprint(request.cookies.get(COOKIE, "")))
        if board is None:
            raise TurnedAway(409, "These phones are gone", "The simulator was started anew. Open it again.")
        return form, board

    def _price(self, segments: int) -> str:
        """Write what so many segments cost: 2.4p, £1.27."""
        pence = segments * self._setup.pence_per_segment
        return f"£{pence / 100:.2f}" if pence >= 100 else f"{pence:.1f}p"


def _back_to(board: Board, handset: Handset) -> Response:
    board.shown = handset.number
    return RedirectResponse(f"/simulator?resident={handset.number}#resident-{handset.number}", 303)

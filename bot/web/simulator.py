"""The simulator: several residents' phones side by side on one page, and the export row growing beside them.

Each phone can be on SMS, WhatsApp or Telegram. The page carries nothing but simulated messages, is mounted by `demo`
alone, and needs no provider account.
"""

from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse

from bot.web.cookie_secrets import fingerprint, new_secret
from bot.web.handsets import Board, Handset, Thread
from bot.web.pages import Pages
from bot.web.security import PostedFrom, TurnedAway, posted_from, read_form, set_cookie
from channels.looks import Key

COOKIE = "earshot_simulator"
PHONES_AT_FIRST = 3
PHONES_AT_MOST = 12
BOARDS_AT_MOST = 100
LONGEST_TEXT = 1600
# Ofcom keeps 07700 900000 to 900999 for drama: no resident of ours can ever have one.
FIRST_NUMBER, LAST_NUMBER = 900001, 900999
MEDIA = {"voice note": "audio/ogg", "picture": "image/jpeg"}
"""What can be sent in place of a text, and the type that a phone's app gives it."""


@dataclass(frozen=True, slots=True)
class SimulatedMessage:
    """One message of the bot's, as the phone shows it. `opener` stands on the button that opens `keys` as a list."""

    text: str
    segments: int
    keys: tuple[Key, ...] = ()
    opener: str = ""


class Phone(Protocol):
    """What is behind the page: the bot, spoken to as one channel speaks to it. Addresses are E.164 drama numbers.

    `is_charged` says that a message costs by its segments; `keys_go`, that a message's keys go once one is tapped;
    `takes_media`, that voice notes and pictures can be sent.
    """

    is_charged: bool
    keys_go: bool
    takes_media: bool

    async def text(self, address: str, text: str) -> tuple[SimulatedMessage, ...]:
        """Take in one text and return the reply; nothing where the bot stays silent."""
        ...

    async def tap(self, address: str, key: Key) -> tuple[SimulatedMessage, ...]:
        """Take in one tap on a key of ours and return the reply."""
        ...

    async def media(self, address: str, media_type: str) -> tuple[SimulatedMessage, ...]:
        """Take in a voice note or a picture, by its MIME type, and return the reply."""
        ...

    def arrived(self, address: str, after: str) -> tuple[tuple[str, SimulatedMessage], ...]:
        """Give what came by itself since the message of that id, with its id: such as what staff wrote by hand."""
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


def simulator_routes(
    phones: Mapping[str, Phone], pages: Pages, setup: SimulatorSetup, public_base_url: str
) -> APIRouter:
    """Make the simulator's page. `phones` are the apps by name: a phone can be switched from one to the next.

    Boards live in this process's memory; the conversations are real rows, marked test.
    """
    simulator = Simulator(phones, pages, setup, public_base_url)
    router = APIRouter()
    for path, method, handler in (
        ("/simulator", "GET", simulator.show),
        ("/simulator/text", "POST", simulator.text),
        ("/simulator/tap", "POST", simulator.tap),
        ("/simulator/media", "POST", simulator.media),
        ("/simulator/look", "POST", simulator.look),
        ("/simulator/add", "POST", simulator.add),
        ("/simulator/afresh", "POST", simulator.afresh),
    ):
        router.add_route(path, pages.guard(handler), methods=[method], include_in_schema=False)
    return router


class Simulator:
    """The handlers behind simulator_routes."""

    def __init__(self, phones: Mapping[str, Phone], pages: Pages, setup: SimulatorSetup, public_base_url: str) -> None:
        self._phones = phones
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
        for handset in board.handsets:
            for look, thread in handset.threads.items():
                for id, reply in self._phones[look].arrived(handset.address, thread.arrived):
                    thread.arrived = id
                    _show(thread, reply)
        response = self._pages.show(
            "simulator.html",
            board=board,
            shown=board.handset(str(board.shown)),
            phones=self._phones,
            setup=self._setup,
            fill=request.query_params.get("fill", "")[:LONGEST_TEXT],
            price=self._price,
            can_add=len(board.handsets) < PHONES_AT_MOST,
            longest=LONGEST_TEXT,
            media=MEDIA,
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
                handset.thread.keep(text, is_ours=False)
                await self._hear(handset, await self._phones[handset.look].text(handset.address, text))
        return _back_to(board, handset)

    async def tap(self, request: Request) -> Response:
        """Tap one key on one phone. A key that has gone meanwhile does nothing: the page then shows what is there."""
        form, board = await self._own_form(request)
        handset = board.handset(form.get("resident", ""))
        async with handset.turn:
            thread, phone = handset.thread, self._phones[handset.look]
            bubble = thread.bubble(form.get("message", ""))
            key = bubble.key(form.get("choice", "")) if bubble is not None else None
            if bubble is not None and key is not None:
                if phone.keys_go:
                    thread.take_keys(bubble.number)
                thread.keep(f"{key.label}\n{key.note}".strip(), is_ours=False, is_tap=phone.keys_go)
                await self._hear(handset, await phone.tap(handset.address, key))
        return _back_to(board, handset)

    async def media(self, request: Request) -> Response:
        """Send a voice note or a picture from one phone."""
        form, board = await self._own_form(request)
        handset, kind = board.handset(form.get("resident", "")), form.get("media", "")
        async with handset.turn:
            phone = self._phones[handset.look]
            if kind not in MEDIA or not phone.takes_media:
                raise TurnedAway(404, "That cannot be sent", "A voice note or a picture goes by WhatsApp or Telegram.")
            handset.thread.keep(f"({kind})", is_ours=False)
            await self._hear(handset, await phone.media(handset.address, MEDIA[kind]))
        return _back_to(board, handset)

    async def look(self, request: Request) -> Response:
        """Open another app on one phone. Its conversation in the first one waits there."""
        form, board = await self._own_form(request)
        handset, look = board.handset(form.get("resident", "")), form.get("look", "")
        if look not in self._phones:
            raise TurnedAway(404, "There is no such app", f"Choose one of: {', '.join(self._phones)}.")
        async with handset.turn:
            handset.look = look
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

    async def _hear(self, handset: Handset, replies: tuple[SimulatedMessage, ...]) -> None:
        for reply in replies:
            _show(handset.thread, reply)
        handset.thread.keep_row(await self._phones[handset.look].row(handset.address) or {})

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
        look = list(self._phones)[(number - 1) % len(self._phones)]
        board.handsets.append(Handset(number, await self._free_address(), language, look))

    async def _free_address(self) -> str:
        """Take the next number nobody has answered from: a number in use would go on where an earlier visitor stopped.

        When all are taken, the next one serves again.
        """
        for _ in range(LAST_NUMBER - FIRST_NUMBER + 1):
            address = f"+447700{self._next_number}"
            self._next_number = self._next_number + 1 if self._next_number < LAST_NUMBER else FIRST_NUMBER
            if not any([await phone.row(address) for phone in self._phones.values()]):
                break
        return address

    async def _own_form(self, request: Request) -> tuple[dict[str, str], Board]:
        # A script without a browser's headers is welcome: there is nothing here to steal, only texts to oneself.
        if posted_from(request, self._public_base_url) is PostedFrom.FOREIGN:
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


def _show(thread: Thread, reply: SimulatedMessage) -> None:
    thread.keep(reply.text, is_ours=True, segments=reply.segments, keys=reply.keys, opener=reply.opener)


def _back_to(board: Board, handset: Handset) -> Response:
    board.shown = handset.number
    return RedirectResponse(f"/simulator?resident={handset.number}#resident-{handset.number}", 303)

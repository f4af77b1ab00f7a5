"""What stands where on a poster's page: one page is tried in ever smaller type until all of it fits, or is refused."""

from collections.abc import Callable
from dataclasses import replace
from typing import Final

from bot.outreach.poster_page import Page
from bot.outreach.poster_pen import BLACK, QUIET, WHITE, WIDTH, Hand, Pen, Unwritable, modules

MARGIN: Final = 10.0
SMALLEST_POINTS: Final = 12.0
"""Of any text on A4: below, many people cannot read it at arm's length (RNIB, "Clear print")."""
GROWTH: Final = tuple(1 + step / 20 for step in range(14, -1, -1))
"""How much larger than its smallest a page's type may be, best first."""
SMALLEST_CODE: Final = 31.0
"""Millimetres of a QR code on A4, without its quiet zone."""
SMALLEST_MODULE: Final = 0.5
"""Millimetres of one square of a code on A4: 0.35 on A5, which phones still make out at a hand's length."""

_INSIDE = WIDTH - 2 * MARGIN
_COLUMN = (_INSIDE - 6) / 2
_LEFT, _RIGHT = MARGIN, MARGIN + _COLUMN + 6
_TALL = 1.5
_GAP = 1.0
_LARGEST = (60.0, 46.0)
_BAND = (11, 61, 92)


def draw(pen: Pen, page: Page) -> None:
    """Add a page and draw it in the largest type that fits. Raises Unwritable."""
    pen.pdf.add_page()
    pen.is_dry = True
    for growth in GROWTH:
        try:
            room = pen.height - MARGIN - _laid(pen, page, growth, _GAP)
        except Unwritable:
            if growth == GROWTH[-1]:
                raise
            continue
        if room >= 0:
            break
    else:
        raise Unwritable("There is more to say than fits on a page: leave out languages, or shorten the title.")
    pen.is_dry = False
    _laid(pen, page, growth, _GAP + min(room / len(_BLOCKS), 8.0))
    if page.is_draft:
        pen.stamp("DRAFT")


def _laid(pen: Pen, page: Page, growth: float, gap: float) -> float:
    """Lay the blocks one below the other, with so much more between them, and say where the last one ends."""
    y = 0.0
    for block in _BLOCKS:
        y = block(pen, page, growth, y) + gap
    return y - gap


def _head(pen: Pen, page: Page, growth: float, y: float) -> float:
    """Say who asks, in white on a band: dry first, because the band must be as high as the words, and below them."""
    is_dry, pen.is_dry = pen.is_dry, True
    bottom = _who(pen, page, growth, y + 5) + 4
    pen.is_dry = is_dry
    pen.box((0, y, WIDTH, bottom - y), fill=_BAND)
    pen.pdf.set_text_color(*WHITE)
    _who(pen, page, growth, y + 5)
    pen.pdf.set_text_color(*BLACK)
    return bottom + 3


def _who(pen: Pen, page: Page, growth: float, y: float) -> float:
    y = pen.write(page.organisation, _hand(page, 17 * growth, bold=True), (MARGIN, y), _INSIDE)
    return pen.write(page.partner, _hand(page, 13 * growth), (MARGIN, y), _INSIDE) if page.partner else y


def _subject(pen: Pen, page: Page, growth: float, y: float) -> float:
    y = pen.write(page.title, _hand(page, 22 * growth, bold=True), (MARGIN, y), _INSIDE)
    return pen.write(page.about, _hand(page, 14 * growth), (MARGIN, y + 1), _INSIDE) + 2


def _what_to_do(pen: Pen, page: Page, growth: float, y: float) -> float:
    """Write what to send to whom, in a frame, each on a line as wide as it may be."""
    top, y, width = y, y + 2.5, _INSIDE - 8
    largest = iter(_LARGEST)
    for line in page.call:
        if not line.is_key:
            y = pen.write(line.text, _hand(page, 17 * growth), (MARGIN + 4, y), width, "C")
            continue
        hand = Hand(next(largest) * growth, bold=True)
        hand = replace(hand, points=max(pen.fitting(line.text, hand, width), 2 * SMALLEST_POINTS))
        # Capitals and digits have nothing below the line, so that the next may come closer.
        below = pen.write(line.text, hand, (MARGIN + 4, y - hand.leading * 0.08), width, "C")
        y = below - hand.leading * 0.08
    y += 2.5
    pen.box((MARGIN, top, _INSIDE, y - top), line=1.0)
    return y + 3


def _codes(pen: Pen, page: Page, growth: float, y: float) -> float:
    """Draw the codes side by side, each with its name below and the way there without a camera."""
    y = pen.write(page.scan, _hand(page, 13 * growth, bold=True), (MARGIN, y), _INSIDE)
    cell = _INSIDE / len(page.codes)
    shares = [len(rows) / (len(rows) + 2 * QUIET) for rows in (modules(code.link) for code in page.codes)]
    width = min(SMALLEST_CODE + 28 * (growth - 1), cell * min(shares))
    if width < SMALLEST_MODULE * max(len(modules(code.link)) for code in page.codes):
        raise Unwritable("Its QR codes would be too fine to scan. Use a shorter web address.")
    side = width / min(shares)
    ends = []
    for place, code in enumerate(page.codes[::-1] if page.is_rtl else page.codes):
        left = MARGIN + place * cell
        pen.code(code.link, (left + cell / 2, y + side / 2), width)
        below = pen.write(code.name, _hand(page, 12 * growth, bold=True), (left + 1, y + side), cell - 2, "C")
        if code.reached_at:
            hand = _narrowed(pen, Hand(SMALLEST_POINTS * growth), code.reached_at, cell - 5)
            below = pen.write(code.reached_at, hand, (left + 1, below), cell - 2, "C")
        ends.append(below)
    return max(ends) + 2


def _others(pen: Pen, page: Page, growth: float, y: float) -> float:
    """Write how to begin in each other language, in its own letters: what runs right to left on the right."""
    if not page.starts:
        return y
    if page.others:
        y = pen.write(page.others, _hand(page, 13 * growth, bold=True), (MARGIN, y), _INSIDE) + 0.5
    columns = [[start for start in page.starts if start.is_rtl is is_rtl] for is_rtl in (False, True)]
    if not all(columns):
        half = (len(page.starts) + 1) // 2
        columns = [list(page.starts[:half]), list(page.starts[half:])]
    ends = []
    for x, column in zip((_LEFT, _RIGHT), columns, strict=True):
        below = y
        for start in column:
            hand = Hand(14 * growth, False, start.language, start.is_rtl, _TALL)
            said = f"{start.name}: {start.words}" if start.words else start.name
            below = pen.write(said, hand, (x, below), _COLUMN)
        ends.append(below)
    return max(ends) + 2


def _notes(pen: Pen, page: Page, growth: float, y: float) -> float:
    """Write the short notes in two columns of about one height, and below them those that hold an address."""
    hand = _hand(page, SMALLEST_POINTS * growth)
    heights = [len(pen.lines(note, hand, _COLUMN)) * hand.leading for note in page.notes]
    first = min(range(len(heights) + 1), key=lambda n: max(sum(heights[:n]), sum(heights[n:])))
    ends = []
    sides = (_RIGHT, _LEFT) if page.is_rtl else (_LEFT, _RIGHT)
    for x, notes in zip(sides, (page.notes[:first], page.notes[first:]), strict=True):
        below = y
        for note in notes:
            below = pen.write(note, hand, (x, below), _COLUMN) + 1
        ends.append(below)
    y = max(ends)
    for check in page.checks:
        y = pen.write(check, hand, (MARGIN, y), _INSIDE) + 1
    return y


def _narrowed(pen: Pen, hand: Hand, text: str, width: float) -> Hand:
    """Write a little smaller, though not too small, what would not stand on one line."""
    return replace(hand, points=max(pen.fitting(text, hand, width), SMALLEST_POINTS))


def _hand(page: Page, points: float, bold: bool = False) -> Hand:
    return Hand(points, bold, page.language, page.is_rtl, _TALL if page.is_rtl else 1.3)


_BLOCKS: Final[tuple[Callable[[Pen, Page, float, float], float], ...]] = (
    _head,
    _subject,
    _what_to_do,
    _codes,
    _others,
    _notes,
)

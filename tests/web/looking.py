"""How a test looks at the simulator's page as it was sent, before any script."""

import html
import re
from typing import NamedTuple

_BUBBLE = re.compile(
    r'turn turn--(bot|resident|tap)">.*?<span[^>]*>[^<]*</span>\s*<p class="bubble"(?: dir="auto")?>(.*?)</p>',
    re.DOTALL,
)
_KEY = re.compile(
    r'<button class="keys__one" name="choice" value="([^"]*)" dir="auto">([^<]*)'
    r'|<span class="sheet__words">([^<]*)(?:<span class="sheet__note">([^<]*)</span>)?</span>'
    r'\s*<input class="sheet__radio" type="radio" name="choice" value="([^"]*)"'
)


class Shown(NamedTuple):
    """One message on a phone: who said it (bot, resident or tap), its words, and what can be tapped as (id, words)."""

    number: str
    who: str
    text: str
    keys: tuple[tuple[str, str], ...]


def phone_on(page: str, resident: int) -> str:
    return page.split(f'id="resident-{resident}"')[1].split("</section>")[0]


def messages_on(page: str, resident: int) -> list[Shown]:
    """Read every message on one phone."""
    found = []
    for part in phone_on(page, resident).split('<div data-message="')[1:]:
        bubble = _BUBBLE.search(part)
        assert bubble is not None
        keys = tuple((a or b, html.unescape(" ".join(words).strip())) for a, *words, b in _KEY.findall(part))
        text = re.sub("<[^>]+>", "", bubble[2])
        found.append(Shown(part.split('"')[0], bubble[1], html.unescape(text), keys))
    return found


def bubbles_on(page: str, resident: int) -> list[tuple[str, str]]:
    """Who said what on one phone, as (bot, resident or tap; text)."""
    return [(message.who, message.text) for message in messages_on(page, resident)]


def row_on(page: str) -> dict[str, str]:
    table = page.split('id="row"')[1]
    found = re.findall(r'<th scope="row">(.*?)</th>\s*<td dir="auto">([^<]*)', table)
    return {name.replace("<wbr>", ""): html.unescape(value) for name, value in found}


def addresses_on(page: str) -> list[str]:
    return re.findall(r"07700 9\d{5}", page)

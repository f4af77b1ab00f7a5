"""Looking at pages in a browser as everybody's eyes: what axe finds at a desk and on a phone, and a picture of each.

EARSHOT_TEST_PICTURES names a folder to keep the pictures in, for a person to look at; without it none is taken.
"""

import os
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from playwright.async_api import Page

from tests.web.chromium import barriers

WIDTHS = (1100, 375)
HEIGHT = 860
PICTURES = os.environ.get("EARSHOT_TEST_PICTURES", "")


@dataclass
class Sights:
    """What was looked at, and what was amiss. `routes` are the addresses of the application, as templates."""

    routes: Sequence[str]
    seen: set[str] = field(default_factory=set)
    amiss: dict[str, list[str]] = field(default_factory=dict)

    async def look(self, page: Page, name: str) -> None:
        """Look at the page that stands there, at every width; it stays at the last."""
        self.seen.add(self.route_of(urlsplit(page.url).path))
        for width in WIDTHS:
            await page.set_viewport_size({"width": width, "height": HEIGHT})
            found = await barriers(page)
            if found:
                self.amiss[f"{name}, {width} px"] = found
            if PICTURES:
                await page.screenshot(path=Path(PICTURES) / f"{name.replace(' ', '-')}-{width}.png", full_page=True)

    def route_of(self, path: str) -> str:
        """Find the route that an address belongs to; one without variables goes first."""
        fits = [route for route in self.routes if re.fullmatch(re.sub(r"\{[^}]+\}", "[^/]+", route), path)]
        assert fits, f"{path} is no page of ours"
        return min(fits, key=lambda route: route.count("{"))

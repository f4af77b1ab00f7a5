"""How a test looks at the staff pages and at what they leave in the database."""

import html
import re

import httpx2

from storage.script import Database, Fetch, Row, Script


async def rows(database: Database, sql: str) -> list[Row]:
    def script() -> Script[list[Row]]:
        found = yield Fetch(sql)
        return list(found.rows)

    return await database.read(script)


async def form_token_of(client: httpx2.AsyncClient) -> str:
    found = re.search(r'name="token" value="([0-9a-f]+)"', (await client.get("/staff")).text)
    assert found is not None
    return found[1]


async def is_signed_in(client: httpx2.AsyncClient) -> bool:
    return "Signed in as" in (await client.get("/staff")).text


def words_of(page: str) -> str:
    """Give what a person reads on a page."""
    without = re.sub(r"<(svg|script|head)\b.*?</\1>", " ", page, flags=re.DOTALL)
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", without)).split())


def table(page: str, name: str) -> list[list[str]]:
    """Read the body and foot of the table whose caption has that id, as its cells' words."""
    body = page.split(f'id="{name}"')[1].split("</thead>")[1].split("</table>")[0]
    found = [re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row, re.DOTALL) for row in body.split("</tr>")]
    return [[" ".join(re.sub("<[^>]+>", "", cell).split()) for cell in row] for row in found if row]

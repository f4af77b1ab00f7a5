"""The codebook as a page and as JSON."""

import json
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

from bot.analysis.codebook import STATES
from bot.analysis.export import Format
from bot.core.survey import Choice, QuestionType
from bot.service.reviewing import Sentence, of_a_survey
from storage import reviews
from storage.script import Database
from tests.analysis.filling import BEGAN, ask, exported, publish, version
from tests.analysis.formats.scene import SAFE, WHOLE

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


class Cells(HTMLParser):
    """Collects the table rows of a page, with the attributes of their cells."""

    def __init__(self) -> None:
        super().__init__()
        self.rows: list[list[str]] = []
        self.marked: dict[str, dict[str, str | None]] = {}
        self.tags: set[str] = set()
        self._in_cell = False
        self._attributes: dict[str, str | None] = {}

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        if tag == "tr":
            self.rows.append([])
        if tag in ("td", "th"):
            self.rows[-1].append("")
            self._in_cell, self._attributes = True, dict(attributes)

    def handle_endtag(self, tag: str) -> None:
        if tag in ("td", "th"):
            self._in_cell = False

    def handle_data(self, data: str) -> None:
        if self._in_cell:
            self.rows[-1][-1] += data
            self.marked[data] = self._attributes


def read(path: Path) -> Cells:
    cells = Cells()
    cells.feed(path.read_text("utf-8"))
    return cells


async def test_it_has_every_wording_code_and_version_and_who_read_it(database: Database, tmp_path: Path) -> None:
    urdu = "ہاں"
    mark = Sentence("", "Yes", urdu).mark
    await database.run(publish(WHOLE))
    await database.run(lambda: reviews.accept("ur", [mark], {}, "Bilal", BEGAN))
    done = await exported(database, tmp_path / "o.html", Format.CODEBOOK)
    page = read(tmp_path / "o.html")
    assert ["Label", "English", "Yes", "the survey's own"] in page.rows
    assert ["Label", "Urdu", urdu, "read by Bilal, 2026-11-22"] in page.rows
    assert ["Label", "Urdu", "نہیں", "draft: nobody has read it yet"] in page.rows
    assert ["Label", "Urdu", "", "no translation"] in page.rows
    assert (page.marked[urdu]["lang"], page.marked[urdu]["dir"]) == ("ur", "rtl")
    text = re.sub(r"<[^>]+>|\s+", " ", (tmp_path / "o.html").read_text("utf-8"))
    assert re.search(r"Code +yes +\(SPSS: 1\), version 1", text)
    assert done.rows == len(WHOLE.questions)


async def test_the_short_form_has_each_code_once_with_its_label_and_number(database: Database, tmp_path: Path) -> None:
    older = ask("safe", choices=(*SAFE, Choice("perhaps", {"en": "Perhaps"})))
    await database.run(publish(version("0", older), WHOLE))
    await exported(database, tmp_path / "o.html", Format.CODEBOOK)
    await exported(database, tmp_path / "ur.html", Format.CODEBOOK, labels="ur")
    short, _, folded = (tmp_path / "o.html").read_text("utf-8").partition('<section class="full">')
    assert short.count("<code>yes</code>") == short.count(">Yes<") == 1
    assert not re.search("[\u0600-\u06ff]", short)
    assert folded.count("<details") == folded.count("</details>") == len(WHOLE.questions)
    rows = [[cell.strip() for cell in row] for row in read(tmp_path / "o.html").rows]
    assert ["yes", "Yes", "1"] in rows
    assert ["perhaps", "Perhaps (version 0)", "3"] in rows
    assert ["lights", "More lights, soon", ""] in rows
    assert ["skipped", STATES["skipped"], "-991"] in rows
    assert ["yes", "ہاں", "1"] in read(tmp_path / "ur.html").rows


async def test_the_short_form_says_how_much_of_it_is_a_draft_that_nobody_has_read(
    database: Database, tmp_path: Path
) -> None:
    await database.run(publish(WHOLE))
    await database.run(lambda: reviews.accept("ur", [Sentence("", "Yes", "ہاں").mark], {}, "Bilal", BEGAN))
    await exported(database, tmp_path / "o.html", Format.CODEBOOK)
    await exported(database, tmp_path / "ur.html", Format.CODEBOOK, labels="ur")
    short, _, _ = (tmp_path / "ur.html").read_text("utf-8").partition('<section class="full">')
    assert "Draft: of 3 questions and labels below nobody has read the Urdu words yet." in short
    assert "Draft: of" not in (tmp_path / "o.html").read_text("utf-8")
    labels = [attributes.get("dir") for text, attributes in read(tmp_path / "ur.html").marked.items() if text == "ہاں"]
    assert labels == ["rtl"]


async def test_a_link_to_the_wordings_of_a_question_leads_into_what_it_is_to_open(
    database: Database, tmp_path: Path
) -> None:
    await database.run(publish(WHOLE))
    await exported(database, tmp_path / "o.html", Format.CODEBOOK)
    page = (tmp_path / "o.html").read_text("utf-8")
    for name in re.findall(r'href="#(\w+)"><code>', page):
        assert re.search(rf'</summary>\s*<p [^>]*id="{name}"', page)


async def test_a_reworded_question_stands_with_each_of_its_wordings(database: Database, tmp_path: Path) -> None:
    first = ask("q", choices=(Choice("a", {"en": "A"}),), label={"en": "Old?"})
    second = ask("q", choices=(Choice("b", {"en": "<b>B</b>"}),), label={"en": "New & <i>odd</i>?"})
    await database.run(publish(version("1", first), version("2", first), version("3", second)))
    await exported(database, tmp_path / "o.html", Format.CODEBOOK)
    source = (tmp_path / "o.html").read_text("utf-8")
    assert source.index("in version 1 to 2") < source.index("in version 3")
    assert "New &amp; &lt;i&gt;odd&lt;/i&gt;?" in source


async def test_a_short_wording_without_english_was_read_beside_the_full_one(database: Database, tmp_path: Path) -> None:
    asked = ask("q", QuestionType.TEXT, label={"en": "Why?", "ur": "کیوں؟"}, sms_label={"ur": "وجہ؟"})
    definition = version("1", asked)
    [_, short] = [each for each in of_a_survey(definition, "ur") if each.where.startswith("stoke: q")]
    await database.run(publish(definition))
    await database.run(lambda: reviews.accept("ur", [short.mark], {}, "Bilal", BEGAN))
    await exported(database, tmp_path / "o.html", Format.CODEBOOK)
    assert ["In a text message", "Urdu", "وجہ؟", "read by Bilal, 2026-11-22"] in read(tmp_path / "o.html").rows


async def test_the_page_stands_alone_and_runs_nothing(database: Database, tmp_path: Path) -> None:
    await database.run(publish(WHOLE))
    await exported(database, tmp_path / "o.html", Format.CODEBOOK)
    assert not read(tmp_path / "o.html").tags & {"script", "link", "img", "iframe", "form"}
    assert "http" not in (tmp_path / "o.html").read_text("utf-8")


async def test_programs_can_have_it_as_json(database: Database, tmp_path: Path) -> None:
    await database.run(publish(WHOLE))
    await exported(database, tmp_path / "o.json", Format.CODEBOOK)
    rows = json.loads((tmp_path / "o.json").read_text("utf-8"))
    assert {"variable": "safe", "kind": "choice", "code": "yes", "spss_value": "1"}.items() <= rows[
        next(n for n, row in enumerate(rows) if row.get("code") == "yes")
    ].items()

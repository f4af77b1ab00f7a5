"""What the tests of pages share: a published survey, its forms over a real database, and a browser's secret."""

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from bot.analysis.single import response_row
from bot.core.danger import Watch
from bot.core.form import Became, Posted
from bot.core.phrases import Phrases
from bot.core.survey import Choice, Language, Question, QuestionType, Role, SurveyDefinition
from bot.service.forms import Beginning, Forms, Led, Sheet
from bot.service.library import Library, Wording
from bot.service.word_files import load_words
from storage import campaigns, surveys
from storage.campaigns import CampaignRow
from storage.entries import Holder
from storage.keys import KeyRing
from storage.script import Database, Fetch, Row, Script

NOON = int(datetime(2026, 1, 14, 12, tzinfo=UTC).timestamp() * 1000)
DAY = 24 * 60 * 60 * 1000
YES_NO = (
    Choice("yes", {"en": "Yes", "ur": "ہاں"}),
    Choice("no", {"en": "No", "ur": "نہیں"}),
)
NEEDS = tuple(Choice(code, {"en": code.title()}) for code in ("lights", "buses", "parks"))
HALLS = SurveyDefinition(
    id="halls",
    version="1",
    title={"en": "Our halls", "ur": "ہمارے ہال"},
    default_language="en",
    keywords=("HALLS",),
    questions=(
        Question("plan", QuestionType.NOTE, {"en": "This is the plan."}, more={"en": "In short: open halls."}),
        Question(
            "use",
            QuestionType.SELECT_ONE,
            {"en": "Do you use a hall?", "ur": "کیا آپ ہال استعمال کرتے ہیں؟"},
            choices=YES_NO,
        ),
        Question("often", QuestionType.SELECT_ONE, {"en": "Every week?"}, choices=YES_NO, relevant="${use} = 'yes'"),
        Question("needs", QuestionType.SELECT_MULTIPLE, {"en": "What is needed?"}, choices=NEEDS),
        Question("why", QuestionType.TEXT, {"en": "Why?"}, role=Role.OPEN),
        Question("since", QuestionType.DATE, {"en": "Since when?"}),
        Question("texts", QuestionType.SELECT_ONE, {"en": "By text only?"}, choices=YES_NO, channels=("sms",)),
        Question("age", QuestionType.INTEGER, {"en": "How old are you?"}, role=Role.DEMOGRAPHIC),
        Question(
            "faith",
            QuestionType.SELECT_ONE,
            {"en": "Your faith?"},
            choices=YES_NO,
            role=Role.DEMOGRAPHIC,
            channels=("web", "assisted"),
        ),
    ),
    languages=(Language("en", "English"), Language("ur", "Urdu")),
    organisation={"en": "The council"},
    privacy_url="halls.example/privacy",
    min_age=16,
)
WHOLE: tuple[tuple[str, dict[str, object]], ...] = (
    ("use", {"choices": ("yes",)}),
    ("often", {"choices": ("no",)}),
    ("needs", {"choices": ("parks", "lights")}),
    ("why", {"text": "=Trees, at last\nand benches"}),
    ("since", {"day": "3", "month": "5", "year": "2020"}),
    ("age", {"text": "34"}),
    ("faith", {"choices": ("no",)}),
)
"""Every question and an answer to it."""


@dataclass
class Hall:
    """One running server. `now` is its clock, `secret` whose browser is meant."""

    database: Database
    keys: KeyRing
    library: Library
    forms: Forms = field(init=False)
    now: int = NOON
    secret: str = "a" * 64

    def __post_init__(self) -> None:
        self.forms = Forms(self.database, self.keys, self.library, now=lambda: self.now)

    @property
    def holder(self) -> Holder:
        return Holder("halls", self.secret)

    def beginning(self, **how: object) -> Beginning:
        return Beginning(**{"survey": "halls", "language": "en", "is_chosen": False, "secret_hash": self.secret, **how})  # type: ignore[arg-type]

    async def begin(self, **how: object) -> str:
        return await self.forms.begin(self.beginning(**how))

    async def sheet(self) -> Sheet:
        sheet = await self.forms.sheet(self.holder)
        assert sheet is not None
        return sheet

    async def post(self, question: str, /, **fields: object) -> Became:
        sheet = await self.sheet()
        page = sheet.page(question)
        step = page.step if page is not None else 0
        posted = Posted(question, **{"step": step, "mark": sheet.mark, **fields})  # type: ignore[arg-type]
        went = await self.forms.take(self.holder, posted)
        assert went is not None
        return went[1].became

    async def answer_everything(self) -> None:
        for question, fields in WHOLE:
            self.now += 20_000
            assert await self.post(question, **fields) is Became.KEPT

    async def go_on(self, code: str, *, forms: Forms | None = None, **how: object) -> bool:
        """Go on by a code; this browser holds what the code brought, if it brought anything."""
        beginning = self.beginning(**how)
        handed_to = f"{beginning.secret_hash} {code}"
        led = await (forms or self.forms).go_on(code, beginning, handed_to)
        if led is Led.BROUGHT:
            self.secret = handed_to
        return led is not Led.NOWHERE

    async def close(self) -> None:
        await self.database.run(lambda: surveys.close("halls", self.now))
        await self.library.load()

    async def rows(self, sql: str) -> list[Row]:
        def script() -> Script[list[Row]]:
            return list((yield Fetch(sql)).rows)

        return await self.database.read(script)

    async def row(self) -> dict[str, str]:
        """Return the export row of the newest response."""
        ((response,),) = await self.rows("SELECT id FROM response ORDER BY started_at DESC, id LIMIT 1")
        row = await response_row(self.database, "halls", response, now=self.now)
        assert row is not None
        return dict(row)


def campaign(**how: object) -> CampaignRow:
    row = CampaignRow(
        id="c1",
        survey="halls",
        name="Church hall",
        keyword="HALL7",
        partner="St John's",
        place="Hanley",
        languages=("en", "ur"),
        channels=("sms", "web"),
        target=None,
        starts_on="",
        ends_on="",
        state="running",
        made_at=NOON,
        made_by="amina",
        changed_at=NOON,
        test=False,
    )
    return replace(row, **how)  # type: ignore[arg-type]


async def publish(database: Database, definition: SurveyDefinition, at: int = NOON) -> None:
    await database.run(
        lambda: surveys.publish(definition.id, definition.version, definition.hash, definition.to_json(), at)
    )


async def hall(
    database: Database, keys: KeyRing, definition: SurveyDefinition = HALLS, watch: Watch | None = None
) -> Hall:
    """Publish the survey, with one campaign, and open its forms."""
    await publish(database, definition)
    await database.run(lambda: campaigns.add(campaign()))
    library = Library(database, Wording(Phrases(), {"": load_words()}, watch=watch))
    await library.load()
    return Hall(database, keys, library)

"""A poster as a resident meets it: read, scanned and held against the sheet, at both sizes and in every language."""

import re
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime
from functools import cache

import pytest

from bot.core.form import RIGHT_TO_LEFT
from bot.core.language_names import names_of
from bot.core.phrases import Phrase, Phrases
from bot.core.survey import Language, SurveyDefinition
from bot.outreach.campaigns import Numbers, links
from bot.outreach.poster import SIZES, PosterRefused, Size, poster
from bot.outreach.poster_layout import SMALLEST_POINTS
from bot.outreach.poster_pen import QUIET, Hand, Pen, modules
from bot.outreach.poster_words import PosterPhrase, load_poster_words
from tests.outreach.printing import NUMBERS, PIXELS_TO_A_POINT, POINTS_TO_MM, Printed, campaign, languages, printed
from tests.outreach.printing import survey as the_survey

OTHERS = [code for code in languages() if code != "en"]
CODES_ON_A4_MM = 30.0
# Latin letters and numbers in a right-to-left line come back in pdfium's own order; words of one script do not.
_WORD = re.compile(r"[^\W\d_a-zA-Z]{3,}")


@cache
def every_page(size: Size) -> list[Printed]:
    """Print a poster in every language, none of which is a draft in the survey, though the poster's own words are."""
    return printed(poster(campaign(*languages()), the_survey(), NUMBERS, size=size))


def page_of(code: str, size: Size) -> Printed:
    """Give the page of one language."""
    return every_page(size)[languages().index(code)]


@cache
def english(size: Size) -> Printed:
    """Print a poster in English alone."""
    return printed(poster(campaign(), the_survey(), NUMBERS, size=size))[0]


@pytest.mark.parametrize("size", SIZES)
def test_every_page_has_the_size_of_its_paper(size: Size) -> None:
    assert {(round(page.width, 1), round(page.height, 1)) for page in every_page(size)} == {SIZES[size]}


def test_each_language_has_a_page_of_its_own_after_the_first() -> None:
    assert len(every_page("A4")) == len(languages())


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("code", languages())
def test_the_codes_of_a_page_open_exactly_its_links(code: str, size: Size) -> None:
    typed = "" if code == "en" else names_of(code, "").typed
    assert {seen.link for seen in page_of(code, size).codes} == set(links(campaign(), NUMBERS, typed).values())


def test_the_first_code_of_a_page_is_that_for_texts_from_the_side_where_reading_begins() -> None:
    assert [page_of(code, "A4").codes[place].link[:4] for code, place in (("pl", 0), ("ur", -1))] == ["sms:", "sms:"]


@pytest.mark.parametrize("code", languages())
def test_codes_on_a4_are_large_enough_to_scan_and_not_too_frail(code: str) -> None:
    for seen in page_of(code, "A4").codes:
        assert seen.right - seen.left >= CODES_ON_A4_MM
        assert seen.bottom - seen.top == pytest.approx(seen.right - seen.left, abs=0.5)
        assert seen.level in ("M", "Q", "H")


@pytest.mark.parametrize("size", SIZES)
def test_a_code_has_its_quiet_zone(size: Size) -> None:
    per_mm = PIXELS_TO_A_POINT / POINTS_TO_MM
    page = english(size)
    assert len(page.codes) == 4
    for seen in page.codes:
        module = (seen.right - seen.left) / len(modules(seen.link))
        edge = module * (QUIET - 0.5)
        around = [seen.left - edge, seen.top - edge, seen.right + edge, seen.bottom + edge]
        zone = page.picture.crop(tuple(round(length * per_mm) for length in around))  # type: ignore[arg-type]
        inside = page.picture.crop(tuple(round(length * per_mm) for length in _inner(around, edge)))  # type: ignore[arg-type]
        assert sum(zone.histogram()[:200]) == sum(inside.histogram()[:200])


def _inner(around: list[float], edge: float) -> tuple[float, ...]:
    kept = edge - 0.4
    return around[0] + kept, around[1] + kept, around[2] - kept, around[3] - kept


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("code", languages())
def test_nothing_is_written_over_a_code_or_beyond_the_margin(code: str, size: Size) -> None:
    page = page_of(code, size)
    assert page.letters
    for ink in page.letters:
        assert 5 <= ink.left < ink.right <= page.width - 5
        assert 2 <= ink.top < ink.bottom <= page.height - 5
        for code_ in page.codes:
            is_beside = ink.right < code_.left or ink.left > code_.right
            assert is_beside or ink.bottom < code_.top or ink.top > code_.bottom


@pytest.mark.parametrize("code", languages())
def test_nothing_on_a4_is_too_small_to_read(code: str) -> None:
    assert min(ink.points for ink in page_of(code, "A4").letters) >= SMALLEST_POINTS


@pytest.mark.parametrize("code", languages())
def test_a5_is_as_small_as_its_paper_and_no_smaller(code: str) -> None:
    assert min(ink.points for ink in page_of(code, "A5").letters) >= SMALLEST_POINTS * 148 / 210


@pytest.mark.parametrize(
    "said",
    [
        pytest.param("Stoke-on-Trent City Council", id="who asks"),
        pytest.param("Community Cohesion Strategy 2026-30", id="what about"),
        pytest.param("Text HALL7 to 07700 900123", id="what to text where"),
        pytest.param("Text message 07700 900123", id="which code texts"),
        pytest.param("WhatsApp 07700 900456", id="which code opens WhatsApp"),
        pytest.param("Telegram @StokeVoicesBot", id="which code opens Telegram"),
        pytest.param("On the web", id="which code opens the web form"),
        pytest.param("For people aged 16 and over.", id="who may"),
        pytest.param("Open until 31 January 2027.", id="until when"),
        pytest.param("Texts cost your usual rate.", id="the price"),
        pytest.param("You are free to stop at any time: send STOP.", id="how to stop"),
        pytest.param("Said STOP to us before? Send START first.", id="how to come back"),
        pytest.param("Not for emergencies: call 999.", id="what it is not for"),
        pytest.param("Check this is real, and privacy: www.stoke.gov.uk/communitycohesion", id="where to check"),
        pytest.param("the council's Customer Services", id="whom to ask"),
    ],
)
@pytest.mark.parametrize("size", SIZES)
def test_the_poster_says(said: str, size: Size) -> None:
    assert said in english(size).text


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("code", OTHERS)
def test_the_first_page_says_how_to_begin_in_each_language_by_its_own_name(code: str, size: Size) -> None:
    names = names_of(code, "")
    first = every_page(size)[0].text
    assert f"HALL7 {names.typed}" in first
    assert names.own in first


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("code", OTHERS)
def test_every_word_of_a_language_s_page_is_there_in_the_order_of_reading(code: str, size: Size) -> None:
    page = page_of(code, size).text
    assert [word for text in sentences_of(code) for word in _WORD.findall(text) if word not in page] == []
    assert f"HALL7 {names_of(code, '').typed}" in page
    assert "07700 900123" in page


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("code", [code for code in OTHERS if code not in RIGHT_TO_LEFT])
def test_every_sentence_of_a_page_from_left_to_right_is_there_whole(code: str, size: Size) -> None:
    page = page_of(code, size).text
    assert [text for text in sentences_of(code) if text not in page] == []


def sentences_of(code: str) -> list[str]:
    """Give what a poster for every channel says in a language, cut where something is filled in."""
    unsaid = (PosterPhrase.APP_TO, PosterPhrase.GO_TO, PosterPhrase.OTHER_LANGUAGES, PosterPhrase.CHECK_REAL)
    said = load_poster_words()[code].sentences.items()
    texts = [text for phrase, text in said if phrase not in (*unsaid, PosterPhrase.TOGETHER_WITH)]
    return [part.strip() for text in texts for part in re.split(r"\{\w+\}", text) if part.strip()]


def test_the_bot_s_own_sentences_are_those_of_the_reviewers() -> None:
    corrected = Phrases({"pl": {Phrase.MINIMUM_AGE: "Od {age} lat w górę."}})
    pages = printed(poster(campaign("pl"), the_survey(), NUMBERS, size="A4", phrases=corrected))
    assert "Od 16 lat w górę." in pages[1].text


def test_a_cell_of_several_lines_is_written_as_one_text() -> None:
    contact = {"en": "Customer Services\nCivic Centre"}
    page = printed(poster(campaign(), replace(the_survey(), contact=contact), NUMBERS, size="A4"))[0]
    assert "Customer Services Civic Centre" in page.text


@pytest.mark.parametrize("code", OTHERS)
def test_a_page_begins_at_the_side_where_its_readers_begin(code: str) -> None:
    heading = [ink for ink in page_of(code, "A4").letters if ink.bottom < 20]
    left, right = min(ink.left for ink in heading), max(ink.right for ink in heading)
    assert (right == pytest.approx(200, abs=2), left == pytest.approx(10, abs=2)) == (
        code in RIGHT_TO_LEFT,
        code not in RIGHT_TO_LEFT,
    )


@pytest.mark.parametrize("code", [code for code in OTHERS if code in RIGHT_TO_LEFT])
def test_numbers_in_a_right_to_left_line_keep_their_order(code: str) -> None:
    title = [ink for ink in page_of(code, "A4").letters if ink.char in "2026-30" and 20 < ink.top < 45]
    assert "".join(ink.char for ink in sorted(title, key=lambda ink: ink.left)) == "2026-30"


def test_letters_of_arabic_script_are_joined() -> None:
    pen = Pen(SIZES["A4"], datetime(2026, 1, 1, tzinfo=UTC))
    with closing(pen):
        pen.pdf.add_page()
        hand = Hand(20, language="ur", is_rtl=True)
        assert pen.width_of("کمیٹی", hand) < 0.8 * sum(pen.width_of(char, hand) for char in "کمیٹی")


def test_the_partner_and_the_place_stand_on_it() -> None:
    here = replace(campaign(), partner="St Jude's", place="Bentilee")
    assert "Together with St Jude's · Bentilee" in printed(poster(here, the_survey(), NUMBERS, size="A4"))[0].text


def test_a_language_whose_words_nobody_has_reviewed_makes_it_a_draft() -> None:
    first, polish = printed(poster(campaign("pl"), the_survey(), NUMBERS, size="A4"))
    assert "DRAFT" in first.text
    assert "DRAFT" in polish.text


def test_a_survey_s_draft_makes_its_pages_drafts() -> None:
    page = printed(poster(campaign(), the_survey(), NUMBERS, size="A4", drafts=frozenset(("en",))))[0]
    assert "DRAFT" in page.text
    assert len(page.codes) == 4


@pytest.mark.parametrize("size", SIZES)
def test_a_poster_of_reviewed_words_is_no_draft(size: Size) -> None:
    assert "DRAFT" not in english(size).text
    assert "DEMO" not in english(size).text


def test_a_demo_s_poster_says_so_and_its_codes_can_be_tried() -> None:
    trial = replace(campaign("en", "pl"), test=True)
    for page in printed(poster(trial, the_survey(), NUMBERS, size="A5", drafts=frozenset(("pl",)))):
        assert {"DEMO", "DRAFT"} <= set(page.text.split())
        assert len(page.codes) == 4


def test_a_language_without_words_of_its_own_is_named_on_the_first_page_alone() -> None:
    with_welsh = replace(the_survey(), languages=(*the_survey().languages, Language("cy", "Welsh")))
    pages = printed(poster(campaign("en", "cy"), with_welsh, NUMBERS, size="A4"))
    assert len(pages) == 1
    assert "Cymraeg: HALL7 WELSH" in pages[0].text


@pytest.mark.parametrize(
    ("channels", "said"),
    [
        pytest.param(("sms",), "Text HALL7 to 07700 900123", id="texts"),
        pytest.param(("whatsapp",), "On WhatsApp, send HALL7 to 07700 900456", id="WhatsApp"),
        pytest.param(("telegram",), "On Telegram, send HALL7 to @StokeVoicesBot", id="Telegram"),
        pytest.param(("web",), "Go to voices.stoke.example/s/stoke-community-cohesion?c=HALL7", id="the web"),
    ],
)
@pytest.mark.parametrize("size", SIZES)
def test_one_channel_is_enough(channels: tuple[str, ...], said: str, size: Size) -> None:
    only = campaign(channels=channels)
    page = printed(poster(only, the_survey(), NUMBERS, size=size))[0]
    assert said.replace(" ", "") in page.text.replace(" ", "")
    assert [seen.link for seen in page.codes] == list(links(only, NUMBERS).values())
    assert ("Texts cost" in page.text) is (channels == ("sms",))
    assert ("STOP" in page.text) is (channels != ("web",))


def test_a_web_form_asks_for_the_language_itself_so_its_poster_only_names_it() -> None:
    page = printed(poster(campaign("en", "pl", "ur", channels=("web",)), the_survey(), NUMBERS, size="A4"))[0]
    assert "Polski" in page.text
    assert "اردو" in page.text
    assert "HALL7 POLSKI" not in page.text
    assert "send" not in page.text


def test_the_campaign_s_last_day_counts_where_it_is_before_the_survey_s() -> None:
    page = printed(poster(replace(campaign(), ends_on="2026-12-05"), the_survey(), NUMBERS, size="A4"))[0]
    assert "Open until 5 December 2026." in page.text


def test_a_privacy_notice_elsewhere_is_named_beside_where_to_check() -> None:
    apart = replace(the_survey(), privacy_url="https://stoke.example/privacy/")
    page = printed(poster(campaign(), apart, NUMBERS, size="A4"))[0]
    assert "Check that this is real: www.stoke.gov.uk/communitycohesion" in page.text
    assert "Privacy: stoke.example/privacy" in page.text


def test_a_number_from_abroad_keeps_its_plus() -> None:
    page = printed(poster(campaign(), the_survey(), replace(NUMBERS, sms="+35312223333"), size="A4"))[0]
    assert "Text HALL7 to +353 1 222 3333" in page.text


def test_the_same_campaign_gives_the_same_bytes_and_another_does_not() -> None:
    first, again = (poster(campaign("ur"), the_survey(), NUMBERS, size="A4") for _ in range(2))
    assert first == again
    assert first != poster(replace(campaign("ur"), keyword="HALL8"), the_survey(), NUMBERS, size="A4")


def test_no_font_comes_from_the_machine() -> None:
    written = poster(campaign("ur", "bn", "pa"), the_survey(), NUMBERS, size="A4")
    fonts = {name.decode().rpartition("+")[2] for name in re.findall(rb"/BaseFont /([\w+-]+)", written)}
    assert fonts
    assert {re.sub(r"-?(Regular|Bold)$", "", name) for name in fonts} <= {
        "NotoSans",
        "NotoNaskhArabic",
        "NotoSansBengali",
        "NotoSansGurmukhi",
    }


def test_a_long_title_goes_on_in_the_next_line() -> None:
    title = {"en": "What should change in the parks, streets and libraries of Bentilee, Meir and Abbey Hulton?"}
    page = printed(poster(campaign("en", "pl"), replace(the_survey(), title=title), NUMBERS, size="A4"))[0]
    assert title["en"] in page.text


def with_settings(**changed: object) -> SurveyDefinition:
    """Change the survey."""
    return replace(the_survey(), **changed)  # type: ignore[arg-type]  # the test's own names


@pytest.mark.parametrize(
    ("definition", "numbers", "reason"),
    [
        pytest.param(with_settings(closes="", contact={}), NUMBERS, "when it closes (closes)", id="settings missing"),
        pytest.param(the_survey(), replace(NUMBERS, sms=""), "TWILIO_SMS_FROM", id="no number for texts"),
        pytest.param(the_survey(), replace(NUMBERS, whatsapp=""), "TWILIO_WHATSAPP_FROM", id="no number for WhatsApp"),
        pytest.param(the_survey(), replace(NUMBERS, telegram=""), "TELEGRAM_BOT_NAME", id="no Telegram bot"),
        pytest.param(the_survey(), replace(NUMBERS, base_url=""), "PUBLIC_BASE_URL", id="no address"),
        pytest.param(the_survey(), replace(NUMBERS, sms="MG0123"), "no number that a person can text", id="a service"),
        pytest.param(with_settings(title={"en": "Park " * 400}), NUMBERS, "more to say than fits", id="too long"),
        pytest.param(with_settings(title={"en": "Parks" * 60}), NUMBERS, "too wide", id="one endless word"),
        pytest.param(with_settings(title={"en": "公園"}), NUMBERS, "No font of the poster has", id="unknown letters"),
        pytest.param(
            the_survey(), replace(NUMBERS, base_url=f"https://{'v' * 900}.example"), "QR codes", id="a code too dense"
        ),
    ],
)
def test_what_cannot_be_printed_is_refused_and_said_why(
    definition: SurveyDefinition, numbers: Numbers, reason: str
) -> None:
    with pytest.raises(PosterRefused) as refused:
        poster(campaign(), definition, numbers, size="A4")
    assert reason in str(refused.value)


def test_a_keyword_too_long_to_be_printed_large_is_refused() -> None:
    with pytest.raises(PosterRefused, match="too wide for its line"):
        poster(replace(campaign(), keyword="W" * 40), the_survey(), NUMBERS, size="A4")


def test_everything_that_is_missing_is_said_at_once() -> None:
    with pytest.raises(PosterRefused) as refused:
        poster(campaign(), with_settings(closes=""), Numbers(), size="A4")
    assert len(refused.value.problems) == 5


def test_a_campaign_without_channels_is_refused() -> None:
    with pytest.raises(PosterRefused, match="no channel"):
        poster(campaign(channels=()), the_survey(), NUMBERS, size="A4")

"""What the simulator shows is what the real channels send."""

import pytest

from channels.base import Channel, Option, Outbound
from channels.looks import LOOKS, SMS, TELEGRAM, WHATSAPP, Drawn, Look
from channels.telegram_layout import buttons
from channels.whatsapp_content import as_types
from channels.whatsapp_layout import Written, arrange
from tests.channels.telegrams import telegram_channel
from tests.channels.webhooks import sms_channel, whatsapp_channel

QUESTION = "Do you feel safe \u2013 here? 3/9"
LONG = "I have lived in this street for so long that nobody can remember who lived here before me"
REAL = {SMS: sms_channel(), WHATSAPP: whatsapp_channel(), TELEGRAM: telegram_channel()}
LOOKS_AND_REAL = pytest.mark.parametrize(
    ("look", "real"), [pytest.param(look, real, id=look.name) for look, real in REAL.items()]
)
LABELS = pytest.mark.parametrize(
    "labels",
    [
        pytest.param([], id="no options"),
        pytest.param(["Yes", "No"], id="two"),
        pytest.param(["Yes", "No", LONG], id="three, one of them long"),
        pytest.param([f"Number {n}" for n in range(1, 11)], id="ten"),
        pytest.param([f"Number {n}" for n in range(1, 12)], id="eleven"),
        pytest.param(["\u06c1\u0627\u06ba", "\u0646\u06c1\u06cc\u06ba"], id="right to left"),
    ],
)
TEXTS = pytest.mark.parametrize(
    "text", [pytest.param(QUESTION, id="a short text"), pytest.param(f"{LONG}. " * 20 + QUESTION, id="a long text")]
)


def options(labels: list[str]) -> tuple[Option, ...]:
    return tuple(Option(f"a1b2c3d4.2.{place}", label) for place, label in enumerate(labels))


@LOOKS_AND_REAL
@LABELS
@TEXTS
def test_the_text_is_what_the_real_channel_lays_out(look: Look, real: Channel, labels: list[str], text: str) -> None:
    drawn = look.draw(text, options(labels), "")
    assert drawn.text == real.lay_out(Outbound("o", "", "", text, options(labels)))


@LABELS
@TEXTS
def test_on_whatsapp_the_keys_are_those_of_the_content_that_is_sent(labels: list[str], text: str) -> None:
    drawn = WHATSAPP.draw(text, options(labels), "")
    layout = arrange(text, options(labels))
    if isinstance(layout, Written):
        assert drawn == Drawn(layout.text)
        return
    (sent,) = as_types(layout).values()
    rows = [(key.id, key.label, key.note) for key in drawn.keys]
    if drawn.opener:
        assert [(row["id"], row["item"], row.get("description", "")) for row in sent["items"]] == rows  # type: ignore[attr-defined]
        assert sent["button"] == drawn.opener
    else:
        assert [(row["id"], row["title"], "") for row in sent["actions"]] == rows  # type: ignore[attr-defined]
    assert sent["body"] == drawn.text


@LABELS
def test_on_telegram_the_keys_are_the_keyboard_that_is_sent(labels: list[str]) -> None:
    drawn = TELEGRAM.draw(QUESTION, options(labels), "")
    assert [(key.id, key.label) for key in drawn.keys] == [(key.id, key.label) for key in buttons(options(labels))]
    assert drawn.opener == ""


@pytest.mark.parametrize("look", [WHATSAPP, TELEGRAM], ids=lambda look: look.name)
@LABELS
@TEXTS
def test_what_is_laid_out_already_looks_the_same_again(look: Look, labels: list[str], text: str) -> None:
    drawn = look.draw(text, options(labels), "")
    assert look.draw(drawn.text, options(labels), "") == drawn


def test_by_sms_nothing_can_be_tapped() -> None:
    assert SMS.draw(QUESTION, options(["Yes"]), "") == Drawn("Do you feel safe - here? 3/9\n1 Yes")


@LOOKS_AND_REAL
def test_a_look_has_the_limits_of_the_real_channel(look: Look, real: Channel) -> None:
    for limit in (
        "max_text",
        "max_buttons",
        "max_list_rows",
        "max_label",
        "source",
        "cost_unit",
        "short_wording",
        "voice_notes",
        "stores_buttons",
    ):
        assert getattr(look.capabilities, limit) == getattr(real.capabilities, limit), limit


@pytest.mark.parametrize("look", LOOKS, ids=lambda look: look.name)
def test_whatever_the_look_it_is_a_trial(look: Look) -> None:
    assert look.capabilities.is_test
    assert look.capabilities.inline_reply
    needs_a_provider = ("can_be_listed", "delivery_receipts", "read_receipts")
    assert not any(getattr(look.capabilities, name) for name in needs_a_provider)

"""How a resident's phone shows a message by each app, for the simulator. Pure.

The rule: it asks the code that lays out the real channel's messages, so that what one sees is what a resident gets.
"""

from collections.abc import Callable, Sequence
from typing import Final, TypeAlias, assert_never

from msgspec import Struct
from msgspec.structs import replace

from channels import telegram_layout, whatsapp, whatsapp_layout
from channels.base import Capabilities, Option
from channels.layout import with_numbered_options
from channels.segments import plain


class Key(Struct, frozen=True):
    """Something to tap. `id` comes back as the choice; `note` is smaller print below the label and may be empty."""

    id: str
    label: str
    note: str = ""


class Drawn(Struct, frozen=True):
    """One message on a phone. `opener` stands on the button that opens the keys as a list; empty, they stand below."""

    text: str
    keys: tuple[Key, ...] = ()
    opener: str = ""


Draw: TypeAlias = Callable[[str, Sequence[Option], str], Drawn]


class Look(Struct, frozen=True):
    """One app: what it can show, how it draws a message, and whether a message's keys go once one is tapped."""

    name: str
    capabilities: Capabilities
    draw: Draw
    keys_go: bool = False


def _as_sms(text: str, options: Sequence[Option], opener: str) -> Drawn:
    return Drawn(plain(with_numbered_options(text, options)))


def _as_whatsapp(text: str, options: Sequence[Option], opener: str) -> Drawn:
    layout = whatsapp_layout.arrange(text, options, opener)
    match layout:
        case whatsapp_layout.Written():
            return Drawn(layout.text)
        case whatsapp_layout.Buttons():
            return Drawn(layout.body, tuple([Key(button.id, button.title) for button in layout.buttons]))
        case whatsapp_layout.Picker():
            rows = tuple([Key(row.id, row.title, row.description) for row in layout.rows])
            return Drawn(layout.body, rows, layout.opener)
        case never:
            assert_never(never)


def _as_telegram(text: str, options: Sequence[Option], opener: str) -> Drawn:
    keys = tuple([Key(button.id, button.label) for button in telegram_layout.buttons(options)])
    return Drawn(telegram_layout.in_words(text, options), keys)


def _on_trial(real: Capabilities) -> Capabilities:
    """Take a channel's limits for a trial: the reply comes with the page, and nothing is asked of a provider."""
    return replace(
        real,
        inline_reply=True,
        is_test=True,
        can_be_listed=False,
        delivery_receipts=False,
        read_receipts=False,
        pace=1000.0,
        pace_per_address=0.0,
    )


_SMS: Final = Capabilities(max_text=1600, short_wording=True, can_start_conversation=True, cost_unit="segment")

SMS: Final = Look("sms", _on_trial(_SMS), _as_sms)
WHATSAPP: Final = Look("whatsapp", _on_trial(whatsapp.CAPABILITIES), _as_whatsapp)
# Once a tap is in, `TelegramChannel.acknowledge` takes the buttons away.
TELEGRAM: Final = Look("telegram", _on_trial(telegram_layout.CAPABILITIES), _as_telegram, keys_go=True)
LOOKS: Final = (SMS, WHATSAPP, TELEGRAM)
"""Every app that the simulator can stand in for."""

"""What the channel makes of Telegram's updates, and of requests that are not Telegram's."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from _pytest.mark import ParameterSet
from msgspec.structs import asdict

from channels.base import Arrival, Inbound, Kind, Option, Outbound, Refused, Request, Sender
from channels.telegram import SecretRefused, TokenRefused
from tests.channels.telegrams import BOT_ID, RESIDENT, SECRET, message, posted, telegram_channel
from tests.channels.webhooks import NOON
from tests.fakes.telegram import TOKEN

SAMPLES = (
    Path(os.environ.get("EARSHOT_SHARED_DATA", Path(__file__).parents[3] / "shared" / "data"))
    / "telegram"
    / "telegram_update_samples.json"
)


def heard(update: dict[str, Any]) -> Inbound:
    """Hear the one message of an update."""
    (one,) = telegram_channel().receive(posted(update))
    return one


def a_tap(**under: Any) -> dict[str, Any]:
    """Write an update with a tap on the second of two buttons."""
    update = message(**under)
    buttons = [[{"text": "Agree", "callback_data": "m.2.1"}], [{"text": "Disagree", "callback_data": "m.2.2"}]]
    below = update["message"] | {"text": "Safe? 1/9", "reply_markup": {"inline_keyboard": buttons}}
    query = {"id": str(RESIDENT << 32), "chat_instance": "-1", "data": "m.2.2", "message": below}
    return {"update_id": 14, "callback_query": query | {"from": below["from"]}}


def a_membership(status: str, chat_type: str = "private") -> dict[str, Any]:
    """Write an update that says how the bot stands in a chat now."""
    came = message(chat_type=chat_type)["message"]
    bot = {"id": int(BOT_ID), "is_bot": True, "first_name": "Example"}
    change = {"chat": came["chat"], "from": came["from"], "date": came["date"]}
    members = {"old_chat_member": {"user": bot, "status": "left"}, "new_chat_member": {"user": bot, "status": status}}
    return {"update_id": 16, "my_chat_member": change | members}


def test_a_text_is_heard_with_everything_but_the_name() -> None:
    assert asdict(heard(message(text="Więcej zieleni 🌳"))) == {
        "channel": "telegram",
        "provider": "telegram",
        "account": BOT_ID,
        "event_id": "12",
        "kind": Kind.TEXT,
        "address": str(RESIDENT),
        "our_address": BOT_ID,
        "text": "Więcej zieleni 🌳",
        "at": NOON,
        "aliases": (),
        "choice_id": "",
        "reply_to": "",
        "media": (),
        "provider_at": NOON - 5000,
        "language_hint": "pl",
        "sender": Sender.PERSON,
        "arrival": Arrival.WEBHOOK,
        "fields": {"message_id": "3"},
        "voice": "",
        "waits": False,
    }


@pytest.mark.parametrize(
    ("content", "kind", "text"),
    [
        pytest.param({"text": "1"}, Kind.TEXT, "1", id="a text"),
        pytest.param(
            {"text": "*a_b*`", "entities": []}, Kind.TEXT, "*a_b*`", id="signs that mean formatting elsewhere"
        ),
        pytest.param({"text": "hi", "forward_origin": {"type": "hidden_user"}}, Kind.TEXT, "hi", id="forwarded"),
        pytest.param({"text": "1", "reply_to_message": {"message_id": 2}}, Kind.TEXT, "1", id="a reply"),
        pytest.param({"photo": [{}], "caption": "our street"}, Kind.MEDIA, "our street", id="a photo with words"),
        pytest.param({"poll": {"question": "?"}}, Kind.UNSUPPORTED, "", id="a poll"),
        pytest.param({"something_of_2027": {}}, Kind.UNSUPPORTED, "", id="something nobody knows yet"),
    ],
)
def test_whatever_a_resident_sends_is_heard(content: dict[str, Any], kind: Kind, text: str) -> None:
    one = heard(message(**content))
    assert (one.kind, one.text) == (kind, text)


@pytest.mark.parametrize(
    ("content", "reference"),
    [
        pytest.param({"voice": {"file_id": "AwAC1", "mime_type": "audio/ogg"}}, "AwAC1", id="a voice note"),
        pytest.param({"voice": {"file_id": "AwAC1"}, "caption": "listen"}, "AwAC1", id="a voice note with words"),
        pytest.param({"audio": {"file_id": "CQAC1", "mime_type": "audio/mpeg"}}, "", id="a song"),
        pytest.param({"photo": [{"file_id": "AgAC1"}]}, "", id="a photo"),
    ],
)
def test_a_voice_note_alone_brings_the_reference_by_which_it_is_fetched(
    content: dict[str, Any], reference: str
) -> None:
    (one,) = telegram_channel().receive(posted(message(**content)))
    assert one.voice == reference


@pytest.mark.parametrize(
    ("content", "media"),
    [
        pytest.param({"voice": {"mime_type": "audio/ogg"}}, "audio/ogg", id="a voice note"),
        pytest.param({"photo": [{"width": 90}, {"width": 800}]}, "image/jpeg", id="a photo in two sizes"),
        pytest.param({"video_note": {}}, "video/mp4", id="a round video"),
        pytest.param({"document": {"mime_type": "application/pdf"}}, "application/pdf", id="a document"),
        pytest.param({"document": {}}, "application/octet-stream", id="a document of no type"),
        pytest.param({"document": {"mime_type": "a b/<c>"}}, "application/octet-stream", id="a type that is none"),
        pytest.param({"animation": {"mime_type": "video/mp4"}, "document": {}}, "video/mp4", id="an animation"),
        pytest.param({"sticker": {"emoji": "👍"}}, "image/webp", id="a sticker"),
        pytest.param({"location": {"latitude": 53.0, "longitude": -2.2}}, "application/geo+json", id="a place"),
        pytest.param({"contact": {"phone_number": "+447700900123"}}, "text/vcard", id="somebody's contact"),
    ],
)
def test_of_what_is_no_text_only_the_type_is_kept(content: dict[str, Any], media: str) -> None:
    one = heard(message(**content))
    assert (one.kind, one.text, one.media) == (Kind.MEDIA, "", (media,))
    assert one.fields == {"message_id": "3"}


@pytest.mark.parametrize(
    ("text", "heard_as", "kind"),
    [
        pytest.param("/start STOKE", "STOKE", Kind.START, id="a keyword"),
        pytest.param("/start c-hanley_17", "c-hanley_17", Kind.START, id="a campaign"),
        pytest.param("/start@example_bot STOKE", "STOKE", Kind.START, id="with the bot's name"),
        pytest.param("/start", "/start", Kind.TEXT, id="nothing"),
        pytest.param("/start me up", "/start me up", Kind.TEXT, id="typed by a person"),
        pytest.param("/start " + "x" * 65, "/start " + "x" * 65, Kind.TEXT, id="longer than Telegram allows"),
    ],
)
def test_a_link_to_the_bot_brings_its_word(text: str, heard_as: str, kind: Kind) -> None:
    one = heard(message(text=text))
    assert (one.kind, one.text) == (kind, heard_as)


@pytest.mark.parametrize("date", [-1, 10**11, 10**18, 10**40], ids=str)
def test_a_message_with_an_odd_date_is_still_taken_in(date: int) -> None:
    one = heard(message(text="Hello", date=date))
    assert (one.text, one.provider_at) == ("Hello", None)
    left = a_membership("kicked")
    left["my_chat_member"]["date"] = date
    assert heard(left).provider_at is None


def test_a_reply_names_what_it_replies_to() -> None:
    assert heard(message(text="1", reply_to_message={"message_id": 2})).reply_to == "2"


def test_a_tap_is_heard_as_the_choice_and_the_words_on_the_button() -> None:
    one = heard(a_tap())
    assert (one.kind, one.choice_id, one.text, one.reply_to) == (Kind.CHOICE, "m.2.2", "Disagree", "3")
    assert one.provider_at is None  # the date is that of the question


def test_a_tap_under_a_message_that_telegram_no_longer_shows_is_still_a_choice() -> None:
    update = a_tap()
    chat = update["callback_query"]["message"]["chat"]
    update["callback_query"]["message"] = {"message_id": 3, "date": 0, "chat": chat}
    one = heard(update)
    assert (one.kind, one.choice_id, one.text) == (Kind.CHOICE, "m.2.2", "")


def test_what_ends_a_tap_is_nowhere_among_what_is_kept() -> None:
    # A callback id begins with the resident's own id, and the fields of a message are kept unencrypted.
    kept = asdict(heard(a_tap()))
    kept.pop("callback_id")
    kept.pop("address")
    assert str(RESIDENT << 32) not in repr(kept)


def test_an_edit_is_no_text_and_names_what_was_edited() -> None:
    update = message(text="5", edit_date=NOON // 1000)
    one = heard({"update_id": 13, "edited_message": update["message"]})
    assert (one.kind, one.text, one.reply_to, one.provider_at) == (Kind.EDITED, "5", "3", NOON)
    assert one.fields == {"edited_message_id": "3"}


@pytest.mark.parametrize(
    ("status", "kind"),
    [pytest.param("kicked", Kind.BLOCKED, id="blocked"), pytest.param("member", Kind.UNBLOCKED, id="unblocked")],
)
def test_blocking_and_unblocking_are_heard(status: str, kind: Kind) -> None:
    one = heard(a_membership(status))
    assert (one.kind, one.text, one.sender, one.provider_at) == (kind, "", Sender.PERSON, NOON - 5000)


def test_a_group_that_has_taken_us_in_is_never_answered_like_a_person() -> None:
    one = heard(a_membership("member", "supergroup"))
    assert (one.kind, one.sender, one.fields) == (Kind.UNSUPPORTED, Sender.ALPHANUMERIC, {"chat": "supergroup"})


def test_a_bot_that_writes_is_never_answered_like_a_person() -> None:
    update = message(text="hello")
    update["message"]["from"]["is_bot"] = True
    assert heard(update).sender is Sender.ALPHANUMERIC


@pytest.mark.parametrize(
    "update",
    [
        pytest.param(message(chat_type="supergroup", text="/start@example_bot"), id="a text in a group"),
        pytest.param(
            {"update_id": 1, "edited_message": message(chat_type="group", text="x")["message"]}, id="its edit"
        ),
        pytest.param({"update_id": 1, "channel_post": message(chat_type="channel", text="x")["message"]}, id="a post"),
        pytest.param(a_tap(chat_type="supergroup"), id="a tap in a group"),
        pytest.param(a_membership("left", "group"), id="out of a group"),
        pytest.param(message(pinned_message={"message_id": 2}), id="a note that something was pinned"),
        pytest.param(message(message_auto_delete_timer_changed={}), id="a note that messages will vanish"),
        pytest.param({"update_id": 1, "edited_message": message(location={})["message"]}, id="a place that moves"),
        pytest.param({"update_id": 1, "something_of_2027": {"a": 1}}, id="an update nobody knows yet"),
        pytest.param({"update_id": 1}, id="an empty update"),
    ],
)
def test_what_no_resident_says_to_us_is_passed_over(update: dict[str, Any]) -> None:
    assert telegram_channel().receive(posted(update)) == ()


@pytest.mark.parametrize(
    ("code", "hint"),
    [
        pytest.param("pl", "pl", id="a language"),
        pytest.param("pt-br", "pt-br", id="with a country"),
        pytest.param("Zofia was here", "", id="no language"),
        pytest.param("", "", id="none"),
    ],
)
def test_the_app_s_language_is_a_hint_if_it_is_one(code: str, hint: str) -> None:
    update = message(text="hello")
    update["message"]["from"]["language_code"] = code
    assert heard(update).language_hint == hint


@pytest.mark.parametrize(
    "secret",
    [
        pytest.param(None, id="none"),
        pytest.param("", id="empty"),
        pytest.param("guess", id="another"),
        pytest.param(SECRET[:-1], id="all but the last letter"),
        pytest.param(SECRET + "x", id="one letter too many"),
        pytest.param("łódź", id="letters that no header can have"),
    ],
)
def test_a_request_without_our_secret_is_refused(secret: str | None) -> None:
    with pytest.raises(Refused) as refusal:
        telegram_channel().receive(posted(message(text="1"), secret))
    assert refusal.value.status == 403


@pytest.mark.parametrize("secret", ["", SECRET])
def test_without_a_secret_of_our_own_nobody_is_believed(secret: str) -> None:
    with pytest.raises(Refused) as refusal:
        telegram_channel(webhook_secret="").receive(posted(message(text="1"), secret))
    assert refusal.value.status == 403


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"\xff\xfe",
        b"{",
        b"[]",
        b"null",
        b'{"message": {}}',
        b'{"update_id": 1, "message": {"text": "hi"}}',
        b'{"update_id": "1"}',
        b'{"update_id": 1, "message": ' + b'{"x":' * 10_000,
        b'{"update_id": 1, "message": {"message_id": 1, "chat": {"id": 1, "type": "private"}, "text": "\xff"}}',
    ],
    ids=repr,
)
def test_a_body_that_is_no_update_is_refused_and_says_nothing_of_it(body: bytes) -> None:
    request = Request("/channels/telegram", {"x-telegram-bot-api-secret-token": SECRET}, body, at=NOON)
    with pytest.raises(Refused, match=r"^the body is no update of Telegram's$") as refusal:
        telegram_channel().receive(request)
    assert refusal.value.status == 400


def test_nobody_can_report_a_delivery() -> None:
    with pytest.raises(Refused) as refusal:
        telegram_channel().receipts(posted({}))
    assert refusal.value.status == 403


def test_the_webhook_is_answered_with_nothing() -> None:
    assert telegram_channel().answer((Outbound("o", str(RESIDENT), BOT_ID, "Hello"),)).body == b""


@pytest.mark.parametrize(
    "token",
    ["", "secret", "42:", "42:with space", "bot42:AAE", "42:AAE/../x"],
)
def test_a_token_that_telegram_never_gave_is_refused_and_not_repeated(token: str) -> None:
    with pytest.raises(TokenRefused, match="TELEGRAM_BOT_TOKEN") as refusal:
        telegram_channel(token=token)
    assert not token or token not in str(refusal.value)


@pytest.mark.parametrize("secret", ["with space", "łódź", "x" * 257])
def test_a_secret_that_telegram_would_not_send_is_refused_and_not_repeated(secret: str) -> None:
    with pytest.raises(SecretRefused, match="TELEGRAM_WEBHOOK_SECRET") as refusal:
        telegram_channel(webhook_secret=secret)
    assert secret not in str(refusal.value)


def test_no_name_no_words_and_no_secret_are_in_what_is_shown() -> None:
    channel = telegram_channel()
    shown = repr(channel) + "".join(
        repr(one) for update in (message(text="our street"), a_tap()) for one in channel.receive(posted(update))
    )
    secrets = ("Zofia", "zofia", "our street", str(RESIDENT), TOKEN, SECRET)
    assert not [secret for secret in secrets if secret in shown]


LONG = "White: English, Welsh, Scottish, Northern Irish or British"


@pytest.mark.parametrize(
    ("labels", "laid_out"),
    [
        pytest.param([], "Safe? 1/9", id="no options"),
        pytest.param(["Yes", "No"], "Safe? 1/9", id="a few short ones"),
        pytest.param(["Yes", LONG], f"Safe? 1/9\n1 Yes\n2 {LONG}", id="one too long for a button"),
        pytest.param(["A"] * 11, "Safe? 1/9\n" + "\n".join(f"{n} A" for n in range(1, 12)), id="too many for buttons"),
    ],
)
def test_options_are_numbered_lines_where_buttons_cannot_show_them(labels: list[str], laid_out: str) -> None:
    channel = telegram_channel()
    options = tuple(Option(f"m.1.{n}", label) for n, label in enumerate(labels, 1))
    once = channel.lay_out(Outbound("o", str(RESIDENT), BOT_ID, "Safe? 1/9", options))
    again = channel.lay_out(Outbound("o", str(RESIDENT), BOT_ID, once, options))
    assert (once, again) == (laid_out, laid_out)


def test_listening_never_loads_aiogram() -> None:
    heavy = "{'aiogram', 'aiohttp', 'pydantic'}"
    program = f"""
import sys
from channels.base import Request
from channels.telegram import TelegramChannel
channel = TelegramChannel(token="42:AAE", webhook_secret="s", clock=lambda: 0)
channel.receive(Request("/", {{"x-telegram-bot-api-secret-token": "s"}}, b'{{"update_id": 1}}', 0))
print({heavy} & set(sys.modules))"""
    loaded = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert loaded.stdout.strip() == "set()"


def _samples() -> list[ParameterSet]:
    """Give each sample with the kind we should hear, or one skip that says why there is none."""
    if not SAMPLES.exists():
        return [pytest.param({}, "", id="absent", marks=pytest.mark.skip(reason=f"{SAMPLES} is not on this machine"))]
    kinds = {
        **dict.fromkeys(("start-no-payload", "text", "no-language-code", "duplicate-of-text"), "text"),
        **dict.fromkeys(("callback", "callback-inaccessible-message"), "choice"),
        **dict.fromkeys(("voice", "sticker"), "media"),
        **{"start-deep-link": "start", "edited": "edited", "blocked-by-user": "blocked", "unblocked": "unblocked"},
    }
    samples = json.loads(SAMPLES.read_bytes())["updates"]
    return [pytest.param(one["update"], kinds.get(one["id"], ""), id=one["id"]) for one in samples]


@pytest.mark.parametrize(("update", "kind"), _samples())
def test_the_samples_that_aiogram_reads_are_heard_too(update: dict[str, Any], kind: str) -> None:
    assert "".join(one.kind.value for one in telegram_channel().receive(posted(update))) == kind

"""WhatsApp through Twilio: buttons and lists, taps on them, residents without a phone number, the 24-hour window.

Nothing here knows a survey. Every message goes by REST: TwiML, the inline reply, can carry no buttons. A resident's
profile name, number without prefix and places are dropped before anything is kept. Sources:
twilio.com/docs/messaging/guides/webhook-request and twilio.com/docs/whatsapp/key-concepts.
"""

import re
from collections.abc import Mapping
from typing import Final, Unpack

from msgspec.structs import replace

from channels.base import (
    SOUND,
    Answer,
    Capabilities,
    Inbound,
    Kind,
    Listed,
    Outbound,
    Problem,
    Recording,
    Refused,
    Rejected,
    Request,
    SendResult,
)
from channels.layout import split
from channels.twilio import kept_fields
from channels.twilio_channel import (
    LONGEST_ADDRESS,
    MAX_TEXT,
    OPT_OUT_TYPES,
    WHATSAPP,
    Account,
    TwilioChannel,
    media_types,
)
from channels.whatsapp_content import Contents
from channels.whatsapp_layout import MAX_BUTTON_TITLE, MAX_BUTTONS, MAX_ROWS, Written, arrange, in_words, seen

REPLY_WINDOW: Final = 24 * 3600
"""Seconds after a resident's last message in which we may write freely; after that, approved templates alone."""

CAPABILITIES: Final = Capabilities(
    max_text=MAX_TEXT,
    max_buttons=MAX_BUTTONS,
    max_list_rows=MAX_ROWS,
    max_label=MAX_BUTTON_TITLE,
    reply_window=REPLY_WINDOW,
    template_outside_window=True,
    can_start_conversation=True,
    delivery_receipts=True,
    read_receipts=True,
    can_be_listed=True,
    stores_buttons=True,
    pace=80.0,
    cost_unit="template",
    source="whatsapp",
    carrier="Meta",
    voice_notes=True,
)

PLACE: Final = "application/geo+json"
"""The kind of thing (RFC 7946) a shared place counts as; where it is, is not kept."""

LARGEST_RECORDING: Final = 16 * 1024 * 1024
"""Bytes: the most that WhatsApp takes of a resident's media."""

_SENDER = re.compile(r"whatsapp:\+[1-9]\d{6,14}|MG[0-9A-Za-z]+")
_NOTHING_TO_SAY: Final = Answer(
    b'<?xml version="1.0" encoding="UTF-8"?><Response></Response>', "text/xml; charset=utf-8"
)

# The first is gone for good, of the others Twilio says that it will not send the object: 21671 is its Ireland region.
_CONTENT_IS_GONE: Final = "21655"
_CONTENT_CODES: Final = frozenset({_CONTENT_IS_GONE, "21654", "21656", "21671"})

# JSON with names and numbers inside, the mark of one tap on an advertisement, and what the message itself holds.
_DROPPED: Final = frozenset(
    {"ChannelMetadata", "InteractiveData", "FlowData", "ReferralCtwaClid", "ListId", "OriginalRepliedMessageSid"}
)

_NUMBERED_OPTIONS = re.compile(r"\n1 [^\n]+(?:\n(?:[2-9]|10) [^\n]+)*\Z")


class SenderRefused(ValueError):
    """TWILIO_WHATSAPP_FROM is no WhatsApp sender."""

    def __init__(self) -> None:
        super().__init__(
            "TWILIO_WHATSAPP_FROM must be a WhatsApp sender like whatsapp:+447700900999 or a Messaging Service id "
            "(it begins with MG). Twilio's console lists yours under Messaging, Senders, WhatsApp senders."
        )


class WhatsAppChannel(TwilioChannel):
    """WhatsApp through one Twilio account and one sender."""

    name = "whatsapp"
    acted_upon = TwilioChannel.acted_upon | {"ButtonPayload", "ListId", "ExternalUserId", "OriginalRepliedMessageSid"}

    def __init__(self, *, template: str = "", **account: Unpack[Account]) -> None:
        """Set the channel up; nothing is sent. Raises SenderRefused.

        `template` is the Content sid (HX...) of the approved template that goes out once the reply window has passed.
        """
        if not _SENDER.fullmatch(account["sender"]):
            raise SenderRefused
        super().__init__(**account)
        self.capabilities = CAPABILITIES
        self._contents = Contents(self._connected, self._clock)
        self._template = template

    def receive(self, request: Request) -> tuple[Inbound, ...]:
        """Read one incoming message. Raises Refused: 403 if not our Twilio account's, 400 if it cannot be read.

        `address` is the phone number, or Meta's id for a resident who shows none; where both come, the id is an alias.
        """
        form = self._read(request)
        fields = form.fields
        form.need("MessageSid", "From")
        address = fields["From"]
        if len(address) > LONGEST_ADDRESS or not self._reaches(address):
            raise Refused(400, "From is not a WhatsApp address; is the webhook of another channel pointed here?")
        aliases = _aliases(fields, address)
        media = media_types(fields) + ((PLACE,) if fields.get("Latitude") else ())
        choice_id = fields.get("ButtonPayload") or fields.get("ListId", "")
        kept = kept_fields(fields, *[one.removeprefix(WHATSAPP) for one in (address, *aliases)])
        return (
            Inbound(
                channel=self.name,
                provider="twilio",
                account=self._account_sid,
                event_id=fields["MessageSid"],
                kind=_kind(fields, media, choice_id),
                address=address,
                our_address=fields.get("To", ""),
                text=fields.get("Body") or fields.get("ButtonText") or fields.get("ListTitle", ""),
                at=request.at,
                aliases=aliases,
                choice_id=choice_id,
                reply_to=fields.get("OriginalRepliedMessageSid", ""),
                media=media,
                fields={name: value for name, value in kept.items() if name not in _DROPPED},
                voice=_voice(fields["MessageSid"], media),
            ),
        )

    async def received_since(self, our_address: str, since: int) -> tuple[Inbound, ...]:
        """List what Twilio received for us since then, oldest first, with the kind of media that came. Raises Outage.

        The list says neither that a text was STOP to the carrier, nor which button was tapped: such a message arrives
        as `TEXT` with its words alone.
        """
        found = await super().received_since(our_address, since)
        return tuple([await self._with_media(one) if one.kind is Kind.MEDIA else one for one in found])

    def answer(self, messages: tuple[Outbound, ...]) -> Answer:
        """Say nothing: every reply goes by REST."""
        return _NOTHING_TO_SAY

    def lay_out(self, outbound: Outbound) -> str:
        """Write the text as the resident will see it above its buttons, options as numbered lines where they must be.

        A text that is laid out already stays as it is.
        """
        return seen(arrange(outbound.text, outbound.options))

    def parts(self, outbound: Outbound) -> tuple[str, ...]:
        """Write the text as it is sent, in numbered parts if it is over 1,600 characters."""
        return split(self.lay_out(outbound), MAX_TEXT)

    def segments(self, text: str) -> int:
        """Count nothing: WhatsApp is charged by the conversation's template, not by the text."""
        return 0

    async def send(self, outbound: Outbound) -> SendResult:
        """Send one message by REST, once; nothing is sent after its expiry.

        Outside the reply window only its template goes out, and without one nothing: Twilio would accept a free text
        and let it fail later (63016). Where buttons cannot be had, the options go out as numbered lines.
        """
        envelope = self._envelope(outbound)
        if envelope is None:
            return Rejected(Problem.EXPIRED, "")
        if outbound.is_outside_window:
            template = outbound.template or self._template
            if not template:
                return Rejected(Problem.OUTSIDE_WINDOW, "")
            return await (await self._connected()).send({**envelope, "content_sid": template})
        layout = arrange(outbound.text, outbound.options, outbound.opener)
        if isinstance(layout, Written):
            return await self._send_parts(envelope, split(layout.text, MAX_TEXT))
        content_id = await self._contents.id_of(layout)
        if content_id:
            result = await (await self._connected()).send({**envelope, "content_sid": content_id})
            if not (isinstance(result, Rejected) and result.code in _CONTENT_CODES):
                return result
            # Refused for its buttons, so nothing was sent and the text may go alone.
            if result.code == _CONTENT_IS_GONE:
                self._contents.forget(layout)
            else:
                self._contents.give_up(layout)
        return await self._send_parts(envelope, split(in_words(outbound.text, outbound.options), MAX_TEXT))

    async def download(self, reference: str) -> Recording:
        """Download a voice note by its message's sid. Raises RecordingGone, Outage."""
        return await (await self._connected()).recording(reference, LARGEST_RECORDING)

    async def discard(self, event_id: str) -> None:
        """Delete at Twilio whatever came with a message; the message itself stays in its list. Raises Outage."""
        await (await self._connected()).discard_media(event_id)

    async def sent_since(self, our_address: str, since: int) -> tuple[Listed, ...]:
        """List what Twilio has of ours since then, newest first, queued messages too. Raises Outage.

        A question that went out with numbered lines because its buttons could not be had is looked for by its text
        with buttons: it is there twice, as it was sent and without the lines.
        """
        listed = await super().sent_since(our_address, since)
        return tuple([each for one in listed for each in _with_and_without_lines(one)])

    async def _with_media(self, inbound: Inbound) -> Inbound:
        media = await (await self._connected()).media_types(inbound.event_id)
        return replace(inbound, media=media, voice=_voice(inbound.event_id, media))

    def _reaches(self, address: str) -> bool:
        return address.startswith(WHATSAPP)


def _kind(fields: Mapping[str, str], media: tuple[str, ...], choice_id: str) -> Kind:
    answered_by_carrier = OPT_OUT_TYPES.get(fields.get("OptOutType", "").upper())
    if answered_by_carrier is not None:
        return answered_by_carrier
    if choice_id:
        return Kind.CHOICE
    if media:
        return Kind.MEDIA
    is_empty = not fields.get("Body") and fields.get("MessageType", "text") != "text"
    return Kind.UNSUPPORTED if is_empty else Kind.TEXT


def _voice(sid: str, media: tuple[str, ...]) -> str:
    """Give the reference to a voice note, where there is one: Twilio finds media by the message that brought them."""
    return sid if any(kind.startswith(SOUND) for kind in media) else ""


def _aliases(fields: Mapping[str, str], address: str) -> tuple[str, ...]:
    """Give Meta's id for the resident where it comes beside a phone number. It stays when the number is hidden."""
    other = fields.get("ExternalUserId", "")
    if other and not other.startswith(WHATSAPP):
        other = WHATSAPP + other
    return (other,) if other not in ("", address) and len(other) <= LONGEST_ADDRESS else ()


def _with_and_without_lines(listed: Listed) -> tuple[Listed, ...]:
    bare = _NUMBERED_OPTIONS.sub("", listed.text)
    return (listed,) if bare == listed.text else (listed, replace(listed, text=bare))

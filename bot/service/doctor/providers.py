"""The providers: can we sign in, do texts reach us, can what we send be answered, do our clocks agree."""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from bot.core.phrases import Phrase, Phrases
from bot.service.doctor.finding import Finding, ok, problem, warning
from channels.base import Channel, Outage, Refused, Request
from channels.notify_wire import KeyRefused
from channels.telegram import TelegramChannel

if TYPE_CHECKING:
    from channels.twilio_checkup import Advice, TwilioCheckup

MOST_SECONDS_APART = 30
"""GOV.UK Notify refuses a key that was signed by a clock further off than this."""

_STRANGER = "+447700900000"  # from Ofcom's drama range: nobody's number
_ANY_TEXT = "((message))"


async def examine_twilio(account_sid: str, auth_token: str, base_url: str, senders: Mapping[str, str]) -> list[Finding]:
    """Sign in at Twilio and look at each sender. `senders`: where its texts should go to, with retries, by sender."""
    from channels.twilio_checkup import SignInRefused, TwilioCheckup, advice_on_account  # now: it is slow to load

    checkup = TwilioCheckup(account_sid, auth_token, base_url)
    try:
        account = await checkup.account()
        found = _findings(advice_on_account(account), "Twilio accepts the account and its token.")
        for sender, wanted in senders.items():
            found += await _twilio_sender(checkup, sender, wanted)
        return [*found, _clock(checkup.ahead_seconds)]
    except SignInRefused:
        what = "Twilio refuses the sign-in. Copy TWILIO_ACCOUNT_SID and TWILIO_AUTH_TOKEN anew from its console."
        return [problem(what)]
    except Outage as outage:
        return [problem(f"{outage}. Try again later, or leave the providers out with --offline.")]
    finally:
        await checkup.close()


async def _twilio_sender(checkup: "TwilioCheckup", sender: str, wanted: str) -> list[Finding]:
    from channels.twilio_checkup import advice_on_number, advice_on_sender, advice_on_service

    if sender.startswith("whatsapp:"):
        whatsapp = await checkup.whatsapp_sender(sender)
        if whatsapp is not None:
            return _findings(
                advice_on_sender(whatsapp, wanted), f"What is written to {sender} reaches us, with retries."
            )
        what = f"Twilio has no WhatsApp sender {sender} in this account. Correct TWILIO_WHATSAPP_FROM."
        return [problem(f"{what} Only Twilio's sandbox is not listed: there its console must name {wanted}")]
    numbers = [sender]
    found: list[Finding] = []
    if sender.startswith("MG"):
        service = await checkup.service(sender)
        if service is None:
            return [problem(f"Twilio has no Messaging Service {sender} in this account. Correct the sender's setting.")]
        numbers, names = await checkup.pool(sender)
        found = _findings(advice_on_service(service, numbers, names, wanted), "The Messaging Service is set up right.")
        if not service.use_inbound_webhook_on_number:
            return found
    for number in numbers:
        there = await checkup.number(number)
        if there is None:
            found.append(problem(f"Twilio has no number {number} in this account. Correct the sender's setting."))
        else:
            found += _findings(advice_on_number(there, wanted), f"Texts to {number} reach us, with retries.")
    return found


def _findings(advice: "Iterator[Advice]", all_is_well: str) -> list[Finding]:
    return [problem(each.text) if each.is_urgent else warning(each.text) for each in advice] or [ok(all_is_well)]


def _clock(ahead_seconds: float | None) -> Finding:
    if ahead_seconds is None:
        return warning("Twilio did not say what time it is, so this machine's clock was not compared.")
    if abs(ahead_seconds) <= 5:
        return ok("This machine's clock agrees with Twilio's.")
    how = f"This machine's clock is {abs(ahead_seconds):.0f} seconds {'ahead' if ahead_seconds > 0 else 'behind'}"
    return (problem if abs(ahead_seconds) > MOST_SECONDS_APART else warning)(f"{how}. Turn NTP on.")


def examine_signature(channel: Channel, account_sid: str, auth_token: str, public_base_url: str) -> Finding:
    """Sign a text as Twilio does and see that our own channel believes it, and a changed one not."""
    from twilio.request_validator import RequestValidator  # Twilio's own: what is compared with

    sender = "whatsapp:" if channel.name == "whatsapp" else ""
    form = {
        "AccountSid": account_sid,
        "MessageSid": f"SM{'0' * 32}",
        "From": sender + _STRANGER,
        "To": sender + _STRANGER,
        "Body": "Is anybody there? ÄÖÜ",
        "NumMedia": "0",
    }
    path = f"/channels/{channel.name}"
    signature = RequestValidator(auth_token).compute_signature(public_base_url + path, form)

    def believes(posted: Mapping[str, str]) -> bool:
        headers = {"x-twilio-signature": signature, "content-type": "application/x-www-form-urlencoded"}
        try:
            return bool(channel.receive(Request(path, headers, urlencode(posted).encode(), 0)))
        except Refused:
            return False

    if believes(form) and not believes(form | {"Body": "Something else"}):
        return ok(f"A text that Twilio signs for {public_base_url}{path} is believed, and a changed one is not.")
    return problem(f"The signature check of {path} does not work. Report this, with the version of Earshot.")


async def examine_notify(api_key: str, template_id: str, base_url: str) -> list[Finding]:
    """Sign in at GOV.UK Notify, and look for the template that says ((message))."""
    from channels.notify_rest import NotifyRest  # only now: Notify's package is slow to load

    rest = NotifyRest(api_key, base_url)
    try:
        templates = await rest.templates()
    except KeyRefused:
        return [
            problem(
                "GOV.UK Notify refuses NOTIFY_API_KEY. Make a new one under API integration; if that is refused too, "
                "set this machine's clock, which may be 30 seconds off at most."
            )
        ]
    except Outage as outage:
        return [problem(f"{outage}. Try again later, or leave the providers out with --offline.")]
    finally:
        await rest.close()
    right = [id for id, body in templates.items() if body.strip() == _ANY_TEXT]
    found = [ok("GOV.UK Notify accepts the key.")]
    if template_id and template_id not in right:
        found.append(
            problem(f"NOTIFY_TEMPLATE_ID names no template whose whole text is {_ANY_TEXT}. Correct it, or empty it.")
        )
    elif not right:
        found.append(problem(f"GOV.UK Notify has no text message template whose whole text is {_ANY_TEXT}. Make one."))
    else:
        found.append(ok(f"There is a template that says {_ANY_TEXT}."))
    return found


async def examine_telegram(channel: TelegramChannel, webhook_url: str) -> list[Finding]:
    """Ask Telegram how our bot stands. `webhook_url` is empty where it is polled."""
    try:
        found = await channel.problems(webhook_url)
    except Outage as outage:
        return [problem(f"{outage}. Try again later, or leave the providers out with --offline.")]
    return [problem(each) for each in found] or [ok("Telegram knows the bot, and where to find us.")]


def advanced_opt_out(phrases: Phrases) -> Iterator[str]:
    """Write what to paste into a Messaging Service's Advanced Opt-Out, in the words that the bot itself uses."""
    yield "Twilio answers STOP, START and HELP of a Messaging Service by itself. Under Opt-Out Management paste:"
    yield f"  Opt-out message:  {phrases.say(Phrase.STOPPED, 'en')}"
    yield f"  Opt-in message:   {phrases.say(Phrase.BACK_AGAIN, 'en')}"
    yield f"  Help message:     {phrases.say(Phrase.HELP, 'en')}"
    yield "  Leave Twilio's own keywords as they are. Words in other languages are Earshot's, which hears all of them."

"""Ways to tell the safeguarding lead that there is something to look at: e-mail, or a webhook.

The rule: an alert says that, and where. Never a word, a number, a name, or how many.
"""

import asyncio
import http.client
import json
import smtplib
import ssl
import urllib.error
import urllib.request
from email.message import EmailMessage
from email.utils import formatdate, make_msgid
from enum import StrEnum
from typing import IO, Final, Protocol

from msgspec import Struct

SECONDS: Final = 20
"""How long a mail server or a webhook may take."""
SUBJECT: Final = "Earshot: there is something to look at"
BODY: Final = "There is something to look at. Sign in here, please, and open it:\n{link}\n"


class AlertFailed(Exception):
    """The lead was not told. The message says why, and holds nothing of what it was about. A later try may help."""


class AlertWay(Protocol):
    """One way to tell the lead."""

    async def send(self, link: str) -> None:
        """Tell them to look at a page. Raises AlertFailed."""
        ...


class Security(StrEnum):
    """How the way to the mail server is kept private."""

    STARTTLS = "starttls"
    TLS = "tls"
    NONE = "none"


class MailServer(Struct, frozen=True):
    """A mail server, and how to sign in; without a user nobody signs in."""

    host: str
    port: int
    security: Security
    user: str
    password: str
    sender: str

    def __repr__(self) -> str:
        """Name the server, never the password."""
        return f"MailServer({self.host}:{self.port})"


class Email:
    """Tells the lead by e-mail."""

    def __init__(self, server: MailServer, to: str) -> None:
        self._server = server
        self._to = to

    async def send(self, link: str) -> None:
        """Hand the message to the mail server. Raises AlertFailed."""
        try:
            await asyncio.to_thread(self._deliver, link)
        except (smtplib.SMTPException, OSError) as problem:
            # Its words may repeat an address: its kind says enough.
            raise AlertFailed(f"the mail server {self._server.host} refused ({type(problem).__name__})") from None

    def _deliver(self, link: str) -> None:
        server = self._server
        message = EmailMessage()
        message["From"], message["To"], message["Subject"] = server.sender, self._to, SUBJECT
        message["Date"], message["Message-ID"] = formatdate(), make_msgid(domain=server.sender.rpartition("@")[2])
        message.set_content(BODY.format(link=link))
        with self._connection() as connection:
            if server.security is Security.STARTTLS:
                connection.starttls(context=ssl.create_default_context())
            if server.user:
                connection.login(server.user, server.password)
            connection.send_message(message)

    def _connection(self) -> smtplib.SMTP:
        server = self._server
        if server.security is Security.TLS:
            context = ssl.create_default_context()
            return smtplib.SMTP_SSL(server.host, server.port, timeout=SECONDS, context=context)
        return smtplib.SMTP(server.host, server.port, timeout=SECONDS)


class Webhook:
    """Tells a system of the council's by HTTP: a JSON object with `text` and `link`, as chat systems take it."""

    def __init__(self, url: str) -> None:
        self._url = url

    async def send(self, link: str) -> None:
        """Post the alert. Raises AlertFailed for anything but a 2xx from that very address."""
        try:
            await asyncio.to_thread(self._post, link)
        except urllib.error.HTTPError as problem:
            raise AlertFailed(f"the webhook answered {problem.code}") from None
        except (OSError, ValueError, http.client.HTTPException) as problem:
            raise AlertFailed(f"the webhook cannot be reached ({type(problem).__name__})") from None

    def _post(self, link: str) -> None:
        body = json.dumps({"text": BODY.format(link=link), "link": link}).encode()
        request = urllib.request.Request(  # noqa: S310 - the settings let http and https through, and nothing else
            self._url, body, {"Content-Type": "application/json", "User-Agent": "Earshot"}
        )
        with urllib.request.build_opener(_Here).open(request, timeout=SECONDS):
            pass


class _Here(urllib.request.HTTPRedirectHandler):
    """Goes nowhere else: an alert that is sent on to a sign-in page has told nobody, though that answers 200."""

    def redirect_request(
        self,
        req: urllib.request.Request,
        fp: IO[bytes],
        code: int,
        msg: str,
        headers: http.client.HTTPMessage,
        newurl: str,
    ) -> None:
        """Follow nothing, so that the answer counts as the refusal that it is."""

"""How the lead is told, against a mail server and a webhook on loopback: what goes out, and each way to fail."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from bot.service.alerting import AlertFailed, Email, MailServer, Security, Webhook

LINK = "https://earshot.example/staff/safeguarding"
LEAD = "lead@council.example"


class Mailbox:
    """A mail server that takes any message, or refuses every recipient; it keeps what it was given."""

    def __init__(self, *, refuses: bool = False) -> None:
        self.refuses = refuses
        self.lines: list[str] = []

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 mail.example\r\n")
        while line := (await reader.readline()).decode():
            self.lines.append(line.rstrip())
            command = line.split()[0].casefold()
            if command == "data":
                writer.write(b"354 go on\r\n")
                message = await reader.readuntil(b"\r\n.\r\n")
                self.lines += message.decode().splitlines()
            is_refused = command == "rcpt" and self.refuses
            writer.write(
                b"550 nobody here\r\n" if is_refused else b"221 bye\r\n" if command == "quit" else b"250 ok\r\n"
            )
            await writer.drain()
        writer.close()


@asynccontextmanager
async def mail(mailbox: Mailbox) -> AsyncIterator[Email]:
    server = await asyncio.start_server(mailbox.serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with server:
        yield Email(MailServer("127.0.0.1", port, Security.NONE, "", "", "earshot@council.example"), LEAD)


@asynccontextmanager
async def webhook(status: int, taken: list[bytes], header: str = "") -> AsyncIterator[Webhook]:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        length = int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
        taken.append(await reader.readexactly(length))
        writer.write(f"HTTP/1.1 {status} x\r\n{header}Content-Length: 0\r\nConnection: close\r\n\r\n".encode())
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        yield Webhook(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/alert")


async def test_an_e_mail_says_that_there_is_something_and_where_and_no_more() -> None:
    mailbox = Mailbox()
    async with mail(mailbox) as way:
        await way.send(LINK)
    assert f"rcpt TO:<{LEAD}>" in mailbox.lines
    assert "Subject: Earshot: there is something to look at" in mailbox.lines
    begins = mailbox.lines.index("")
    ends = mailbox.lines.index(".")
    assert mailbox.lines[begins + 1 : ends] == [
        "There is something to look at. Sign in here, please, and open it:",
        LINK,
    ]


async def test_a_mail_server_that_refuses_is_told_by_its_kind_without_the_address() -> None:
    async with mail(Mailbox(refuses=True)) as way:
        with pytest.raises(AlertFailed) as failure:
            await way.send(LINK)
    assert str(failure.value) == "the mail server 127.0.0.1 refused (SMTPRecipientsRefused)"


async def test_a_mail_server_that_cannot_keep_the_way_private_is_not_used() -> None:
    mailbox = Mailbox()
    server = await asyncio.start_server(mailbox.serve, "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        way = Email(MailServer("127.0.0.1", port, Security.STARTTLS, "", "", "earshot@council.example"), LEAD)
        with pytest.raises(AlertFailed, match="SMTPNotSupportedError"):
            await way.send(LINK)
    assert not any(line.startswith("rcpt") for line in mailbox.lines)


@pytest.mark.parametrize("security", list(Security))
async def test_a_mail_server_that_is_not_there_is_a_failure_to_be_tried_again(security: Security) -> None:
    nobody = await asyncio.start_server(Mailbox().serve, "127.0.0.1", 0)
    port = nobody.sockets[0].getsockname()[1]
    nobody.close()
    await nobody.wait_closed()
    with pytest.raises(AlertFailed, match="ConnectionRefusedError"):
        await Email(MailServer("127.0.0.1", port, security, "", "", "earshot@council.example"), LEAD).send(LINK)


async def test_a_webhook_gets_text_and_link_and_nothing_else() -> None:
    taken: list[bytes] = []
    async with webhook(204, taken) as way:
        await way.send(LINK)
    (body,) = taken
    text = f"There is something to look at. Sign in here, please, and open it:\n{LINK}\n"
    assert json.loads(body) == {"text": text, "link": LINK}


async def test_a_webhook_that_answers_no_is_a_failure_that_names_the_status() -> None:
    async with webhook(500, []) as way:
        with pytest.raises(AlertFailed, match=r"^the webhook answered 500$"):
            await way.send(LINK)


async def test_a_webhook_that_sends_on_to_another_page_has_told_nobody() -> None:
    async with webhook(302, [], "Location: http://127.0.0.1:1/sign-in\r\n") as way:
        with pytest.raises(AlertFailed, match=r"^the webhook answered 302$"):
            await way.send(LINK)


async def test_what_is_no_http_at_all_is_a_failure_too() -> None:
    async def babble(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"SSH-2.0-OpenSSH_9.6\r\n\r\n")
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(babble, "127.0.0.1", 0)
    async with server:
        way = Webhook(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/")
        with pytest.raises(AlertFailed, match=r"cannot be reached \(BadStatusLine\)"):
            await way.send(LINK)


@pytest.mark.parametrize("url", ["http://127.0.0.1:1/", "http://[broken"])
async def test_a_webhook_that_cannot_be_reached_is_a_failure(url: str) -> None:
    with pytest.raises(AlertFailed, match="the webhook cannot be reached"):
        await Webhook(url).send(LINK)


def test_a_password_is_in_no_repr() -> None:
    assert "hunter2" not in repr(MailServer("mail.example", 587, Security.TLS, "u", "hunter2", "e@x.example"))

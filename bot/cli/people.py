"""Commands about people: erasing and showing what is kept of an address, retention, keys, and who may sign in."""

import asyncio
import sys
from typing import Annotated

import typer

from bot.analysis.cells import minute
from bot.cli.backups import ledger_path
from bot.cli.compose import Refusal, by_terminal, database_of, keys_of, now
from bot.cli.listing import show
from bot.cli.values import some_words
from bot.service import privacy
from bot.service.suppression import LedgerProblem, write_down
from bot.settings import Settings, load
from bot.web.accounts import Role, create_staff, one_time_sign_in, sign_in_name
from storage import staff as store
from storage.errors import UnknownKey
from storage.script import Database
from storage.staff_account import Listed, everyone, forget_codes, shut_out

SERVE_ADDS_IT = "Then start `serve`, which adds what the ledger lacks."

Address = Annotated[str, typer.Option("--address", help="The number or chat id, as the resident would write it.")]


def register(app: typer.Typer, staff: typer.Typer) -> None:
    """Add the commands."""
    app.command("erase", help="Remove everything that came from one address. Cannot be undone.")(erase)
    app.command("subject-access", help="Print everything kept of one address, for handing to that person.")(
        subject_access
    )
    app.command("retention", help="Say what has outlived its date; with --apply, remove it.")(retention)
    app.command("rotate", help="Wrap the stored keys with a changed SECRET_KEY; with --data-keys, make new keys.")(
        rotate
    )
    staff.command("add", help="Add a member of staff, or find them again, and print a one-time sign-in.")(add_staff)
    staff.command("list", help="List the staff: name, role, whether they may sign in, and when they last did.")(
        list_staff
    )
    staff.command("remove", help="End a member's sessions at once, and let them in no more.")(remove_staff)


def erase(address: Address) -> None:
    """Erase one address."""
    erased, unwritten = asyncio.run(_erase(load(), address))
    if not erased.contacts:
        raise Refusal(str(erased))
    print(erased)
    if unwritten:
        raise Refusal(f"The erasure is done, but a restore would undo it. {unwritten} {SERVE_ADDS_IT}")


def subject_access(address: Address) -> None:
    """Print one address's data as JSON. Where nothing is kept the document says so: that is an answer too."""
    print(asyncio.run(_subject_access(load(), address)))


def retention(
    apply: Annotated[bool, typer.Option("--apply", help="Remove it; without this nothing changes.")] = False,
) -> None:
    """Apply the dates after which each class of data goes."""
    report, unwritten = asyncio.run(_retention(load(), apply))
    print(report)
    if unwritten:
        raise Refusal(f"That is done, but the ledger does not say so. {unwritten} {SERVE_ADDS_IT}")


def rotate(
    data_keys: Annotated[
        bool, typer.Option("--data-keys", help="After a leak: make new keys, and encrypt every address anew.")
    ] = False,
) -> None:
    """Change the keys for addresses."""
    settings = load()
    moved = asyncio.run(_rotate(settings, data_keys))
    print("The stored keys are wrapped with SECRET_KEY.")
    if settings.secret_key_previous.get_secret_value():
        print("SECRET_KEY_PREVIOUS is not needed any more: take it out, and start every Earshot process again.")
    if moved is not None:
        print(f"New keys were made, and {moved} contact(s) encrypted anew. Backups made before hold the old ones.")


def add_staff(
    name: Annotated[str, typer.Argument(callback=some_words, help="The name to sign in with.")],
    role: Annotated[Role | None, typer.Option(help="What they may do; analyst for somebody new, if left out.")] = None,
    password: Annotated[bool, typer.Option("--password", help="Ask for a password to sign in with later.")] = False,
    new_codes: Annotated[
        bool, typer.Option("--new-codes", help="Forget somebody's one-time codes, as after a lost phone.")
    ] = False,
) -> None:
    """Add somebody, who signs in once by the printed address; for somebody known, print a new one."""
    settings = load()
    secret = _typed_password() if password else None
    member, token = asyncio.run(_add_staff(settings, name, role, secret, new_codes=new_codes))
    base = settings.public_base_url or "http://127.0.0.1:8000"
    if new_codes:
        print(f"{name}'s one-time codes are forgotten, and every session is ended.")
    print(f"{name} ({member.role}) may sign in once, within 15 minutes: {base}/staff/sign-in/{token}")
    print("Then they can set a password and one-time codes under their name, at the top of the page.")


def _typed_password() -> str:
    """Ask for a password twice. Raises Refusal where there is no terminal, and for Ctrl-C and Ctrl-D."""
    if not sys.stdin.isatty():
        raise Refusal("--password asks at a terminal. Leave it out here: they set a password on their own page.")
    try:
        return str(typer.prompt("Password", hide_input=True, confirmation_prompt=True))
    except typer.Abort:
        raise Refusal("No password was typed, so nothing was done. Run this again, or leave --password out.") from None


def list_staff() -> None:
    """List everybody who was ever added, those who are shut out last."""
    columns = {"NAME": "24", "ROLE": "14", "MAY SIGN IN": "12", "LAST SIGNED IN": "20"}
    show((_line(one) for one in asyncio.run(_every_member(load()))), columns)


def remove_staff(name: Annotated[str, typer.Argument(help="The name they sign in with.")]) -> None:
    """Shut somebody out."""
    asyncio.run(_remove_staff(load(), name))
    print(f"{name} is signed out everywhere and cannot sign in.")


async def written_down(settings: Settings, database: Database) -> LedgerProblem | None:
    """Bring the suppression ledger up to date, where there is one, `serve` running or not; give what was in the way.

    For every command by which somebody is erased or said to have stopped: a restore goes by the ledger.
    """
    path = ledger_path(settings)
    try:
        if path is not None:
            await write_down(database, path)
    except LedgerProblem as problem:
        return problem
    return None


async def _erase(settings: Settings, address: str) -> tuple[privacy.Erased, LedgerProblem | None]:
    async with database_of(settings) as database:
        keys = await keys_of(settings, database)
        erased = await privacy.erase(database, keys, address, who=by_terminal(), now=now())
        return erased, await written_down(settings, database)


async def _subject_access(settings: Settings, address: str) -> str:
    async with database_of(settings) as database:
        return await privacy.subject_access(
            database, await keys_of(settings, database), address, who=by_terminal(), now=now()
        )


async def _retention(settings: Settings, apply: bool) -> tuple[str, LedgerProblem | None]:
    async with database_of(settings) as database:
        keys = await keys_of(settings, database)
        report = await privacy.retention(database, keys, _policy(settings), now(), apply=apply)
        return str(report), await written_down(settings, database) if apply else None


def _policy(settings: Settings) -> privacy.RetentionPolicy:
    return privacy.RetentionPolicy(
        contacts_after_close=settings.retention_contacts_days,
        silent=settings.retention_silent_days,
        voice_notes=settings.retention_voice_days,
        words_after_close=settings.retention_words_days,
        receipts=settings.retention_receipts_days,
        sessions_after_end=settings.retention_sessions_days,
        audit=settings.retention_audit_days,
        answers_after_close=settings.retention_answers_days,
    )


async def _rotate(settings: Settings, data_keys: bool) -> int | None:
    """Wrap the keys anew, which opening them does; make new ones if asked to, and say how many contacts moved."""
    async with database_of(settings) as database:
        keys = await keys_of(settings, database)
        if not data_keys:
            return None
        try:
            return await privacy.make_new_keys(database, keys, who=by_terminal(), now=now())
        except UnknownKey:
            raise Refusal("Another process is making new keys just now. Run this again when it has ended.") from None


def _line(listed: Listed) -> list[str]:
    may_sign_in = "no" if listed.disabled_at is not None else "yes"
    signed_in_at = minute(listed.signed_in_at) or "never"
    return [listed.member.name, listed.member.role, may_sign_in, signed_in_at]


async def _every_member(settings: Settings) -> list[Listed]:
    async with database_of(settings) as database:
        return await database.read(lambda: everyone(now()))


async def _add_staff(
    settings: Settings, name: str, role: Role | None, password: str | None, *, new_codes: bool
) -> tuple[store.StaffMember, str]:
    """Add somebody, or find them; give them and their sign-in. Whoever was shut out keeps the role they had."""
    async with database_of(settings) as database:
        member = await database.read(lambda: store.staff_named(sign_in_name(name)))
        if member is None and new_codes:
            raise Refusal(f"There is nobody called {name!r} among the staff, so no codes were forgotten.")
        if member is None:
            everybody = await database.read(lambda: everyone(now()))
            had = next((Role(one.member.role) for one in everybody if one.member.name == sign_in_name(name)), None)
            given = role or had or Role.ANALYST
            staff_id = await create_staff(database, name, given, password, now(), by_terminal())
            token = await one_time_sign_in(database, staff_id, now(), by_terminal())
            return store.StaffMember(staff_id, name, given), token
        if role is not None and member.role != role:
            raise Refusal(f"{name} is there already, as {member.role}. Remove them first to give another role.")
        if password is not None:
            raise Refusal(f"{name} is there already. Leave --password out: they set a password on their own page.")
        if new_codes:
            await database.run(lambda: forget_codes(member, now(), by_terminal()))
        return member, await one_time_sign_in(database, member.id, now(), by_terminal())


async def _remove_staff(settings: Settings, name: str) -> None:
    async with database_of(settings) as database:
        member = await database.read(lambda: store.staff_named(sign_in_name(name)))
        if member is None:
            raise Refusal(f"There is nobody called {name!r} among the staff.")
        # Even the last admin: whoever has the terminal can add another.
        await database.run(lambda: shut_out(member, now(), by_terminal(), may_be_last_admin=True))

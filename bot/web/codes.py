"""One-time codes of staff: six digits of an authenticator app, new every 30 seconds (RFC 6238)."""

import base64
import hmac
import io
from dataclasses import dataclass
from functools import partial

import pyotp
import segno

from bot.web.accounts import Clock, Door, HalfWay, Visit
from bot.web.cookie_secrets import fingerprint
from storage import staff_account as store
from storage.errors import UnknownKey
from storage.keys import KeyRing
from storage.script import Database

STEP_MS = 30_000
DRIFT = 1
"""Steps by which a phone's clock may be wrong, each way (RFC 6238, 5.2)."""
SECRET_BYTES = 20
"""160 bits, as RFC 4226 recommends."""
ISSUER = "Earshot"


@dataclass(frozen=True, slots=True, repr=False)
class Offer:
    """The secret of codes that are not yet taken up, and the address by which an app reads it out of a QR code."""

    secret: str
    address: str

    @property
    def in_groups(self) -> str:
        """The secret to be typed, in groups of four."""
        return " ".join(self.secret[start : start + 4] for start in range(0, len(self.secret), 4))

    def picture(self) -> bytes:
        """Draw the QR code, as SVG."""
        drawn = io.BytesIO()
        segno.make(self.address, error="m", micro=False).save(drawn, kind="svg", scale=6, border=4, light="#fff")
        return drawn.getvalue()


class Codes:
    """Makes and checks one-time codes. `clock` gives epoch milliseconds UTC."""

    def __init__(self, database: Database, keys: KeyRing, clock: Clock) -> None:
        self._database = database
        self._keys = keys
        self._clock = clock
        self._door = Door(database, clock)

    def offer(self, who: Visit) -> Offer:
        """Offer new codes. Within a session they stay the same until they are taken up, so a page may be reloaded.

        Nothing is kept of them meanwhile: they follow from the session and the keys of this installation.
        """
        member = who.member
        what = f"one-time codes|{member.id}|{fingerprint(who.secret)}|{member.codes_since}"
        secret = base64.b32encode(self._keys.derive(what)[:SECRET_BYTES]).decode()
        address = pyotp.TOTP(secret).provisioning_uri(name=member.name, issuer_name=ISSUER)
        return Offer(secret, address)

    async def take_up(self, who: Visit, code: str) -> bool:
        """Take the offered codes up, if this is one of them: so the app is known to work before a door needs it."""
        secret = self.offer(who).secret
        step = self._step(secret, code)
        if step is None:
            return False
        keep = partial(store.keep_codes, who.member, secret.encode(), self._keys, step, self._clock())
        try:
            await self._database.run(keep)
        except UnknownKey:  # another process has made new keys
            await self._keys.reload(self._database)
            await self._database.run(keep)
        return True

    async def is_right(self, half: HalfWay, code: str) -> bool:
        """Check a code and use it up. Raises TooManyTries."""
        await self._door.count_try(f"code {half.member.id[:12]}", half.member)
        sealed = await self._database.read(partial(store.sealed_codes, half.member.id))
        step = self._step(await self._opened(half.member.id, sealed), code) if sealed is not None else None
        if step is not None and await self._database.run(partial(store.use_step, half.member.id, step)):
            return True
        await self._door.refuse_code(half)
        return False

    async def _opened(self, staff_id: str, sealed: store.SealedCodes) -> str:
        try:
            return self._keys.unseal_codes(sealed.secret, staff_id, sealed.key_id).decode()
        except UnknownKey:
            await self._keys.reload(self._database)
            moved = await self._database.read(partial(store.sealed_codes, staff_id))
            assert moved is not None
            return self._keys.unseal_codes(moved.secret, staff_id, moved.key_id).decode()

    def _step(self, secret: str, code: str) -> int | None:
        """Find the step whose code that is, among those that a phone's clock may stand at."""
        typed, now = "".join(code.split()).encode(), self._clock() // STEP_MS
        codes = pyotp.TOTP(secret)
        fits = [
            step
            for step in range(now - DRIFT, now + DRIFT + 1)
            if hmac.compare_digest(codes.generate_otp(step).encode(), typed)
        ]
        return fits[-1] if fits else None

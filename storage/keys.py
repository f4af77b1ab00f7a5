"""The keys for addresses, voice notes, codes and signatures: random, wrapped by a key derived from SECRET_KEY.

They are kept in the database. An address is encrypted (AES-GCM, bound to its contact) and looked up by a keyed HMAC.
Changing SECRET_KEY re-wraps the keys and touches no address; `rotate_data_keys` makes new ones after a leak. Retired
look-up keys are kept, because ledger rows name an address by HMAC alone and STOP must hold for ever.
"""

import base64
import hashlib
import hmac
import os
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

from storage.errors import UnknownKey, WrongSecret
from storage.script import Database, Fetch, Many, Row, Run, Script

SLICE = 500
_CHECK = b"earshot"
_NONCE = 12
_SALT = 16
# Addresses are padded to whole blocks, so that a length does not tell one phone number from another.
_BLOCK = 64

# One process at a time makes or moves keys.
_LOCK = Fetch("SELECT pg_advisory_xact_lock(5248332)")
_ALL = Fetch("SELECT id, purpose, wrapped, retired_at FROM data_key ORDER BY id")
_ADD = "INSERT INTO data_key (purpose, wrapped, made_at) VALUES (:purpose, :wrapped, :at)"
# A share lock: rotation waits for the turns that still use the old keys, and every later turn sees the new ones.
CURRENT_KEYS = "SELECT id FROM data_key WHERE retired_at IS NULL AND purpose <> 'check' ORDER BY id FOR SHARE"


@dataclass(frozen=True, slots=True, repr=False)
class _Keys:
    """The unwrapped keys, ready for use: ciphers by id, and keyed digests, the current first."""

    ids: tuple[int, ...]
    current: int
    ciphers: dict[int, AESGCM]
    digests: tuple[hmac.HMAC, ...]


class KeyRing:
    """Encrypts, decrypts and looks up addresses. Made by `open`; its repr shows nothing."""

    def __init__(self, wrapping: AESGCM, rows: Iterable[Row]) -> None:
        self._wrapping = wrapping
        self._keys = _unwrap(wrapping, rows)

    def __repr__(self) -> str:
        return f"KeyRing(current_key_id={self.current_key_id})"

    @classmethod
    async def open(cls, database: Database, secret: str, previous: str | None = None) -> "KeyRing":
        """Unwrap the keys, making them in a new database. Raises WrongSecret.

        When only `previous` opens them, they are wrapped again by `secret`, in one transaction.
        """
        rows = (await database.read(_read_all)) or await database.run(lambda: _make_first(secret))
        wrapping = _opened(rows, secret)
        if wrapping is None and previous is not None and _opened(rows, previous) is not None:
            rows = await database.run(lambda: _wrap_again(previous, secret))
            wrapping = _opened(rows, secret)
        if wrapping is None:
            raise WrongSecret(
                "SECRET_KEY is not the one that this database's keys were wrapped with. Set SECRET_KEY to that one; "
                "to change it, set the new one as SECRET_KEY and the old one as SECRET_KEY_PREVIOUS."
            )
        return cls(wrapping, rows)

    async def reload(self, database: Database) -> None:
        """Take up the keys as they now stand, after another process has rotated them. Raises WrongSecret."""
        self._keys = self._in_use(await database.read(_read_all))

    def hold(self) -> Script[None]:
        """Let nobody else make or wrap keys in this transaction. Raises WrongSecret where SECRET_KEY was changed."""
        yield _LOCK
        self._in_use((yield _ALL).rows)

    def _in_use(self, rows: Iterable[Row]) -> _Keys:
        try:
            return _unwrap(self._wrapping, rows)
        except InvalidTag:
            raise WrongSecret("SECRET_KEY has been changed by another process. Start again with the new one.") from None

    @property
    def current_key_id(self) -> int:
        """The `data_key.id` that `encrypt` uses now, for `contact.key_id`."""
        return self._keys.current

    @property
    def ids(self) -> tuple[int, ...]:
        """The ids of the keys in use, as CURRENT_KEYS should give them."""
        return self._keys.ids

    def encrypt(self, address: str, contact_id: str) -> bytes:
        """Encrypt an address for one contact's row; moved to another row it does not decrypt."""
        plain = address.encode()
        plain = len(plain).to_bytes(2, "big") + plain
        plain += bytes(-len(plain) % _BLOCK)
        return self._seal(plain, f"contact.address|{contact_id}")

    def decrypt(self, blob: bytes, contact_id: str, key_id: int) -> str:
        """Decrypt a contact's address.

        Raises UnknownKey after another process has made new keys: `reload` helps. Raises cryptography's InvalidTag for
        a blob that is not this contact's.
        """
        plain = self._unseal(blob, f"contact.address|{contact_id}", key_id)
        return plain[2 : 2 + int.from_bytes(plain[:2], "big")].decode()

    def seal(self, content: bytes, note_id: str) -> bytes:
        """Encrypt a voice note for its own row; moved to another row it does not open."""
        return self._seal(content, f"voice_note.content|{note_id}")

    def unseal(self, blob: bytes, note_id: str, key_id: int) -> bytes:
        """Decrypt a voice note. Raises UnknownKey and InvalidTag as `decrypt` does."""
        return self._unseal(blob, f"voice_note.content|{note_id}", key_id)

    def seal_codes(self, secret: bytes, staff_id: str) -> bytes:
        """Encrypt the secret of a member's one-time codes for their own row; moved to another it does not open."""
        return self._seal(secret, f"staff.totp|{staff_id}")

    def unseal_codes(self, blob: bytes, staff_id: str, key_id: int) -> bytes:
        """Decrypt the secret of a member's one-time codes. Raises UnknownKey and InvalidTag as `decrypt` does."""
        return self._unseal(blob, f"staff.totp|{staff_id}", key_id)

    def seal_signing(self, secret: bytes, destination_id: str) -> bytes:
        """Encrypt what signs the events for a destination, for its own row; moved to another it does not open."""
        return self._seal(secret, f"destination.secret|{destination_id}")

    def unseal_signing(self, blob: bytes, destination_id: str, key_id: int) -> bytes:
        """Decrypt what signs the events for a destination. Raises UnknownKey and InvalidTag as `decrypt` does."""
        return self._unseal(blob, f"destination.secret|{destination_id}", key_id)

    def derive(self, what: str) -> bytes:
        """Give 32 bytes that follow from these keys and `what`, and that nobody without the keys can find."""
        digest = self._keys.digests[0].copy()
        digest.update(f"\0derived\0{what}".encode())  # no look-up begins so: it begins with a channel's name
        return digest.digest()

    def lookup(self, channel: str, address: str) -> str:
        """Give the hex HMAC-SHA256 under which an address is found."""
        return _hmac(self._keys.digests[0], channel, address)

    def lookups(self, channel: str, address: str) -> list[str]:
        """Give the look-up under every key there ever was, the current first: for ledgers, and while keys move."""
        return [_hmac(digest, channel, address) for digest in self._keys.digests]

    def wrapped(self, purpose: str, key: bytes | None = None) -> str:
        """Wrap a data key: a new random one, unless it is given."""
        return _wrap(self._wrapping, key or AESGCM.generate_key(256), purpose)

    def unwrapped(self, text: str, purpose: str) -> bytes:
        """Open what `wrapped` gave; `hold` comes first. Raises InvalidTag for what another secret has wrapped."""
        return _unwrapped(self._wrapping, text, purpose)

    def _seal(self, plain: bytes, bound_to: str) -> bytes:
        nonce = os.urandom(_NONCE)
        return nonce + self._keys.ciphers[self._keys.current].encrypt(nonce, plain, bound_to.encode())

    def _unseal(self, blob: bytes, bound_to: str, key_id: int) -> bytes:
        cipher = self._keys.ciphers.get(key_id)
        if cipher is None:
            raise UnknownKey(f"Key {key_id} is not in the ring that this process has read.")
        return cipher.decrypt(blob[:_NONCE], blob[_NONCE:], bound_to.encode())


async def rotate_data_keys(database: Database, ring: KeyRing) -> int:
    """Make new data keys and move all that they encrypt to them, in slices; give how many contacts moved.

    Safe while turns are running, and safe to run again after it was cut short. The old encryption keys are deleted.
    """
    await database.run(lambda: _make_next(ring))
    await ring.reload(database)
    moved = 0
    while pass_moved := await _move_every(database, ring, _move_contacts):
        moved += pass_moved
    for move_slice in (_move_aliases, _move_voice_note, _move_codes, _move_signing):
        while await _move_every(database, ring, move_slice):
            pass
    await database.run(lambda: _forget_retired(ring.current_key_id))
    await ring.reload(database)
    return moved


MoveSlice = Callable[[KeyRing, str], Script[list[str]]]


async def _move_every(database: Database, ring: KeyRing, move_slice: MoveSlice) -> int:
    moved, after = 0, ""
    while True:
        ids = await database.run(lambda after=after: move_slice(ring, after))  # type: ignore[misc]
        if not ids:
            return moved
        moved, after = moved + len(ids), ids[-1]


def _move_contacts(ring: KeyRing, after: str) -> Script[list[str]]:
    found = yield Fetch(
        "SELECT id, channel, address_encrypted, key_id FROM contact "
        "WHERE id > :after AND key_id <> :current ORDER BY id LIMIT :slice FOR UPDATE",
        {"after": after, "current": ring.current_key_id, "slice": SLICE},
    )
    changes = []
    for contact_id, channel, blob, key_id in found.rows:
        address = ring.decrypt(blob, contact_id, key_id)
        encrypted, lookup = ring.encrypt(address, contact_id), ring.lookup(channel, address)
        changes.append({"id": contact_id, "blob": encrypted, "hmac": lookup, "key": ring.current_key_id})
    yield Many(
        "UPDATE contact SET address_encrypted = :blob, address_hmac = :hmac, key_id = :key WHERE id = :id", changes
    )
    return [change["id"] for change in changes]


def _move_aliases(ring: KeyRing, after: str) -> Script[list[str]]:
    """Move what finds a contact by its other addresses. A turn may have recorded one under the new key meanwhile."""
    found = yield Fetch(
        "SELECT a.address_hmac, a.contact_id, a.address_encrypted, a.key_id, a.made_at, c.channel "
        "FROM contact_alias a JOIN contact c ON c.id = a.contact_id "
        "WHERE a.address_hmac > :after AND a.key_id <> :current ORDER BY a.address_hmac LIMIT :slice FOR UPDATE OF a",
        {"after": after, "current": ring.current_key_id, "slice": SLICE},
    )
    moved = []
    for _, contact_id, blob, key_id, made_at, channel in found.rows:
        address = ring.decrypt(bytes(blob), contact_id, key_id)
        encrypted, lookup = ring.encrypt(address, contact_id), ring.lookup(channel, address)
        moved.append(
            {"hmac": lookup, "contact": contact_id, "blob": encrypted, "key": ring.current_key_id, "at": made_at}
        )
    were = [row[0] for row in found.rows]
    yield Run("DELETE FROM contact_alias WHERE address_hmac IN (SELECT :were*text)", {"were": were})
    yield Many(
        "INSERT INTO contact_alias (address_hmac, contact_id, address_encrypted, key_id, made_at) "
        "VALUES (:hmac, :contact, :blob, :key, :at) ON CONFLICT (address_hmac) DO NOTHING",
        moved,
    )
    return were


def _move_voice_note(ring: KeyRing, after: str) -> Script[list[str]]:
    """Move one: it may be megabytes, and a resident's turn waits meanwhile."""
    found = yield Fetch(
        "SELECT id, content, key_id FROM voice_note WHERE id > :after AND key_id <> :current ORDER BY id LIMIT 1"
        " FOR UPDATE",
        {"after": after, "current": ring.current_key_id},
    )
    for note_id, blob, key_id in found.rows:
        again = ring.seal(ring.unseal(bytes(blob), note_id, key_id), note_id)
        yield Run(
            "UPDATE voice_note SET content = :blob, key_id = :key WHERE id = :id",
            {"id": note_id, "blob": again, "key": ring.current_key_id},
        )
    return [row[0] for row in found.rows]


def _move_codes(ring: KeyRing, after: str) -> Script[list[str]]:
    found = yield Fetch(
        "SELECT id, totp, totp_key_id FROM staff WHERE id > :after AND totp_key_id <> :current ORDER BY id LIMIT :slice"
        " FOR UPDATE",
        {"after": after, "current": ring.current_key_id, "slice": SLICE},
    )
    changes = []
    for staff_id, blob, key_id in found.rows:
        again = ring.seal_codes(ring.unseal_codes(bytes(blob), staff_id, key_id), staff_id)
        changes.append({"id": staff_id, "blob": again, "key": ring.current_key_id})
    yield Many("UPDATE staff SET totp = :blob, totp_key_id = :key WHERE id = :id", changes)
    return [change["id"] for change in changes]


def _move_signing(ring: KeyRing, after: str) -> Script[list[str]]:
    found = yield Fetch(
        "SELECT id, secret, previous_secret, key_id FROM destination WHERE id > :after AND key_id <> :current"
        " ORDER BY id LIMIT :slice FOR UPDATE",
        {"after": after, "current": ring.current_key_id, "slice": SLICE},
    )
    changes = []
    for destination_id, *blobs, key_id in found.rows:
        plain = [blob and ring.unseal_signing(bytes(blob), destination_id, key_id) for blob in blobs]
        now, before = (secret and ring.seal_signing(secret, destination_id) for secret in plain)
        changes.append({"id": destination_id, "now": now, "before": before, "key": ring.current_key_id})
    yield Many("UPDATE destination SET secret = :now, previous_secret = :before, key_id = :key WHERE id = :id", changes)
    return [change["id"] for change in changes]


def _read_all() -> Script[list[Row]]:
    rows = yield _ALL
    return list(rows.rows)


def _make_first(secret: str) -> Script[list[Row]]:
    yield _LOCK
    there = yield _ALL
    if there.rows:  # another process was first
        return list(there.rows)
    wrapping, check = _new_wrapping(secret)
    keys = {"check": check} | {p: _wrap(wrapping, AESGCM.generate_key(256), p) for p in ("encrypt", "lookup")}
    yield Many(_ADD, [{"purpose": purpose, "wrapped": text, "at": _now()} for purpose, text in keys.items()])
    return list((yield _ALL).rows)


def _wrap_again(previous: str, secret: str) -> Script[list[Row]]:
    yield _LOCK
    rows = (yield _ALL).rows
    old = _opened(rows, previous)
    if old is None:  # another process has wrapped them again already
        return list(rows)
    wrapping, check = _new_wrapping(secret)
    changes = [
        {
            "id": row_id,
            "wrapped": check if purpose == "check" else _wrap(wrapping, _unwrapped(old, text, purpose), purpose),
        }
        for row_id, purpose, text, _ in rows
    ]
    yield Many("UPDATE data_key SET wrapped = :wrapped WHERE id = :id", changes)
    return list((yield _ALL).rows)


def _make_next(ring: KeyRing) -> Script[None]:
    yield from ring.hold()
    at = _now()
    yield Run("UPDATE data_key SET retired_at = :at WHERE retired_at IS NULL AND purpose <> 'check'", {"at": at})
    yield Many(_ADD, [{"purpose": p, "wrapped": ring.wrapped(p), "at": at} for p in ("encrypt", "lookup")])


def _forget_retired(current: int) -> Script[None]:
    yield Run(
        "DELETE FROM data_key WHERE purpose = 'encrypt' AND id < :current "
        "AND NOT EXISTS (SELECT 1 FROM contact WHERE contact.key_id = data_key.id) "
        "AND NOT EXISTS (SELECT 1 FROM contact_alias WHERE contact_alias.key_id = data_key.id) "
        "AND NOT EXISTS (SELECT 1 FROM voice_note WHERE voice_note.key_id = data_key.id) "
        "AND NOT EXISTS (SELECT 1 FROM staff WHERE staff.totp_key_id = data_key.id) "
        "AND NOT EXISTS (SELECT 1 FROM destination WHERE destination.key_id = data_key.id)",
        {"current": current},
    )


def _new_wrapping(secret: str) -> tuple[AESGCM, str]:
    """Derive a wrapping key under a new salt; give it with the check value that recognises it."""
    salt = os.urandom(_SALT)
    wrapping = _derive(secret, salt)
    return wrapping, base64.b64encode(salt).decode() + "." + _wrap(wrapping, _CHECK, "check")


def _opened(rows: Iterable[Row], secret: str) -> AESGCM | None:
    """Derive the wrapping key, if this is the secret that belongs to these rows."""
    check = next((text for _, purpose, text, _ in rows if purpose == "check"), "")
    salt, _, wrapped = check.partition(".")
    wrapping = _derive(secret, base64.b64decode(salt))
    try:
        _unwrapped(wrapping, wrapped, "check")
    except InvalidTag:
        return None
    return wrapping


def _derive(secret: str, salt: bytes) -> AESGCM:
    # scrypt, because nothing stops a person from choosing a short secret; some 50 ms, once at start.
    return AESGCM(Scrypt(salt=salt, length=32, n=2**14, r=8, p=1).derive(secret.encode()))


def _wrap(wrapping: AESGCM, key: bytes, purpose: str) -> str:
    nonce = os.urandom(_NONCE)
    return base64.b64encode(nonce + wrapping.encrypt(nonce, key, f"data_key|{purpose}".encode())).decode()


def _unwrapped(wrapping: AESGCM, text: str, purpose: str) -> bytes:
    blob = base64.b64decode(text)
    return wrapping.decrypt(blob[:_NONCE], blob[_NONCE:], f"data_key|{purpose}".encode())


def _unwrap(wrapping: AESGCM, rows: Iterable[Row]) -> _Keys:
    rows = [row for row in rows if row[1] in ("encrypt", "lookup")]
    keys = {row_id: _unwrapped(wrapping, text, purpose) for row_id, purpose, text, _ in rows}
    current = [(row_id, purpose) for row_id, purpose, _, retired_at in rows if retired_at is None]
    # The newest is the current one, so newest first puts the current first.
    lookups = sorted((row_id for row_id, purpose, _, _ in rows if purpose == "lookup"), reverse=True)
    return _Keys(
        ids=tuple(row_id for row_id, _ in current),
        current=next(row_id for row_id, purpose in current if purpose == "encrypt"),
        ciphers={row_id: AESGCM(keys[row_id]) for row_id, purpose, _, _ in rows if purpose == "encrypt"},
        digests=tuple(hmac.new(keys[row_id], digestmod=hashlib.sha256) for row_id in lookups),
    )


def _hmac(keyed: hmac.HMAC, channel: str, address: str) -> str:
    digest = keyed.copy()
    digest.update(f"{channel}\0{address}".encode())
    return digest.hexdigest()


def _now() -> int:
    return time.time_ns() // 1_000_000

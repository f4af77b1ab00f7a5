"""New keys for the residents' addresses, for when the old ones may be in wrong hands."""

from storage.keys import KeyRing, rotate_data_keys
from storage.script import Database
from storage.scrubbing import delete_securely, scrub
from storage.staff import note


async def make_new_keys(database: Database, keys: KeyRing, *, who: str, now: int) -> int:
    """Make new data keys and encrypt every address with them; give how many contacts moved.

    Safe while the server runs, and safe to run again after it was cut short. The old encryption keys go, from the
    file's free pages too; old look-up keys stay, wrapped, because only they recognise an erased address on STOP. The
    audit log gets `who` and the count. `now` is epoch milliseconds UTC. Raises UnknownKey when another process does
    the same at the same time.
    """
    await delete_securely(database)
    moved = await rotate_data_keys(database, keys)
    await database.run(lambda: note(now, who, "new data keys", f"{moved} contacts"))
    await scrub(database)
    return moved

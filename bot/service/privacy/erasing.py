"""Remove what one address gave, at the hands of staff."""

from dataclasses import dataclass

from bot.service.counting import counted
from bot.service.privacy.addresses import lookups
from storage import subject
from storage.keys import KeyRing
from storage.script import Database
from storage.scrubbing import delete_securely, scrub


@dataclass(frozen=True, slots=True)
class Erased:
    """What was removed: contacts (one for each channel), answered questions, and texts in and out."""

    contacts: int
    answers: int
    texts: int

    def __str__(self) -> str:
        """Say it in a sentence."""
        if not self.contacts:
            return (
                "Nobody is known by that address, and nothing was changed. Write a phone number with its 0 or +44, "
                "and any other address exactly as its channel gives it."
            )
        given = f"{counted(self.answers, 'answer')} and {counted(self.texts, 'text')}"
        return f"Removed {given} of {counted(self.contacts, 'contact')}."


async def erase(database: Database, keys: KeyRing, address: str, *, who: str, now: int) -> Erased:
    """Remove everything that an address gave on any channel, exactly as its own DELETE does.

    A STOP stays, as an HMAC. The audit log gets `who` and counts, neither the address nor a word. An address that
    nobody has changes nothing: `contacts` is 0. `now` is epoch milliseconds UTC.
    """
    hmacs = await lookups(database, keys, address)
    await delete_securely(database)
    removed = await database.run(lambda: subject.erase(hmacs, who, now))
    if removed.contacts:
        await scrub(database)
    return Erased(removed.contacts, removed.answers, removed.texts)

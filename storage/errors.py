"""What can go wrong with a database as a whole, said so that a person can mend it. No message holds a credential."""


class CannotOpen(Exception):
    """The database cannot be used as it is. Trying again does not help until a person has changed something."""

    def __init__(self, what: str, where: str, remedy: str) -> None:
        super().__init__(f"{what} ({where}). {remedy}")
        self.what = what
        self.where = where
        self.remedy = remedy


class Unavailable(Exception):
    """The engine cannot be reached or cannot write just now, and nothing was done. Trying again later helps."""


class UnknownKey(LookupError):
    """An address is encrypted with a key made since the ring was read: `KeyRing.reload`, then try again."""


class WrongSecret(Exception):
    """SECRET_KEY does not open the keys in this database."""

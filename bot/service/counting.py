"""How a count is written for staff."""


def counted(count: int, one: str) -> str:
    """Write how many there are, such as `1 row` or `3,000 rows`."""
    return f"{count:,} {one}{'' if count == 1 else 's'}"

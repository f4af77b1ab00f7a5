"""What an option takes, where its type does not say: anything else is bad usage, and nothing is done."""

import typer

from bot.core.window import day_in_use


def a_day(written: str | None) -> str | None:
    """Take a day, or none."""
    try:
        if written:
            day_in_use(written)
    except ValueError:
        problem = f"{written!r} is no date in the years 2000 to 2999. Write it as 2027-01-31."
        raise typer.BadParameter(problem) from None
    return written


def some_words(written: str) -> str:
    """Take what somebody or something is called."""
    if not written.strip():
        raise typer.BadParameter("it is empty. Write a name.")
    return written.strip()

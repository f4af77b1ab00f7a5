"""Earshot's entry: settings, database, channels and application are put together in `bot.cli`."""

from bot.cli.entry import main as cli

if __name__ == "__main__":
    cli()

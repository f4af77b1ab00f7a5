"""Where settings are written down: the lines of `.env`, and files that hold one secret each.

The rule: a file that cannot be read whole stops the start. A line passed over may be the one that names the database.
"""

import os
import re
from pathlib import Path

ENV_FILE = ".env"

# One line as python-dotenv reads it. It reads on into the next lines where a quote is not closed, and passes over what
# it cannot read: so each line must be whole by itself.
_LINE = re.compile(
    r"""\s*+(?:export\s++)?+(?:'(?P<quoted>[^']+)'|(?P<name>[^'=\#\s][^=\#\s]*+))\s*+=\s*+"""
    r"""(?P<value>(?:'(?:\\.|[^'\\])*+'|"(?:\\.|[^"\\])*+")\s*+(?:\#.*)?|(?:[^'"\s].*)?)"""
)
_NOTHING = re.compile(r"\s*(?:#.*)?")
_ASKED_FOR = re.compile(r"\$\{([^}:]*)\}")
_SHOWN = 5


class SettingsProblem(Exception):
    """A setting is missing or wrong. The message names the variable and what to write, and never shows a value."""


def names_in_env_file(path: Path) -> list[str]:
    """Give the names that a `.env` sets, as they are written; none where there is no such file.

    Raises SettingsProblem, which names the file and the lines' numbers alone: a line may hold a secret.
    """
    if not os.path.lexists(path):
        return []
    text = text_of(path, f"The file {path.absolute()}").replace("\r\n", "\n").replace("\r", "\n")
    names: list[str] = []
    unreadable: list[str] = []
    for number, line in enumerate(text.split("\n"), 1):
        found = _LINE.fullmatch(line)
        # What is asked for and nowhere set would count as empty.
        asked = set(_ASKED_FOR.findall(re.sub(r"\s#.*", "", found["value"]))) if found else set()
        if found and asked <= {*os.environ, *names}:
            names.append(found["quoted"] or found["name"])
        elif not _NOTHING.fullmatch(line):
            unreadable.append(str(number))
    if unreadable:
        lines = f"line{'s' * (len(unreadable) > 1)} {', '.join(unreadable[:_SHOWN])}"
        more = " and more" * (len(unreadable) > _SHOWN)
        raise SettingsProblem(
            f"The file {path.absolute()}: {lines}{more} cannot be read. Write NAME=value on each line, close every "
            "quote on the line where it opens, and set further up what ${...} names; what is no setting begins with #."
        )
    return names


def text_of(path: Path, named: str) -> str:
    """Read a file of text, without the byte order mark that Notepad writes. Raises SettingsProblem, naming it so."""
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except OSError as problem:
        raise SettingsProblem(f"{named} cannot be read ({problem.strerror}). Correct its name or its rights.") from None
    except UnicodeDecodeError:
        text = "\0"
    if "\0" in text:  # UTF-16 without its mark passes for UTF-8, with a NUL beside each letter
        raise SettingsProblem(f"{named} is no text in UTF-8. Open it in a text editor and save it as UTF-8.")
    return text

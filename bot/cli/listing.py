"""How a command lists things: in columns for a person, with tabs between for a program."""

import sys
from collections.abc import Iterable, Mapping, Sequence


def show(lines: Iterable[Sequence[str]], columns: Mapping[str, str]) -> None:
    """Print a line for each thing. `columns` are the headings, each with its width as a format writes it: `>6`."""
    lines = [[" ".join(cell.split()) for cell in line] for line in lines]  # a title may hold a line break
    if not sys.stdout.isatty():
        for line in lines:
            print("\t".join(line))
        return
    for line in ([*columns], *lines):
        print(" ".join(format(cell, width) for cell, width in zip(line, columns.values(), strict=True)))

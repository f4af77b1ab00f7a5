"""Writes the report by mode as a file: a page that stands alone (HTML), Markdown, or CSV for further work."""

import csv
import io
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

from jinja2 import Environment, PackageLoader

from bot.analysis.cells import disarm_code
from bot.analysis.formats.asked import ExportRefused
from bot.analysis.formats.plain import BOM, QUOTED
from bot.analysis.modes.report import Column, Grid, Line, Report
from bot.core.window import LONDON

ENDINGS = (".html", ".md", ".csv")
NOT_FOR_PUBLICATION = "Not for publication: exact counts, also small ones"
MAY_BE_PUBLISHED = "For publication: small counts are hidden, the others rounded to the nearest 5"
CSV_HEADER = ("table", "line", "label", "column", "counted", "count", "percent", "percent_of")


def heading_of(report: Report) -> str:
    """Say whether the report may be published."""
    return MAY_BE_PUBLISHED if report.is_publishable else NOT_FOR_PUBLICATION


def looked(report: Report) -> str:
    """Say when marks were last looked for."""
    if report.looked_at is None:
        return (
            "Nobody has looked for letters, bursts and numbers in sequence yet, so only the answers' own marks count."
        )
    return f"Letters, bursts and numbers in sequence were last looked for on {moment(report.looked_at)}."


def moment(at: int) -> str:
    """Write epoch milliseconds as a clock in London shows them."""
    there = datetime.fromtimestamp(at / 1000, LONDON)
    return f"{there.day} {there:%B %Y, %H:%M}"


def written(report: Report, ending: str) -> str:
    """Write a report in the format of a file's ending. Raises ExportRefused."""
    match ending.lower():
        case ".html":
            return _page(report)
        case ".md":
            return "\n".join(_markdown(report)) + "\n"
        case ".csv":
            return BOM + _csv(report)
    raise ExportRefused(f"A report by mode ends in {', '.join(ENDINGS[:-1])} or {ENDINGS[-1]}, not in '{ending}'.")


def check_place(out: Path) -> None:
    """Refuse a place that no report can be written to. Raises ExportRefused."""
    if out.suffix.lower() not in ENDINGS:
        raise ExportRefused(f"--out: end the name {out.name} in {', '.join(ENDINGS[:-1])} or {ENDINGS[-1]}.")
    if not out.parent.is_dir():
        raise ExportRefused(f"There is no folder {out.parent}. Make it first, or name another.")


def shown_columns(grid: Grid) -> list[tuple[int, Column]]:
    """Give a table's columns for people, with their places; the widest detail is left to CSV."""
    return [(place, column) for place, column in enumerate(grid.columns) if not column.is_wide]


def _page(report: Report) -> str:
    environment = Environment(
        loader=PackageLoader("bot.analysis.modes"), autoescape=True, trim_blocks=True, lstrip_blocks=True
    )
    page = environment.get_template("report.html")
    return page.render(
        report=report,
        heading=heading_of(report),
        looked=looked(report),
        made=moment(report.made_at),
        shown_columns=shown_columns,
    )


def _markdown(report: Report) -> Iterator[str]:
    yield f"# {_in_line(report.title)}: report by mode"
    yield from ("", f"**{heading_of(report)}.**", "", f"Made on {moment(report.made_at)}. {looked(report)}")
    for note in report.notes:
        yield from ("", note)
    for heading, grids in (
        ("How far people came", report.ended),
        ("Marks", report.marks),
        ("Question by question", report.questions),
    ):
        if grids:
            yield from ("", f"## {heading}")
        for grid in grids:
            yield from _markdown_grid(grid)


def _markdown_grid(grid: Grid) -> Iterator[str]:
    columns = shown_columns(grid)
    yield from ("", f"### {_in_line(grid.caption)}")
    if grid.lines:
        yield ""
        yield f"| {' | '.join([grid.first, *(_in_line(column.name) for _, column in columns)])} |"
        yield f"|---|{'--:|' * len(columns)}"
    for line in grid.lines:
        name = f"**{_in_line(line.name)}**" if line.is_sum else _in_line(line.name)
        yield f"| {' | '.join([name, *(line.cells[place].words for place, _ in columns)])} |"
    if grid.note:
        yield from ("", grid.note)


def _in_line(words: str) -> str:
    """Keep words from being read as Markdown, or as the end of a cell."""
    plain = " ".join(words.split())
    return "".join(f"\\{letter}" if letter in "\\|*_`[]<>#" else letter for letter in plain)


def _csv(report: Report) -> str:
    file = io.StringIO()
    writer = csv.writer(file, quoting=QUOTED)
    writer.writerow(CSV_HEADER)
    for grid in report.grids:
        for line in grid.lines:
            writer.writerows(_csv_rows(grid, line))
    return file.getvalue()


def _csv_rows(grid: Grid, line: Line) -> Iterator[tuple[str, ...]]:
    for column, cell in zip(grid.columns, line.cells, strict=True):
        count = "" if cell.count is None else str(cell.count)
        percent = "" if cell.percent is None else str(cell.percent)
        names = (grid.id, line.code, line.name, column.code, str(column.variant))
        yield (*(disarm_code(name) for name in names), count, percent, "all" if cell.is_of_all else "")

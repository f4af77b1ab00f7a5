"""What an analyst can take away from the staff page: every format of the export, as one file each."""

from collections.abc import Sequence
from dataclasses import dataclass

from bot.analysis.export import Format
from bot.analysis.formats import parquet, spss
from bot.analysis.formats.extra import is_there

CSV = "text/csv; charset=utf-8"
ZIP = "application/zip"


@dataclass(frozen=True, slots=True)
class Download:
    """One file that an analyst can take away. `key` names it in the form; it needs `packages` to be installed."""

    key: str
    form: Format
    ending: str
    media_type: str
    title: str
    purpose: str
    packages: Sequence[str] = ()

    @property
    def is_possible(self) -> bool:
        """Whether everything that it needs is installed."""
        return is_there(*self.packages)


_EXCEL = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_PARQUET = "application/vnd.apache.parquet"
_WIDE = "one row for each response"
DOWNLOADS = (
    Download("csv", Format.CSV, ".csv", CSV, "Spreadsheet (CSV)", _WIDE),
    Download("xlsx", Format.XLSX, ".xlsx", _EXCEL, "Excel workbook", f"{_WIDE}, and the codebook on a second sheet"),
    Download("long-csv", Format.LONG_CSV, "-long.csv", CSV, "Long form (CSV)", "one row for each answer"),
    Download(
        *("sav", Format.SAV, ".sav", "application/x-spss-sav", "SPSS"),
        *(f"{_WIDE}, with labels and missing values; R and PSPP read it too", spss.PACKAGES),
    ),
    Download(
        *("parquet", Format.PARQUET, ".parquet", _PARQUET, "Parquet"),
        *(f"{_WIDE}, with types, for Python, R and Power BI", parquet.PACKAGES),
    ),
    Download(
        "jsonl", Format.JSONL, ".jsonl", "application/x-ndjson", "JSON Lines", "one response a line, for programs"
    ),
    Download(
        *("datapackage", Format.DATAPACKAGE, "-package.zip", ZIP, "Data package"),
        "both tables as plain CSV and a description of them, for publishing and archives",
    ),
    Download(
        *("consult", Format.CONSULT, "-consult.zip", ZIP, "Consult folder"),
        "for the government's Consult, which finds themes in open answers",
    ),
    Download(
        *("codebook", Format.CODEBOOK, "-codebook.csv", CSV, "Codebook (CSV)"),
        "what every column and code means",
    ),
    Download(
        *("codebook-page", Format.CODEBOOK, "-codebook.html", "text/html; charset=utf-8", "Codebook (page)"),
        "the same to read and print, in every language",
    ),
)
"""In the order of the page."""

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
    """One file that an analyst can take away. `key` names it in the form; `purpose` says whom it is for.

    It needs `packages` to be installed. One that `is_usual` stands open on the page.
    """

    key: str
    form: Format
    ending: str
    media_type: str
    title: str
    purpose: str
    packages: Sequence[str] = ()
    is_usual: bool = False

    @property
    def is_possible(self) -> bool:
        """Whether everything that it needs is installed."""
        return is_there(*self.packages)


_EXCEL = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_PARQUET = "application/vnd.apache.parquet"
_HTML = "text/html; charset=utf-8"
DOWNLOADS = (
    Download("csv", Format.CSV, ".csv", CSV, "Spreadsheet (CSV)", "for LibreOffice, and most programs", is_usual=True),
    Download("xlsx", Format.XLSX, ".xlsx", _EXCEL, "Excel workbook", "for Excel; the codebook is in it", is_usual=True),
    Download(
        *("codebook-page", Format.CODEBOOK, "-codebook.html", _HTML, "Codebook (page)"),
        "for everyone with the answers: what they mean, to read and print",
        is_usual=True,
    ),
    Download(
        *("sav", Format.SAV, ".sav", "application/x-spss-sav", "SPSS"),
        *("for SPSS, PSPP and R: with labels and missing values", spss.PACKAGES),
    ),
    Download(
        *("parquet", Format.PARQUET, ".parquet", _PARQUET, "Parquet"),
        *("for Python, R and Power BI: with types", parquet.PACKAGES),
    ),
    Download(
        *("consult", Format.CONSULT, "-consult.zip", ZIP, "Consult folder"),
        "for the government’s Consult, which finds themes in open answers",
    ),
    Download(
        *("long-csv", Format.LONG_CSV, "-long.csv", CSV, "Long form (CSV)"),
        "for whoever checks how replies were read: one row for each answer",
    ),
    Download(
        *("datapackage", Format.DATAPACKAGE, "-package.zip", ZIP, "Data package"),
        "for archives and open data: plain CSV and a description of it",
    ),
    Download(
        *("jsonl", Format.JSONL, ".jsonl", "application/x-ndjson", "JSON Lines"),
        "for programmers: one response a line",
    ),
    Download(
        *("codebook", Format.CODEBOOK, "-codebook.csv", CSV, "Codebook (CSV)"),
        "for programmers: every column and code, in every language",
    ),
)
"""In the order of the page: first those for most people, then the others, which it folds away."""

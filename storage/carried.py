"""Which tables a backup carries, by the description of the schema.

Imported only where that is asked: SQLAlchemy takes 16 MB, which a server need not hold.
"""

from typing import Any, Final

import sqlalchemy as sa

from storage.portable import Column, Kind, Table
from storage.tables import metadata

LEFT_OUT: Final = frozenset({"staff_session"})
"""Sessions and sign-in links: one that was ended since must not open a door again."""


def tables() -> tuple[Table, ...]:
    """Give every table of this program's schema that is carried, each after those that it refers to."""
    return tuple(
        Table(
            str(table.name), tuple(Column(str(c.name), _kind(c.type)) for c in table.columns), "id" in _numbered(table)
        )
        for table in metadata.sorted_tables
        if table.name not in LEFT_OUT
    )


def _kind(given: "sa.types.TypeEngine[Any]") -> Kind:
    match given:
        case sa.Boolean():
            return Kind.TRUTH
        case sa.Integer():
            return Kind.WHOLE
        case sa.Float():
            return Kind.NUMBER
        case sa.LargeBinary():
            return Kind.BYTES
        case _:
            return Kind.TEXT


def _numbered(table: sa.Table) -> list[str]:
    return [column.name for column in table.primary_key if column.autoincrement is True]

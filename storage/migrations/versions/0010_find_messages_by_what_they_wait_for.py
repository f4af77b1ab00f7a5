"""Find messages by what they wait for: to be sent, or to be heard of. A reply that went out inline is in no queue.

Revision 0010, after 0009.
"""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

_UNSENT = sa.text("state IN ('queued', 'sending', 'unknown')")
_UNHEARD = sa.text("state IN ('replied', 'unknown')")
_OPEN = sa.text("state IN ('queued', 'sending', 'unknown', 'replied')")
_BY_SENDER = ["our_address", "priority", "not_before"]


def upgrade() -> None:
    op.drop_index("ix_outbox_open", table_name="outbox")
    _index("ix_outbox_unsent", _BY_SENDER, _UNSENT)
    _index("ix_outbox_unheard", ["lease_until"], _UNHEARD)


def downgrade() -> None:
    for name in ("ix_outbox_unheard", "ix_outbox_unsent"):
        op.drop_index(name, table_name="outbox")
    _index("ix_outbox_open", _BY_SENDER, _OPEN)


def _index(name: str, columns: list[str], where: "sa.TextClause") -> None:
    op.create_index(name, "outbox", columns, sqlite_where=where, postgresql_where=where)

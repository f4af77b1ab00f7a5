"""Keep one index of the outbox's contacts: a person has few messages, and a second one cost every turn a page.

Revision 0002, after 0001.
"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.drop_index("ix_outbox_open_contact", table_name="outbox")


def downgrade() -> None:
    is_open = sa.text("state IN ('queued', 'sending', 'unknown', 'replied')")
    op.create_index("ix_outbox_open_contact", "outbox", ["contact_id"], sqlite_where=is_open, postgresql_where=is_open)

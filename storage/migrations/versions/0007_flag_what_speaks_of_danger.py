"""Flag what speaks of danger, for a person to read.

Revision 0007, after 0006.
"""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("contact", sa.Column("calmed_at", sa.BigInteger(), nullable=True))
    op.create_table(
        "flag",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("flagged_at", sa.BigInteger(), nullable=False),
        sa.Column("calmed", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("alert_at", sa.BigInteger(), nullable=False),
        sa.Column("alerts", sa.Integer(), server_default="0", nullable=False),
        sa.Column("alert_problem", sa.Text(), server_default="", nullable=False),
        sa.Column("opened_at", sa.BigInteger(), nullable=True),
        sa.Column("opened_by", sa.Text(), server_default="", nullable=False),
        sa.Column("acknowledged_at", sa.BigInteger(), nullable=True),
        sa.Column("acknowledged_by", sa.Text(), server_default="", nullable=False),
        sa.Column("asked_at", sa.BigInteger(), nullable=True),
        sa.Column("asked_by", sa.Text(), server_default="", nullable=False),
        sa.Column("reason", sa.Text(), server_default="", nullable=False),
        sa.Column("granted_at", sa.BigInteger(), nullable=True),
        sa.Column("granted_by", sa.Text(), server_default="", nullable=False),
        sa.Column("closed_at", sa.BigInteger(), nullable=True),
        sa.Column("closed_by", sa.Text(), server_default="", nullable=False),
        sa.Column("outcome", sa.Text(), server_default="", nullable=False),
        sa.Column("note", sa.Text(), server_default="", nullable=False),
        sa.Column("test", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.ForeignKeyConstraint(["id"], ["inbound.id"], name=op.f("fk_flag_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_flag")),
    )
    is_unopened = sa.text("opened_at IS NULL")
    op.create_index("ix_flag_unopened", "flag", ["alert_at"], sqlite_where=is_unopened, postgresql_where=is_unopened)


def downgrade() -> None:
    op.drop_index("ix_flag_unopened", table_name="flag")
    op.drop_table("flag")
    op.drop_column("contact", "calmed_at")

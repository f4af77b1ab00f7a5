"""Know one sender by every address that its provider names, and one person by the addresses that they joined.

Revision 0005, after 0004.
"""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "contact_alias",
        sa.Column("address_hmac", sa.Text(), nullable=False),
        sa.Column("contact_id", sa.Text(), nullable=False),
        sa.Column("address_encrypted", sa.LargeBinary(), nullable=False),
        sa.Column("key_id", sa.Integer(), nullable=False),
        sa.Column("made_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["contact_id"], ["contact.id"], name=op.f("fk_contact_alias_contact_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("address_hmac", name=op.f("pk_contact_alias")),
    )
    op.create_index(op.f("ix_contact_alias_contact_id"), "contact_alias", ["contact_id"])
    is_joined = sa.text("person_id IS NOT NULL")
    for table in ("contact", "respondent"):
        op.add_column(table, sa.Column("person_id", sa.Text(), nullable=True))
        op.create_index(f"ix_{table}_person", table, ["person_id"], sqlite_where=is_joined, postgresql_where=is_joined)
    op.create_table(
        "link_code",
        sa.Column("code_hmac", sa.Text(), nullable=False),
        sa.Column("contact_id", sa.Text(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["contact_id"], ["contact.id"], name=op.f("fk_link_code_contact_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("code_hmac", name=op.f("pk_link_code")),
    )
    op.create_index(op.f("ix_link_code_contact_id"), "link_code", ["contact_id"])
    op.create_index(op.f("ix_link_code_expires_at"), "link_code", ["expires_at"])
    op.create_table(
        "link_try",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("address_hmac", sa.Text(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_link_try")),
    )
    op.create_index(op.f("ix_link_try_address_hmac"), "link_try", ["address_hmac"])
    op.create_index(op.f("ix_link_try_expires_at"), "link_try", ["expires_at"])


def downgrade() -> None:
    op.drop_table("link_try")
    op.drop_table("link_code")
    for table in ("respondent", "contact"):
        op.drop_index(f"ix_{table}_person", table_name=table)
        op.drop_column(table, "person_id")
    op.drop_index(op.f("ix_contact_alias_contact_id"), table_name="contact_alias")
    op.drop_table("contact_alias")

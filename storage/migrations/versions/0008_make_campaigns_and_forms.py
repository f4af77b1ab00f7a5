"""Make campaigns, forms that are filled in page by page, and one-time codes for staff.

Revision 0008, after 0007.
"""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "campaign",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("survey", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("keyword", sa.Text(), nullable=False),
        sa.Column("partner", sa.Text(), server_default="", nullable=False),
        sa.Column("place", sa.Text(), server_default="", nullable=False),
        sa.Column("languages", sa.Text(), server_default="", nullable=False),
        sa.Column("channels", sa.Text(), server_default="", nullable=False),
        sa.Column("target", sa.Integer(), nullable=True),
        sa.Column("starts_on", sa.Text(), server_default="", nullable=False),
        sa.Column("ends_on", sa.Text(), server_default="", nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("made_at", sa.BigInteger(), nullable=False),
        sa.Column("made_by", sa.Text(), nullable=False),
        sa.Column("changed_at", sa.BigInteger(), nullable=False),
        sa.Column("test", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.ForeignKeyConstraint(["survey"], ["survey.id"], name=op.f("fk_campaign_survey")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_campaign")),
        sa.UniqueConstraint("keyword", name=op.f("uq_campaign_keyword")),
    )
    op.create_index("ix_campaign_survey", "campaign", ["survey"])

    op.create_table(
        "population",
        sa.Column("survey", sa.Text(), nullable=False),
        sa.Column("question", sa.Text(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("people", sa.BigInteger(), nullable=False),
        sa.Column("source", sa.Text(), server_default="", nullable=False),
        sa.Column("loaded_at", sa.BigInteger(), nullable=False),
        sa.Column("loaded_by", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["survey"], ["survey.id"], name=op.f("fk_population_survey")),
        sa.PrimaryKeyConstraint("survey", "question", "code", name=op.f("pk_population")),
    )
    op.create_table(
        "entry",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("response_id", sa.Text(), nullable=False),
        sa.Column("secret_hash", sa.Text(), nullable=False),
        sa.Column("resume_hmac", sa.Text(), nullable=True),
        sa.Column("survey", sa.Text(), nullable=False),
        sa.Column("version", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("entered_by", sa.Text(), server_default="", nullable=False),
        sa.Column("made_at", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["response_id"], ["response.id"], name=op.f("fk_entry_response_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_entry")),
        sa.UniqueConstraint("resume_hmac", name=op.f("uq_entry_resume_hmac")),
        sa.UniqueConstraint("secret_hash", name=op.f("uq_entry_secret_hash")),
    )
    op.create_index("ix_entry_response_id", "entry", ["response_id"])

    op.create_table(
        "volunteer_link",
        sa.Column("secret_hash", sa.Text(), nullable=False),
        sa.Column("campaign_id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), server_default="", nullable=False),
        sa.Column("pin_hash", sa.Text(), nullable=False),
        sa.Column("tries", sa.Integer(), server_default="0", nullable=False),
        sa.Column("made_by", sa.Text(), nullable=False),
        sa.Column("made_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.Column("ended_at", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["campaign_id"], ["campaign.id"], name=op.f("fk_volunteer_link_campaign_id")),
        sa.PrimaryKeyConstraint("secret_hash", name=op.f("pk_volunteer_link")),
    )
    op.create_index("ix_volunteer_link_campaign_id", "volunteer_link", ["campaign_id"])

    op.create_table(
        "hand_reply",
        sa.Column("inbound_id", sa.Text(), nullable=False),
        sa.Column("template", sa.Text(), server_default="", nullable=False),
        sa.Column("outbox_id", sa.Text(), nullable=True),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["inbound_id"], ["inbound.id"], name=op.f("fk_hand_reply_inbound_id")),
        sa.PrimaryKeyConstraint("inbound_id", name=op.f("pk_hand_reply")),
    )
    op.create_table(
        "volunteer_visit",
        sa.Column("secret_hash", sa.Text(), nullable=False),
        sa.Column("link_hash", sa.Text(), nullable=False),
        sa.Column("made_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["link_hash"], ["volunteer_link.secret_hash"], name=op.f("fk_volunteer_visit_link_hash"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("secret_hash", name=op.f("pk_volunteer_visit")),
    )
    op.create_index("ix_volunteer_visit_link_hash", "volunteer_visit", ["link_hash"])

    with op.batch_alter_table("staff", schema=None) as batch_op:
        batch_op.add_column(sa.Column("totp", sa.LargeBinary(), nullable=True))
        batch_op.add_column(sa.Column("totp_key_id", sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column("totp_step", sa.BigInteger(), nullable=True))
        batch_op.add_column(sa.Column("totp_at", sa.BigInteger(), nullable=True))


def downgrade() -> None:
    with op.batch_alter_table("staff", schema=None) as batch_op:
        batch_op.drop_column("totp_at")
        batch_op.drop_column("totp_step")
        batch_op.drop_column("totp_key_id")
        batch_op.drop_column("totp")

    op.drop_index("ix_volunteer_visit_link_hash", table_name="volunteer_visit")

    op.drop_table("volunteer_visit")
    op.drop_table("hand_reply")
    op.drop_index("ix_volunteer_link_campaign_id", table_name="volunteer_link")

    op.drop_table("volunteer_link")
    op.drop_index("ix_entry_response_id", table_name="entry")

    op.drop_table("entry")
    op.drop_table("population")
    op.drop_index("ix_campaign_survey", table_name="campaign")

    op.drop_table("campaign")

"""Record what happens to responses, where it is forwarded to, what was imported, and what programs noticed.

Revision 0009, after 0008.
"""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


# Who forwards from now on gets what there is already too.
_RESPONSES_SO_FAR = """
    INSERT INTO event (id, type, at, survey, subject, revision, status, language, language_source, last_answer_at,
        completed_at, late, answers_until, test)
    SELECT 'evt_' || id,
        CASE WHEN completed_at IS NOT NULL THEN 'response.completed'
            WHEN stopped_at IS NOT NULL THEN 'response.stopped' ELSE 'response.updated' END,
        COALESCE(completed_at, stopped_at, last_answer_at, started_at), survey, id, 1,
        CASE WHEN completed_at IS NOT NULL THEN 'complete'
            WHEN stopped_at IS NOT NULL THEN 'stopped' ELSE 'partial' END,
        language, language_source, last_answer_at, completed_at, late,
        (SELECT COALESCE(MAX(answer.id), 0) FROM answer WHERE answer.response_id = response.id), test
    FROM response ORDER BY started_at, id"""


def upgrade() -> None:
    op.create_table(
        "event",
        sa.Column("seq", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("survey", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("revision", sa.Integer(), server_default="0", nullable=False),
        sa.Column("status", sa.Text(), server_default="", nullable=False),
        sa.Column("language", sa.Text(), server_default="", nullable=False),
        sa.Column("language_source", sa.Text(), server_default="", nullable=False),
        sa.Column("last_answer_at", sa.BigInteger(), nullable=True),
        sa.Column("completed_at", sa.BigInteger(), nullable=True),
        sa.Column("late", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("answers_until", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("test", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_event")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "destination",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("survey", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("target", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("seq", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("secret", sa.LargeBinary(), nullable=True),
        sa.Column("previous_secret", sa.LargeBinary(), nullable=True),
        sa.Column("key_id", sa.Integer(), nullable=True),
        sa.Column("previous_until", sa.BigInteger(), nullable=True),
        sa.Column("failing_since", sa.BigInteger(), nullable=True),
        sa.Column("failures", sa.Integer(), server_default="0", nullable=False),
        sa.Column("next_at", sa.BigInteger(), nullable=True),
        sa.Column("problem", sa.Text(), server_default="", nullable=False),
        sa.Column("lease_until", sa.BigInteger(), nullable=True),
        sa.Column("lease_owner", sa.Text(), server_default="", nullable=False),
        sa.Column("delivered_at", sa.BigInteger(), nullable=True),
        sa.Column("made_at", sa.BigInteger(), nullable=False),
        sa.Column("made_by", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["survey"], ["survey.id"], name=op.f("fk_destination_survey")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_destination")),
        sa.UniqueConstraint("name", name=op.f("uq_destination_name")),
    )
    with op.batch_alter_table("destination", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_destination_survey"), ["survey"], unique=False)

    op.create_table(
        "import_batch",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("survey", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("file_name", sa.Text(), nullable=False),
        sa.Column("file_hash", sa.Text(), nullable=False),
        sa.Column("map_hash", sa.Text(), nullable=False),
        sa.Column("added", sa.Integer(), nullable=False),
        sa.Column("changed", sa.Integer(), nullable=False),
        sa.Column("unchanged", sa.Integer(), nullable=False),
        sa.Column("applied_at", sa.BigInteger(), nullable=False),
        sa.Column("applied_by", sa.Text(), nullable=False),
        sa.Column("test", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.ForeignKeyConstraint(["survey"], ["survey.id"], name=op.f("fk_import_batch_survey")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_import_batch")),
    )
    with op.batch_alter_table("import_batch", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_import_batch_survey"), ["survey"], unique=False)

    op.create_table(
        "annotation",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("survey", sa.Text(), nullable=False),
        sa.Column("response_id", sa.Text(), nullable=False),
        sa.Column("question", sa.Text(), server_default="", nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("value", sa.Text(), server_default="", nullable=False),
        sa.Column("method", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["response_id"], ["response.id"], name=op.f("fk_annotation_response_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_annotation")),
    )
    with op.batch_alter_table("annotation", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_annotation_response_id"), ["response_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_annotation_survey"), ["survey"], unique=False)

    op.create_table(
        "delivery",
        sa.Column("destination_id", sa.Text(), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("attempts", sa.Integer(), server_default="0", nullable=False),
        sa.Column("next_at", sa.BigInteger(), nullable=True),
        sa.Column("problem", sa.Text(), server_default="", nullable=False),
        sa.ForeignKeyConstraint(
            ["destination_id"], ["destination.id"], name=op.f("fk_delivery_destination_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("destination_id", "seq", name=op.f("pk_delivery")),
    )
    op.create_table(
        "imported",
        sa.Column("survey", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("external_id", sa.Text(), nullable=False),
        sa.Column("response_id", sa.Text(), nullable=False),
        sa.Column("row_hmac", sa.Text(), nullable=False),
        sa.Column("batch_id", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["batch_id"], ["import_batch.id"], name=op.f("fk_imported_batch_id")),
        sa.ForeignKeyConstraint(
            ["response_id"], ["response.id"], name=op.f("fk_imported_response_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("survey", "source", "external_id", name=op.f("pk_imported")),
    )
    with op.batch_alter_table("imported", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_imported_batch_id"), ["batch_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_imported_response_id"), ["response_id"], unique=False)

    with op.batch_alter_table("audit", schema=None) as batch_op:
        batch_op.create_index("ix_audit_action", ["action", "at"], unique=False)

    with op.batch_alter_table("response", schema=None) as batch_op:
        batch_op.add_column(sa.Column("revision", sa.Integer(), server_default="0", nullable=False))
        batch_op.create_index(
            "ix_response_campaign",
            ["campaign"],
            unique=False,
            sqlite_where=sa.text("campaign <> ''"),
            postgresql_where=sa.text("campaign <> ''"),
        )
    op.execute(_RESPONSES_SO_FAR)
    op.execute("UPDATE response SET revision = 1")


def downgrade() -> None:
    with op.batch_alter_table("response", schema=None) as batch_op:
        batch_op.drop_index(
            "ix_response_campaign", sqlite_where=sa.text("campaign <> ''"), postgresql_where=sa.text("campaign <> ''")
        )
        batch_op.drop_column("revision")

    with op.batch_alter_table("audit", schema=None) as batch_op:
        batch_op.drop_index("ix_audit_action")

    with op.batch_alter_table("imported", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_imported_response_id"))
        batch_op.drop_index(batch_op.f("ix_imported_batch_id"))

    op.drop_table("imported")
    op.drop_table("delivery")
    with op.batch_alter_table("annotation", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_annotation_survey"))
        batch_op.drop_index(batch_op.f("ix_annotation_response_id"))

    op.drop_table("annotation")
    with op.batch_alter_table("import_batch", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_import_batch_survey"))

    op.drop_table("import_batch")
    with op.batch_alter_table("destination", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_destination_survey"))

    op.drop_table("destination")
    op.drop_table("event")

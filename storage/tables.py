"""The tables. Every time is epoch milliseconds UTC in a BIGINT, so that both engines compare and sort them alike.

An address stands in `address_encrypted` of `contact` and `contact_alias` and nowhere else; residents' words stand in
`inbound.text`, `answer.said` and `outbox.text` and nowhere else, their voices in `voice_note.content`. A test searches
every other column.
"""

# Over 400 lines: every table in one place, one after the other, is what whoever writes SQL looks up.

import sqlalchemy as sa

from storage.outbox import UNHEARD, UNSENT

metadata = sa.MetaData(
    naming_convention={
        "ix": "ix_%(column_0_N_label)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

# SQLite numbers rows by itself only for a column declared INTEGER.
RowId = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def _id() -> "sa.Column[str]":
    return sa.Column("id", sa.Text, primary_key=True)


def _at(name: str, nullable: bool = True) -> "sa.Column[int]":
    return sa.Column(name, sa.BigInteger, nullable=nullable)


def _text(name: str, nullable: bool = False) -> "sa.Column[str]":
    return sa.Column(name, sa.Text, nullable=nullable, server_default=None if nullable else "")


def _person(table: str) -> "tuple[sa.Column[str], sa.Index]":
    """One id for those that a person has joined; NULL for nearly all (`storage.links`)."""
    is_joined = sa.text("person_id IS NOT NULL")
    index = sa.Index(f"ix_{table}_person", "person_id", sqlite_where=is_joined, postgresql_where=is_joined)
    return sa.Column("person_id", sa.Text), index


def _contact(ondelete: str = "SET NULL", nullable: bool = True) -> "sa.Column[str]":
    return sa.Column("contact_id", sa.Text, sa.ForeignKey("contact.id", ondelete=ondelete), nullable=nullable)


# Keys for addresses, wrapped by SECRET_KEY. `purpose` is encrypt, lookup, check or (for exports) shareable.
data_key = sa.Table(
    "data_key",
    metadata,
    sa.Column("id", RowId, primary_key=True, autoincrement=True),
    sa.Column("purpose", sa.Text, nullable=False),
    sa.Column("wrapped", sa.Text, nullable=False),
    _at("made_at", nullable=False),
    _at("retired_at"),
)

survey = sa.Table(
    "survey",
    metadata,
    _id(),
    sa.Column("current_version", sa.Text, nullable=False),
    _at("first_published_at", nullable=False),
    _at("closed_at"),
)

survey_definition = sa.Table(
    "survey_definition",
    metadata,
    sa.Column("survey", sa.Text, sa.ForeignKey("survey.id"), primary_key=True),
    sa.Column("version", sa.Text, primary_key=True),
    sa.Column("hash", sa.Text, nullable=False),
    sa.Column("definition", sa.Text, nullable=False),
    _at("published_at", nullable=False),
    sa.Column("ordinal", sa.Integer, nullable=False),
)

# A resident's address on one channel. `opted_out_at` is set from STOP to START.
contact = sa.Table(
    "contact",
    metadata,
    _id(),
    sa.Column("channel", sa.Text, nullable=False),
    sa.Column("address_encrypted", sa.LargeBinary, nullable=False),
    sa.Column("address_hmac", sa.Text, nullable=False, unique=True),
    sa.Column("key_id", sa.Integer, nullable=False),
    _text("our_address"),
    _text("language"),
    _at("opted_out_at"),
    sa.Column("carrier_stopped", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.Column("current_conversation_id", sa.Text),
    _at("last_inbound_at"),
    _at("hour_began_at"),
    sa.Column("replies_this_hour", sa.Integer, nullable=False, server_default="0"),
    # A text that came again and again and moved nothing: its mark, and how often it came (invariant 13).
    _text("idle_text"),
    sa.Column("idle_count", sa.Integer, nullable=False, server_default="0"),
    # When they were last told where to find help.
    _at("calmed_at"),
    sa.Column("test", sa.Boolean, nullable=False, server_default=sa.false()),
    _at("made_at", nullable=False),
    *_person("contact"),
)

# Other addresses of the same sender on the same channel, as its provider named them (`storage.aliases`).
contact_alias = sa.Table(
    "contact_alias",
    metadata,
    sa.Column("address_hmac", sa.Text, primary_key=True),
    sa.Column("contact_id", sa.Text, sa.ForeignKey("contact.id", ondelete="CASCADE"), nullable=False, index=True),
    sa.Column("address_encrypted", sa.LargeBinary, nullable=False),
    sa.Column("key_id", sa.Integer, nullable=False),
    _at("made_at", nullable=False),
)

# A code by which a person joins another address to this one: its keyed HMAC alone, for ten minutes and one use.
link_code = sa.Table(
    "link_code",
    metadata,
    sa.Column("code_hmac", sa.Text, primary_key=True),
    sa.Column("contact_id", sa.Text, sa.ForeignKey("contact.id", ondelete="CASCADE"), nullable=False, index=True),
    sa.Column("expires_at", sa.BigInteger, nullable=False, index=True),
)
# A wrong code, until it no longer counts. By HMAC, so that DELETE does not give new tries.
link_try = sa.Table(
    "link_try",
    metadata,
    sa.Column("id", RowId, primary_key=True, autoincrement=True),
    sa.Column("address_hmac", sa.Text, nullable=False, index=True),
    sa.Column("expires_at", sa.BigInteger, nullable=False, index=True),
)

# A person, as far as we know one: a random id that means nothing elsewhere.
respondent = sa.Table("respondent", metadata, _id(), _at("made_at", nullable=False), *_person("respondent"))

# One respondent's answers to one survey: one row of the export.
response = sa.Table(
    "response",
    metadata,
    _id(),
    sa.Column("respondent_id", sa.Text, sa.ForeignKey("respondent.id"), nullable=False, index=True),
    sa.Column("survey", sa.Text, nullable=False),
    sa.Column("version", sa.Text, nullable=False),
    sa.Column("source", sa.Text, nullable=False),
    sa.Column("channel", sa.Text, nullable=False),
    _text("campaign"),
    _text("language"),
    _text("language_source"),
    sa.Column("language_confidence", sa.Float, nullable=False, server_default="1"),
    _at("started_at", nullable=False),
    _at("last_answer_at"),
    _at("completed_at"),
    _at("stopped_at"),
    _at("last_inbound_at"),
    sa.Column("core_answered", sa.Integer, nullable=False, server_default="0"),
    sa.Column("core_applicable", sa.Integer, nullable=False, server_default="0"),
    sa.Column("assisted", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.Column("late", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.Column("test", sa.Boolean, nullable=False, server_default=sa.false()),
    # How often it has changed: the revision of its newest event.
    sa.Column("revision", sa.Integer, nullable=False, server_default="0"),
    sa.Index("ix_response_survey_started", "survey", "started_at", "id"),
    sa.Index(
        "ix_response_campaign",
        "campaign",
        sqlite_where=sa.text("campaign <> ''"),
        postgresql_where=sa.text("campaign <> ''"),
    ),
)

# Contact x survey, and its state as JSON. NEW on a shared phone makes a second one.
conversation = sa.Table(
    "conversation",
    metadata,
    _id(),
    sa.Column("contact_id", sa.Text, sa.ForeignKey("contact.id", ondelete="CASCADE"), nullable=False, index=True),
    sa.Column("survey", sa.Text, nullable=False),
    sa.Column("version", sa.Text, nullable=False),
    sa.Column("respondent_id", sa.Text, sa.ForeignKey("respondent.id"), nullable=False, index=True),
    sa.Column("response_id", sa.Text, sa.ForeignKey("response.id", ondelete="CASCADE"), nullable=False, index=True),
    sa.Column("state", sa.Text, nullable=False),
    _at("updated_at", nullable=False),
    # A carried-on conversation keeps its row; the newest of a survey is the one that a text belongs to.
    sa.Column("ordinal", sa.Integer, nullable=False, server_default="1"),
)

# Every message that came in, as it was written. `filed` is its place in the reconciliation report.
inbound = sa.Table(
    "inbound",
    metadata,
    _id(),
    sa.Column("provider", sa.Text, nullable=False),
    sa.Column("account", sa.Text, nullable=False),
    sa.Column("event_id", sa.Text, nullable=False),
    _contact(),
    sa.Column("channel", sa.Text, nullable=False),
    sa.Column("kind", sa.Text, nullable=False),
    _text("text"),
    _text("choice_id"),
    _text("reply_to"),
    _text("media"),
    _text("fields"),
    _text("our_address"),
    sa.Column("arrival", sa.Text, nullable=False),
    _at("provider_at"),
    _at("received_at", nullable=False),
    sa.Column("filed", sa.Text, nullable=False),
    _text("survey"),
    sa.Column("response_id", sa.Text, sa.ForeignKey("response.id", ondelete="SET NULL"), index=True),
    _text("question"),
    sa.Column("test", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.UniqueConstraint("provider", "account", "event_id"),
    sa.Index("ix_inbound_contact", "contact_id"),
    sa.Index(
        "ix_inbound_unhandled",
        "received_at",
        sqlite_where=sa.text("filed = 'unhandled'"),
        postgresql_where=sa.text("filed = 'unhandled'"),
    ),
)

# A voice note, for a person to write down: `id` is its message's. `reference` is the provider's, until it is fetched;
# `content` is encrypted by `key_id`, bound to the row. `became` says what came of it, once somebody has seen to it.
voice_note = sa.Table(
    "voice_note",
    metadata,
    sa.Column("id", sa.Text, sa.ForeignKey("inbound.id"), primary_key=True),
    _contact("CASCADE", nullable=False),
    sa.Column("response_id", sa.Text, sa.ForeignKey("response.id", ondelete="CASCADE"), nullable=False, index=True),
    sa.Column("question", sa.Text, nullable=False),
    sa.Column("channel", sa.Text, nullable=False),
    _text("reference"),
    _text("media_type"),
    sa.Column("content", sa.LargeBinary),
    sa.Column("key_id", sa.Integer),
    sa.Column("seconds", sa.Integer),
    _at("received_at", nullable=False),
    sa.Column("tries", sa.Integer, nullable=False, server_default="0"),
    _at("try_at", nullable=False),
    _text("problem"),
    _at("fetched_at"),
    _at("keep_until"),
    _at("transcribed_at"),
    _text("transcriber"),
    _text("became"),
    sa.Column("test", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.Index("ix_voice_note_contact", "contact_id"),
)

# A message that a person must read (safeguarding): `id` is its message's, where the words stand as long as they stand.
# Every `..._by` is a member of staff; `reason` and `note` are theirs. An address is shown to the role only once one of
# them has asked for it and another has granted it.
flag = sa.Table(
    "flag",
    metadata,
    sa.Column("id", sa.Text, sa.ForeignKey("inbound.id"), primary_key=True),
    _at("flagged_at", nullable=False),
    sa.Column("calmed", sa.Boolean, nullable=False, server_default=sa.false()),
    _at("alert_at", nullable=False),
    sa.Column("alerts", sa.Integer, nullable=False, server_default="0"),
    _text("alert_problem"),
    _at("opened_at"),
    _text("opened_by"),
    _at("acknowledged_at"),
    _text("acknowledged_by"),
    _at("asked_at"),
    _text("asked_by"),
    _text("reason"),
    _at("granted_at"),
    _text("granted_by"),
    _at("closed_at"),
    _text("closed_by"),
    _text("outcome"),
    _text("note"),
    sa.Column("test", sa.Boolean, nullable=False, server_default=sa.false()),
    # What nobody has opened is looked for every few seconds.
    sa.Index(
        "ix_flag_unopened",
        "alert_at",
        sqlite_where=sa.text("opened_at IS NULL"),
        postgresql_where=sa.text("opened_at IS NULL"),
    ),
)

# Append-only. The newest revision of a (response, question) counts; a multiple answer is one row per chosen item.
answer = sa.Table(
    "answer",
    metadata,
    sa.Column("id", RowId, primary_key=True, autoincrement=True),
    sa.Column("response_id", sa.Text, sa.ForeignKey("response.id", ondelete="CASCADE"), nullable=False),
    sa.Column("question", sa.Text, nullable=False),
    sa.Column("item", sa.Text, nullable=False, server_default=""),
    sa.Column("revision", sa.Integer, nullable=False),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("value_code", sa.Text),
    sa.Column("value_number", sa.Float),
    sa.Column("said", sa.Text),
    _text("lang"),
    sa.Column("channel", sa.Text, nullable=False),
    sa.Column("input", sa.Text, nullable=False),
    _text("rule"),
    sa.Column("confidence", sa.Float),
    _text("wording"),
    sa.Column("version", sa.Text, nullable=False),
    _at("asked_at"),
    _at("answered_at", nullable=False),
    sa.Column("late", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.Column("inbound_id", sa.Text),
    sa.UniqueConstraint("response_id", "question", "revision", "item"),
)

# Somebody would have liked a language that the survey does not have. Nothing here says who.
language_wish = sa.Table(
    "language_wish",
    metadata,
    sa.Column("id", RowId, primary_key=True, autoincrement=True),
    sa.Column("survey", sa.Text, nullable=False),
    sa.Column("language", sa.Text, nullable=False),
    sa.Column("channel", sa.Text, nullable=False),
    _at("at", nullable=False),
    sa.Column("test", sa.Boolean, nullable=False, server_default=sa.false()),
)

# Who has read a sentence in a language: `hash` is of the English and the translation together, so that a change of
# either makes it a draft again. `correction` holds what a reader put in place of one of the bot's own sentences.
review = sa.Table(
    "review",
    metadata,
    sa.Column("language", sa.Text, primary_key=True),
    sa.Column("hash", sa.Text, primary_key=True),
    sa.Column("by", sa.Text, nullable=False),
    _at("at", nullable=False),
)
correction = sa.Table(
    "correction",
    metadata,
    sa.Column("language", sa.Text, primary_key=True),
    sa.Column("english", sa.Text, primary_key=True),
    sa.Column("text", sa.Text, nullable=False),
    sa.Column("by", sa.Text, nullable=False),
    _at("at", nullable=False),
)

# Every message that goes out. `state`: replied (inline, awaiting its receipt), queued, sending, accepted, superseded,
# expired, failed, unknown, cancelled. `status` is the delivery report, which only goes forwards.
outbox = sa.Table(
    "outbox",
    metadata,
    _id(),
    _contact(),
    sa.Column("inbound_id", sa.Text, sa.ForeignKey("inbound.id"), index=True),
    sa.Column("position", sa.Integer, nullable=False, server_default="0"),
    sa.Column("channel", sa.Text, nullable=False),
    _text("our_address"),
    sa.Column("purpose", sa.Text, nullable=False),
    sa.Column("priority", sa.Integer, nullable=False),
    _text("text"),
    _text("options"),
    _text("survey"),
    _text("question"),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("idempotency_key", sa.Text),
    _at("not_before", nullable=False),
    _at("expires_at"),
    _at("lease_until"),
    _text("lease_owner"),
    sa.Column("attempts", sa.Integer, nullable=False, server_default="0"),
    sa.Column("looks", sa.Integer, nullable=False, server_default="0"),
    sa.Column("provider_id", sa.Text),
    sa.Column("status", sa.Text),
    sa.Column("status_rank", sa.Integer, nullable=False, server_default="-1"),
    _text("problem"),
    _text("code"),
    sa.Column("segments", sa.Integer, nullable=False, server_default="0"),
    _at("made_at", nullable=False),
    _at("settled_at"),
    sa.Column("test", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.Index(
        "ix_outbox_unsent",
        "our_address",
        "priority",
        "not_before",
        sqlite_where=sa.text(UNSENT),
        postgresql_where=sa.text(UNSENT),
    ),
    sa.Index("ix_outbox_unheard", "lease_until", sqlite_where=sa.text(UNHEARD), postgresql_where=sa.text(UNHEARD)),
    sa.Index("ix_outbox_contact", "contact_id"),
    # Partial: most rows are replies, which have neither until their receipt comes.
    sa.Index(
        "ix_outbox_provider",
        "provider_id",
        sqlite_where=sa.text("provider_id IS NOT NULL"),
        postgresql_where=sa.text("provider_id IS NOT NULL"),
    ),
    sa.Index(
        "ix_outbox_idempotency_key",
        "idempotency_key",
        unique=True,
        sqlite_where=sa.text("idempotency_key IS NOT NULL"),
        postgresql_where=sa.text("idempotency_key IS NOT NULL"),
    ),
)

# Every delivery report, also one that came before we knew the provider's id.
receipt = sa.Table(
    "receipt",
    metadata,
    sa.Column("id", RowId, primary_key=True, autoincrement=True),
    sa.Column("provider", sa.Text, nullable=False),
    sa.Column("provider_id", sa.Text, nullable=False),
    sa.Column("outbox_id", sa.Text, index=True),
    sa.Column("channel", sa.Text, nullable=False),
    sa.Column("status", sa.Text, nullable=False),
    _text("code"),
    _text("fields"),
    _at("received_at", nullable=False),
    sa.UniqueConstraint("provider", "provider_id", "status", "code"),
)

# Ledgers: rows are added, never changed. They name an address by its keyed HMAC alone, so that they outlive erasure.
opt_in = sa.Table(
    "opt_in",
    metadata,
    sa.Column("id", RowId, primary_key=True, autoincrement=True),
    sa.Column("address_hmac", sa.Text, nullable=False, index=True),
    sa.Column("channel", sa.Text, nullable=False),
    _text("survey"),
    sa.Column("purpose", sa.Text, nullable=False),
    sa.Column("given", sa.Boolean, nullable=False),
    _text("wording"),
    _text("language"),
    _at("at", nullable=False),
)
opt_out = sa.Table(
    "opt_out",
    metadata,
    sa.Column("id", RowId, primary_key=True, autoincrement=True),
    sa.Column("address_hmac", sa.Text, nullable=False, index=True),
    sa.Column("channel", sa.Text, nullable=False),
    sa.Column("stopped", sa.Boolean, nullable=False),  # false: START
    sa.Column("by", sa.Text, nullable=False),  # text, carrier, send, staff or linked
    _at("at", nullable=False),
)

# Whom we have erased, by HMAC alone, for as long as a backup may bring them back (`storage.ledger`).
erasure = sa.Table(
    "erasure",
    metadata,
    sa.Column("id", RowId, primary_key=True, autoincrement=True),
    sa.Column("address_hmac", sa.Text, nullable=False, index=True),
    sa.Column("channel", sa.Text, nullable=False),
    _at("at", nullable=False),
)

# The pace of one sender over every process: tokens left at a time.
sender = sa.Table(
    "sender",
    metadata,
    sa.Column("our_address", sa.Text, primary_key=True),
    sa.Column("tokens", sa.Float, nullable=False),
    _at("tokens_at", nullable=False),
    _at("heard_until"),
)

# What this database is, by name: `purpose` is `demo` for one that a demo made.
installation = sa.Table(
    "installation",
    metadata,
    sa.Column("name", sa.Text, primary_key=True),
    sa.Column("value", sa.Text, nullable=False),
)

# One invitation to a survey: who is asked where, by which word. `state` is draft, running, paused or ended. `languages`
# and `channels` are codes with a space between them; days are ISO 8601. `id` is what the export calls it.
campaign = sa.Table(
    "campaign",
    metadata,
    _id(),
    sa.Column("survey", sa.Text, sa.ForeignKey("survey.id"), nullable=False, index=True),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("keyword", sa.Text, nullable=False, unique=True),
    _text("partner"),
    _text("place"),
    _text("languages"),
    _text("channels"),
    sa.Column("target", sa.Integer),
    _text("starts_on"),
    _text("ends_on"),
    sa.Column("state", sa.Text, nullable=False),
    _at("made_at", nullable=False),
    sa.Column("made_by", sa.Text, nullable=False),
    _at("changed_at", nullable=False),
    sa.Column("test", sa.Boolean, nullable=False, server_default=sa.false()),
)

# A link by which a volunteer enters answers for a campaign, and nothing else. SHA-256 of its secret, argon2 of its PIN.
volunteer_link = sa.Table(
    "volunteer_link",
    metadata,
    sa.Column("secret_hash", sa.Text, primary_key=True),
    sa.Column("campaign_id", sa.Text, sa.ForeignKey("campaign.id"), nullable=False, index=True),
    _text("name"),
    sa.Column("pin_hash", sa.Text, nullable=False),
    sa.Column("tries", sa.Integer, nullable=False, server_default="0"),
    sa.Column("made_by", sa.Text, nullable=False),
    _at("made_at", nullable=False),
    _at("expires_at", nullable=False),
    _at("ended_at"),
)
# A browser in which the PIN of such a link was right.
volunteer_visit = sa.Table(
    "volunteer_visit",
    metadata,
    sa.Column("secret_hash", sa.Text, primary_key=True),
    sa.Column(
        "link_hash",
        sa.Text,
        sa.ForeignKey("volunteer_link.secret_hash", ondelete="CASCADE"),
        nullable=False,
        index=True,
    ),
    _at("made_at", nullable=False),
    _at("expires_at", nullable=False),
)

# One response that is given page by page, on the web or with a helper: its state as JSON, without words. Whoever holds
# the secret (SHA-256) goes on with it; `resume_hmac` is a keyed HMAC of a code that serves on another phone.
entry = sa.Table(
    "entry",
    metadata,
    _id(),
    sa.Column("response_id", sa.Text, sa.ForeignKey("response.id", ondelete="CASCADE"), nullable=False, index=True),
    sa.Column("secret_hash", sa.Text, nullable=False, unique=True),
    sa.Column("resume_hmac", sa.Text, unique=True),
    sa.Column("survey", sa.Text, nullable=False),
    sa.Column("version", sa.Text, nullable=False),
    sa.Column("state", sa.Text, nullable=False),
    _text("entered_by"),
    _at("made_at", nullable=False),
    _at("updated_at", nullable=False),
)

# How many people there are of each kind, as the council loaded it: what `who is missing` is held against.
population = sa.Table(
    "population",
    metadata,
    sa.Column("survey", sa.Text, sa.ForeignKey("survey.id"), primary_key=True),
    sa.Column("question", sa.Text, primary_key=True),
    sa.Column("code", sa.Text, primary_key=True),
    sa.Column("people", sa.BigInteger, nullable=False),
    _text("source"),
    _at("loaded_at", nullable=False),
    sa.Column("loaded_by", sa.Text, nullable=False),
)

# What a person of the council answered to a message that the bot could not handle, by which of their templates.
hand_reply = sa.Table(
    "hand_reply",
    metadata,
    sa.Column("inbound_id", sa.Text, sa.ForeignKey("inbound.id"), primary_key=True),
    _text("template"),
    sa.Column("outbox_id", sa.Text),
    sa.Column("by", sa.Text, nullable=False),
    _at("at", nullable=False),
)

staff = sa.Table(
    "staff",
    metadata,
    _id(),
    sa.Column("name", sa.Text, nullable=False, unique=True),
    sa.Column("role", sa.Text, nullable=False),
    _text("password_hash"),
    # The secret of their one-time codes, encrypted by `totp_key_id` and bound to the row; the last step that was used,
    # so that a code serves once; and when they had shown that their app makes the right ones.
    sa.Column("totp", sa.LargeBinary),
    sa.Column("totp_key_id", sa.Integer),
    sa.Column("totp_step", sa.BigInteger),
    _at("totp_at"),
    _at("made_at", nullable=False),
    _at("disabled_at"),
)
# `purpose` is session, sign_in (a one-time link) or code (the password was right, the code is still to come); only the
# SHA-256 of the secret is kept.
staff_session = sa.Table(
    "staff_session",
    metadata,
    sa.Column("secret_hash", sa.Text, primary_key=True),
    sa.Column("staff_id", sa.Text, sa.ForeignKey("staff.id"), nullable=False, index=True),
    sa.Column("purpose", sa.Text, nullable=False),
    _at("made_at", nullable=False),
    _at("expires_at", nullable=False),
    _at("ended_at"),
)
audit = sa.Table(
    "audit",
    metadata,
    sa.Column("id", RowId, primary_key=True, autoincrement=True),
    _at("at", nullable=False),
    sa.Column("who", sa.Text, nullable=False),
    sa.Column("action", sa.Text, nullable=False),
    _text("detail"),
    sa.Index("ix_audit_action", "action", "at"),
)


# One file of answers that came in from elsewhere, such as the council's own web form; its rows are counted as they
# were applied. `file_hash` and `map_hash` are SHA-256.
import_batch = sa.Table(
    "import_batch",
    metadata,
    _id(),
    sa.Column("survey", sa.Text, sa.ForeignKey("survey.id"), nullable=False, index=True),
    sa.Column("source", sa.Text, nullable=False),
    sa.Column("file_name", sa.Text, nullable=False),
    sa.Column("file_hash", sa.Text, nullable=False),
    sa.Column("map_hash", sa.Text, nullable=False),
    sa.Column("added", sa.Integer, nullable=False),
    sa.Column("changed", sa.Integer, nullable=False),
    sa.Column("unchanged", sa.Integer, nullable=False),
    _at("applied_at", nullable=False),
    sa.Column("applied_by", sa.Text, nullable=False),
    sa.Column("test", sa.Boolean, nullable=False, server_default=sa.false()),
)
# Which row of such a file became which response. `row_hmac` tells whether the row has changed since.
imported = sa.Table(
    "imported",
    metadata,
    sa.Column("survey", sa.Text, primary_key=True),
    sa.Column("source", sa.Text, primary_key=True),
    sa.Column("external_id", sa.Text, primary_key=True),
    sa.Column("response_id", sa.Text, sa.ForeignKey("response.id", ondelete="CASCADE"), nullable=False, index=True),
    sa.Column("row_hmac", sa.Text, nullable=False),
    sa.Column("batch_id", sa.Text, sa.ForeignKey("import_batch.id"), nullable=False, index=True),
)

# What has happened to responses, in the order in which it was committed: what is forwarded. No words: they are looked
# up by `answers_until`, the newest answer that there was. `subject` is a response or an import batch. The row
# outlives its response, as the record that it was withdrawn.
event = sa.Table(
    "event",
    metadata,
    sa.Column("seq", RowId, primary_key=True, autoincrement=True),
    sa.Column("id", sa.Text, nullable=False),
    sa.Column("type", sa.Text, nullable=False),
    _at("at", nullable=False),
    sa.Column("survey", sa.Text, nullable=False),
    sa.Column("subject", sa.Text, nullable=False),
    sa.Column("revision", sa.Integer, nullable=False, server_default="0"),
    _text("status"),
    _text("language"),
    _text("language_source"),
    _at("last_answer_at"),
    _at("completed_at"),
    sa.Column("late", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.Column("answers_until", sa.BigInteger, nullable=False, server_default="0"),
    sa.Column("test", sa.Boolean, nullable=False, server_default=sa.false()),
    # A number is never given twice, also when the newest rows are gone.
    sqlite_autoincrement=True,
)

# Where a survey's events are forwarded to. `kind` is webhook or folder, `state` running or paused. Everything up to
# `seq` is settled, but for what stands in `delivery`. The secret is encrypted by `key_id` and bound to the row; the
# previous one signs too until `previous_until`. Nothing has arrived since `failing_since`; `next_at` is the next try.
destination = sa.Table(
    "destination",
    metadata,
    _id(),
    sa.Column("name", sa.Text, nullable=False, unique=True),
    sa.Column("survey", sa.Text, sa.ForeignKey("survey.id"), nullable=False, index=True),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("target", sa.Text, nullable=False),
    sa.Column("text", sa.Text, nullable=False),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("seq", sa.BigInteger, nullable=False, server_default="0"),
    sa.Column("secret", sa.LargeBinary),
    sa.Column("previous_secret", sa.LargeBinary),
    sa.Column("key_id", sa.Integer),
    _at("previous_until"),
    _at("failing_since"),
    sa.Column("failures", sa.Integer, nullable=False, server_default="0"),
    _at("next_at"),
    _text("problem"),
    _at("lease_until"),
    _text("lease_owner"),
    _at("delivered_at"),
    _at("made_at", nullable=False),
    sa.Column("made_by", sa.Text, nullable=False),
)
# An event that a destination has not taken: it waits for `next_at`, or is dead. Later ones of its response wait too.
delivery = sa.Table(
    "delivery",
    metadata,
    sa.Column("destination_id", sa.Text, sa.ForeignKey("destination.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("seq", sa.BigInteger, primary_key=True),
    sa.Column("subject", sa.Text, nullable=False),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("attempts", sa.Integer, nullable=False, server_default="0"),
    _at("next_at"),
    _text("problem"),
)

# What a program noticed about a response or one of its answers: never an answer itself, and never a reason to leave
# one out. `kind` is what was noticed, `value` its group where several belong together, `method` how.
annotation = sa.Table(
    "annotation",
    metadata,
    sa.Column("id", RowId, primary_key=True, autoincrement=True),
    sa.Column("survey", sa.Text, nullable=False, index=True),
    sa.Column("response_id", sa.Text, sa.ForeignKey("response.id", ondelete="CASCADE"), nullable=False, index=True),
    _text("question"),
    sa.Column("kind", sa.Text, nullable=False),
    _text("value"),
    sa.Column("method", sa.Text, nullable=False),
    _at("at", nullable=False),
)

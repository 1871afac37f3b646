"""The record of events, leases, checkpoints, and the list of releases."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

HEADER = (
    "position",
    "stream",
    "version",
    "event_id",
    "type",
    "schema_version",
    "at",
    "actor",
    "payload_digest",
    "stream_hash",
    "log_hash",
)


def upgrade() -> None:
    """Migrate forward; there is no way back, a backup is."""
    _events()
    _append_only()
    _leases()
    _projections()


def _events() -> None:
    op.create_table(
        "events",
        sa.Column("position", sa.Integer, primary_key=True),
        sa.Column("stream", sa.Text, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("event_id", sa.Text, nullable=False, unique=True),
        sa.Column("type", sa.Text, nullable=False),
        sa.Column("schema_version", sa.Integer, nullable=False),
        sa.Column("at", sa.String(27), nullable=False),
        sa.Column("actor", sa.Text, nullable=False),
        sa.Column("payload_digest", sa.String(64), nullable=False),
        sa.Column("payload", sa.Text),
        sa.Column("stream_hash", sa.String(64), nullable=False),
        sa.Column("log_hash", sa.String(64), nullable=False),
        sa.UniqueConstraint("stream", "version"),
    )


def _append_only() -> None:
    op.execute(
        "CREATE TRIGGER events_are_never_deleted BEFORE DELETE ON events "
        "BEGIN SELECT RAISE(ABORT, 'events are never deleted'); END"
    )
    op.execute(
        f"CREATE TRIGGER events_are_never_changed BEFORE UPDATE OF {', '.join(HEADER)} ON events "
        "BEGIN SELECT RAISE(ABORT, 'events are never changed'); END"
    )
    op.execute(
        "CREATE TRIGGER payloads_are_only_shredded BEFORE UPDATE OF payload ON events WHEN NEW.payload IS NOT NULL "
        "BEGIN SELECT RAISE(ABORT, 'a payload can only be shredded'); END"
    )


def _leases() -> None:
    op.create_table(
        "leases",
        sa.Column("environment", sa.Text, primary_key=True),
        sa.Column("epoch", sa.Integer, nullable=False),
        sa.Column("holder", sa.Text, nullable=False),
        sa.Column("pid", sa.Integer, nullable=False),
        sa.Column("boot_id", sa.Text, nullable=False),
        sa.Column("version", sa.Text, nullable=False),
        sa.Column("taken_at", sa.String(27), nullable=False),
    )


def _projections() -> None:
    op.create_table(
        "checkpoints",
        sa.Column("projection", sa.Text, primary_key=True),
        sa.Column("position", sa.Integer, nullable=False),
    )
    op.create_table(
        "releases",
        sa.Column("environment", sa.Text, primary_key=True),
        sa.Column("ticket", sa.Text, primary_key=True),
        sa.Column("run", sa.Integer, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("phase", sa.Text),
        sa.Column("base_sha", sa.String(40)),
        sa.Column("merge_sha", sa.String(40)),
        sa.Column("services", sa.Text, nullable=False),
        sa.Column("started_by", sa.Text),
        sa.Column("started_at", sa.String(27)),
        sa.Column("changed_at", sa.String(27), nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
    )
    op.create_index("releases_by_change", "releases", ["environment", "changed_at"])

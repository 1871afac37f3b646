"""The tables, as SQLAlchemy describes them; the migrations build the same, and a test holds the two equal."""

from __future__ import annotations

from sqlalchemy import Column, Float, Index, Integer, MetaData, String, Table, Text, UniqueConstraint

METADATA = MetaData()

EVENTS = Table(
    "events",
    METADATA,
    Column("position", Integer, primary_key=True, comment="place in the whole log, from 1, without gaps"),
    Column("stream", Text, nullable=False),
    Column("version", Integer, nullable=False),
    Column("event_id", Text, nullable=False, unique=True),
    Column("type", Text, nullable=False),
    Column("schema_version", Integer, nullable=False),
    Column("at", String(27), nullable=False, comment="RFC 3339, UTC, microseconds"),
    Column("actor", Text, nullable=False, comment="JSON"),
    Column("payload_digest", String(64), nullable=False),
    Column("payload", Text, comment="JSON; NULL once it was shredded"),
    Column("stream_hash", String(64), nullable=False),
    Column("log_hash", String(64), nullable=False),
    UniqueConstraint("stream", "version"),
)
"""The record. Triggers let nobody change or delete a row; only a payload may be set to NULL."""

LEASES = Table(
    "leases",
    METADATA,
    Column("environment", Text, primary_key=True),
    Column("epoch", Integer, nullable=False),
    Column("holder", Text, nullable=False),
    Column("pid", Integer, nullable=False),
    Column("boot_id", Text, nullable=False),
    Column("version", Text, nullable=False),
    Column("taken_at", String(27), nullable=False),
)
"""The newest lease of each environment, beside its LeaseTaken event: what each fenced append is held against."""

CHECKPOINTS = Table(
    "checkpoints",
    METADATA,
    Column("projection", Text, primary_key=True),
    Column("position", Integer, nullable=False),
)
"""How far each projection has followed the log."""

RELEASES = Table(
    "releases",
    METADATA,
    Column("environment", Text, primary_key=True),
    Column("ticket", Text, primary_key=True),
    Column("run", Integer, nullable=False),
    Column("state", Text, nullable=False),
    Column("phase", Text),
    Column("base_sha", String(40)),
    Column("merge_sha", String(40)),
    Column("services", Text, nullable=False, comment="JSON list of names"),
    Column("started_by", Text, comment="JSON"),
    Column("started_at", String(27)),
    Column("changed_at", String(27), nullable=False),
    Column("version", Integer, nullable=False),
    Column("overrides", Integer, nullable=False, server_default="0"),
    Index("releases_by_change", "environment", "changed_at"),
)
"""Derived: where each ticket's latest run stands. May be emptied and filled anew at any time."""

# What each event of a release leaves for questions across releases (domain/forensics/traces.py). All of it is derived.

CHANGES = Table(
    "changes",
    METADATA,
    Column("environment", Text, primary_key=True),
    Column("ticket", Text, primary_key=True),
    Column("version", Integer, primary_key=True),
    Column("at", String(27), nullable=False),
    Column("run", Integer, nullable=False),
    Column("state", Text, nullable=False),
    Index("changes_by_time", "environment", "at"),
)
"""When a ticket's latest run came into which state."""

RUNS = Table(
    "runs",
    METADATA,
    Column("environment", Text, primary_key=True),
    Column("ticket", Text, primary_key=True),
    Column("run", Integer, primary_key=True),
    Column("version", Integer, nullable=False, comment="of the latest change"),
    Column("started_at", String(27), nullable=False),
    Column("ended_at", String(27)),
    Column("state", Text, nullable=False),
    Column("by", Text, nullable=False),
    Column("services", Text, nullable=False, comment="JSON list of names"),
    Index("runs_by_time", "environment", "started_at"),
)
"""Every run, and where it stands."""

RUN_SERVICES = Table(
    "run_services",
    METADATA,
    Column("environment", Text, primary_key=True),
    Column("service", Text, primary_key=True),
    Column("started_at", String(27), primary_key=True),
    Column("ticket", Text, primary_key=True),
    Column("run", Integer, primary_key=True),
)
"""The runs that affected a service, in order of time."""

FAILURES = Table(
    "failures",
    METADATA,
    Column("environment", Text, primary_key=True),
    Column("ticket", Text, primary_key=True),
    Column("version", Integer, primary_key=True),
    Column("run", Integer, nullable=False),
    Column("at", String(27), nullable=False),
    Column("code", Text, nullable=False),
    Column("cause", Text, nullable=False),
    Column("phase", Text, nullable=False),
    Column("step", Text, nullable=False),
    Index("failures_by_code", "environment", "code", "at"),
)
"""Every halt."""

PLACEMENTS = Table(
    "placements",
    METADATA,
    Column("environment", Text, primary_key=True),
    Column("service", Text, primary_key=True),
    Column("position", Integer, primary_key=True, comment="of the event in the log"),
    Column("container", Text, primary_key=True),
    Column("at", String(27), nullable=False),
    Column("ticket", Text, nullable=False),
    Column("version", Integer, nullable=False),
    Column("run", Integer, nullable=False),
    Column("container_id", Text, nullable=False, comment="empty: it was removed"),
    Column("reference", Text, nullable=False),
    Column("image_id", Text, nullable=False),
    Column("digest", Text, nullable=False),
)
"""Every container that a release put in place or removed."""

STEP_TIMES = Table(
    "step_times",
    METADATA,
    Column("environment", Text, primary_key=True),
    Column("step", Text, primary_key=True),
    Column("at", String(27), primary_key=True),
    Column("ticket", Text, primary_key=True),
    Column("version", Integer, primary_key=True),
    Column("run", Integer, nullable=False),
    Column("seconds", Float, nullable=False),
    Column("outcome", Text, nullable=False),
    Index("step_times_by_run", "environment", "ticket", "run"),
)
"""How long each attempt of a step took."""

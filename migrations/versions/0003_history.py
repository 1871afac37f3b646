"""What each event of a release leaves for questions across releases; derived anew at the next start."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Add the tables; there is no way back, a backup is."""
    _runs()
    op.create_table(
        "failures",
        *_key("environment", "ticket", version=True),
        sa.Column("run", sa.Integer, nullable=False),
        sa.Column("at", sa.String(27), nullable=False),
        *_texts("code", "cause", "phase", "step"),
    )
    op.create_index("failures_by_code", "failures", ["environment", "code", "at"])
    op.create_table(
        "placements",
        *_key("environment", "service"),
        sa.Column("position", sa.Integer, primary_key=True),
        *_key("container"),
        sa.Column("at", sa.String(27), nullable=False),
        *_texts("ticket"),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("run", sa.Integer, nullable=False),
        *_texts("container_id", "reference", "image_id", "digest"),
    )
    op.create_table(
        "step_times",
        *_key("environment", "step", "at", "ticket", version=True),
        sa.Column("run", sa.Integer, nullable=False),
        sa.Column("seconds", sa.Float, nullable=False),
        *_texts("outcome"),
    )
    op.create_index("step_times_by_run", "step_times", ["environment", "ticket", "run"])


def _runs() -> None:
    op.create_table(
        "changes",
        *_key("environment", "ticket", version=True),
        sa.Column("at", sa.String(27), nullable=False),
        sa.Column("run", sa.Integer, nullable=False),
        *_texts("state"),
    )
    op.create_index("changes_by_time", "changes", ["environment", "at"])
    op.create_table(
        "runs",
        *_key("environment", "ticket"),
        sa.Column("run", sa.Integer, primary_key=True),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("started_at", sa.String(27), nullable=False),
        sa.Column("ended_at", sa.String(27)),
        *_texts("state", "by", "services"),
    )
    op.create_index("runs_by_time", "runs", ["environment", "started_at"])
    op.create_table(
        "run_services",
        *_key("environment", "service", "started_at", "ticket"),
        sa.Column("run", sa.Integer, primary_key=True),
    )


def _key(*names: str, version: bool = False) -> list[sa.Column[str] | sa.Column[int]]:
    """Give the columns of a primary key; times among them have a fixed width."""
    texts = [sa.Column(name, sa.String(27) if name.endswith("at") else sa.Text, primary_key=True) for name in names]
    return [*texts, *([sa.Column("version", sa.Integer, primary_key=True)] if version else [])]


def _texts(*names: str) -> list[sa.Column[str]]:
    return [sa.Column(name, sa.Text, nullable=False) for name in names]

"""The list of releases tells how often an operator decided against the usual way."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Add the column, and have the list derived anew: the checkpoint is what says how far it has come."""
    op.add_column("releases", sa.Column("overrides", sa.Integer, nullable=False, server_default="0"))
    op.execute("DELETE FROM checkpoints WHERE projection = 'releases'")

"""How many rows of a load took the place of others."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Add a column; of loads before it nobody knows."""
    op.add_column("loads", sa.Column("updated", sa.Integer, nullable=True))


def downgrade() -> None:
    """Remove it."""
    op.drop_column("loads", "updated")

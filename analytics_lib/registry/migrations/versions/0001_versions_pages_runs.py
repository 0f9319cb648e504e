"""Versions, pages and runs."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Create the first tables."""
    op.create_table(
        "versions",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("report", sa.String(200), nullable=False),
        sa.Column("page", sa.String(200), nullable=False),
        sa.Column("number", sa.Integer, nullable=False),
        sa.Column("key", sa.String(64), nullable=False),
        sa.Column("base_key", sa.String(64), nullable=False),
        sa.Column("parameters", sa.JSON, nullable=False),
        sa.Column("sources", sa.JSON, nullable=False),
        sa.Column("facts", sa.JSON, nullable=False),
        sa.Column("badge", sa.String(20), nullable=False),
        sa.Column("folder", sa.Text, nullable=False),
        sa.Column("rendered_at", sa.DateTime, nullable=False),
        sa.Column("seconds", sa.Float, nullable=False),
    )
    op.create_index("ix_versions_page", "versions", ["report", "page", "number"])
    op.create_table(
        "pages",
        sa.Column("report", sa.String(200), primary_key=True),
        sa.Column("page", sa.String(200), primary_key=True),
        sa.Column("version", sa.Integer, sa.ForeignKey("versions.id"), nullable=True),
        sa.Column("stale_since", sa.DateTime, nullable=True),
        sa.Column("stale_kind", sa.String(20), nullable=True),
        sa.Column("stale_reason", sa.Text, nullable=True),
        sa.Column("refused_key", sa.String(64), nullable=True),
    )
    op.create_table(
        "runs",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("report", sa.String(200), nullable=False),
        sa.Column("page", sa.String(200), nullable=False),
        sa.Column("parameters", sa.JSON, nullable=False),
        sa.Column("status", sa.String(20), nullable=False),
        sa.Column("reason", sa.Text, nullable=True),
        sa.Column("version", sa.Integer, nullable=True),
        sa.Column("started_at", sa.DateTime, nullable=False),
        sa.Column("seconds", sa.Float, nullable=False),
    )
    op.create_index("ix_runs_page", "runs", ["report", "page", "started_at"])


def downgrade() -> None:
    """Remove them."""
    for table in ("runs", "pages", "versions"):
        op.drop_table(table)

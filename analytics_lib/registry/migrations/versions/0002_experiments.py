"""Experiments, their steps and looks."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Add three tables; what is there stays as it is."""
    op.create_table(
        "experiments",
        sa.Column("name", sa.String(200), primary_key=True),
        sa.Column("definition", sa.JSON, nullable=False),
        sa.Column("title", sa.Text, nullable=False),
        sa.Column("owner", sa.Text, nullable=False),
        sa.Column("tags", sa.JSON, nullable=False),
        sa.Column("start", sa.Date, nullable=False),
        sa.Column("end", sa.Date, nullable=False),
        sa.Column("status", sa.String(20), nullable=False),
        sa.Column("decision", sa.Text, nullable=True),
        sa.Column("registered_at", sa.DateTime, nullable=False),
    )
    op.create_table(
        "experiment_steps",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("experiment", sa.String(200), sa.ForeignKey("experiments.name"), nullable=False),
        sa.Column("at", sa.DateTime, nullable=False),
        sa.Column("who", sa.Text, nullable=False),
        sa.Column("why", sa.Text, nullable=False),
        sa.Column("before", sa.String(20), nullable=True),
        sa.Column("after", sa.String(20), nullable=False),
        sa.Column("decision", sa.Text, nullable=True),
    )
    op.create_index("ix_experiment_steps_experiment", "experiment_steps", ["experiment", "id"])
    op.create_table(
        "experiment_looks",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("experiment", sa.String(200), sa.ForeignKey("experiments.name"), nullable=False),
        sa.Column("at", sa.DateTime, nullable=False),
        sa.Column("who", sa.Text, nullable=False),
        sa.Column("verdict", sa.String(20), nullable=True),
        sa.Column("data", sa.JSON, nullable=False),
    )
    op.create_index("ix_experiment_looks_experiment", "experiment_looks", ["experiment", "id"])


def downgrade() -> None:
    """Remove them."""
    for table in ("experiment_looks", "experiment_steps", "experiments"):
        op.drop_table(table)

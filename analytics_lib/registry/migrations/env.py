"""Alembic's entry: migrate over the connection that the registry hands in."""

from __future__ import annotations

from alembic import context

from analytics_lib.registry.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    render_as_batch=True,  # SQLite changes a table by copying it
)
with context.begin_transaction():
    context.run_migrations()

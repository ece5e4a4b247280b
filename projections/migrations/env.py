"""How alembic reaches the views: over the connection that `open_views` hands it."""

from alembic import context

from projections.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    transactional_ddl=True,
)
with context.begin_transaction():
    context.run_migrations()

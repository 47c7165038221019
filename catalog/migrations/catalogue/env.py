"""What Alembic runs for this chain: on the connection that `catalog.database.migrate` gives."""

from alembic import context

from catalog.accounts.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    compare_server_default=True,
)
with context.begin_transaction():
    context.run_migrations()

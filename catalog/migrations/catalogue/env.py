"""What Alembic runs for this chain: on the connection that `catalog.database.migrate` gives."""

from alembic import context

from catalog.every_table import CATALOGUE

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=CATALOGUE,
    compare_server_default=True,
)
with context.begin_transaction():
    context.run_migrations()

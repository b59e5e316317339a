"""Run by Alembic for each command: migrates on the connection, and in the transaction, it is given.

See "Connection Sharing" in https://alembic.sqlalchemy.org/en/latest/cookbook.html
"""

from alembic import context

from hydra_quant.memory.kinds import METADATA
from hydra_quant.memory.migrations import VERSION_TABLE

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=METADATA,
    version_table=VERSION_TABLE,
    # SQLite can change few things about a table in place: it is copied where it cannot.
    render_as_batch=True,
)
with context.begin_transaction():
    context.run_migrations()

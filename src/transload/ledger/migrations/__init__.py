"""Steps from one version of the ledger's tables to the next, run by Alembic inside one transaction."""

from pathlib import Path

from alembic.migration import MigrationContext
from alembic.operations import Operations
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text

from transload.ledger.schema import VERSION


def upgrade(db: Connection) -> None:
    """Bring the tables from `PRAGMA user_version` to `schema.VERSION`. The caller commits."""
    version = db.execute(text("PRAGMA user_version")).scalar_one()
    script = ScriptDirectory(str(Path(__file__).parent))
    context = MigrationContext.configure(db)
    with Operations.context(context):
        steps = sorted(script.walk_revisions(), key=lambda step: int(step.revision))
        for step in steps:
            if version < int(step.revision) <= VERSION:
                step.module.upgrade()
    db.execute(text(f"PRAGMA user_version={VERSION}"))

"""Version 8: what was sent before a sum over it proved wrong says so."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column."""
    op.add_column("items", sa.Column("doubt", sa.Text(), nullable=True))

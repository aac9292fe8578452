"""Version 10: the turns in which an account sends."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the table."""
    op.create_table(
        "turns",
        sa.Column("scope", sa.Text(), primary_key=True),
        sa.Column("free_ms", sa.BigInteger(), nullable=False),
        sa.Column("slowness", sa.Float(), nullable=False),
        sa.Column("slowed_ms", sa.BigInteger(), nullable=False),
    )

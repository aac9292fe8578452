"""Version 4: programs that were started, and whether a kept original is all of its entry."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column and the table."""
    op.add_column(
        "quarantine", sa.Column("complete", sa.Boolean(), server_default="1", nullable=False)
    )
    op.create_table(
        "children",
        sa.Column("machine", sa.Text(), nullable=False),
        sa.Column("pid", sa.Integer(), nullable=False),
        sa.Column("started", sa.Text(), nullable=False),
        sa.Column("command", sa.Text(), nullable=False),
        sa.Column("parent_pid", sa.Integer(), nullable=False),
        sa.Column("parent_started", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("machine", "pid", "started"),
    )

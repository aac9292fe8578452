"""Version 2: places inside archives within a source, and passwords of waiting jobs."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the columns, let the place be unique instead of the index, make the table of passwords."""
    for table in ("items", "receipts"):
        op.add_column(table, sa.Column("inner", sa.Text(), server_default="", nullable=False))
    op.drop_index("item_of_entry", table_name="items")
    op.create_index("item_of_place", "items", ["job_id", "idx", "inner"], unique=True)
    op.create_table(
        "passwords",
        sa.Column("job_id", sa.Text(), nullable=False),
        sa.Column("n", sa.Integer(), nullable=False),
        sa.Column("secret", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["job_id"], ["jobs.id"]),
        sa.PrimaryKeyConstraint("job_id", "n"),
    )

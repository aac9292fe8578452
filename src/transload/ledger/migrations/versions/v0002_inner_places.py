"""Version 2: the source's version, earlier deliveries of duplicates, places inside archives, passwords.

Some ledgers of version 1 have the first two already: they were made between two releases.
"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the columns, let the place be unique instead of the index, make the table of passwords."""
    known = sa.inspect(op.get_bind())
    if "version" not in {column["name"] for column in known.get_columns("jobs")}:
        version = sa.Column("version", sa.Text(), server_default="", nullable=False)
        op.add_column("jobs", version)
    if "twin" not in {column["name"] for column in known.get_columns("items")}:
        op.add_column("items", sa.Column("twin", sa.Integer(), nullable=True))
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

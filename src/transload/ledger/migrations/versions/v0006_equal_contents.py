"""Version 6: equal contents are found by their place, duplicates by the item they stand for."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Widen one index, add another."""
    op.drop_index("receipt_of_content", "receipts")
    op.create_index(
        "receipt_of_content",
        "receipts",
        ["destination", "sha256", "recipe", "idx", "inner"],
        unique=False,
    )
    op.create_index(
        "duplicates_by_twin",
        "items",
        ["job_id", "twin"],
        unique=False,
        sqlite_where=sa.text("twin IS NOT NULL"),
        postgresql_where=sa.text("twin IS NOT NULL"),
    )

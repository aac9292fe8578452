"""Version 7: small pictures lie beside the page that shows them."""

from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Drop the table; what a page needs of it is made again from the files."""
    op.drop_index(op.f("ix_thumbs_job_id"), "thumbs")
    op.drop_table("thumbs")

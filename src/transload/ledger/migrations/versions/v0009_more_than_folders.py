"""Version 9: outputs have references and claims instead of paths; uploads, stagings, waits and scopes have rows."""

import unicodedata

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables anew where a column changes, and add the others."""
    _references()
    _claims()
    op.add_column("albums", sa.Column("note", sa.JSON(), nullable=True))
    op.create_table(
        "stagings",
        sa.Column("item_id", sa.Integer(), sa.ForeignKey("items.id"), primary_key=True),
        sa.Column("staged", sa.JSON(), nullable=False),
        sa.Column("staged_ms", sa.BigInteger(), nullable=False),
    )
    op.create_table(
        "uploads",
        sa.Column("item_id", sa.Integer(), sa.ForeignKey("items.id"), primary_key=True),
        sa.Column("n", sa.Integer(), primary_key=True),
        sa.Column("file_id", sa.Text(), nullable=False),
        sa.Column("size_bytes", sa.BigInteger(), nullable=False),
        sa.Column("part_bytes", sa.Integer(), nullable=False),
        sa.Column("sums", sa.LargeBinary(), nullable=False),
        sa.Column("done", sa.LargeBinary(), nullable=False),
        sa.Column("first_part_ms", sa.BigInteger()),
    )
    op.create_table(
        "waits",
        sa.Column("scope", sa.Text(), primary_key=True),
        sa.Column("until_ms", sa.BigInteger(), nullable=False),
        sa.Column("outages", sa.Integer(), nullable=False),
        sa.Column("fault", sa.JSON(), nullable=False),
    )
    op.create_table(
        "scopes",
        sa.Column("job_id", sa.Text(), sa.ForeignKey("jobs.id"), primary_key=True),
        sa.Column("scope", sa.Text(), primary_key=True),
    )


def _references() -> None:
    """SQLite cannot let a column go without a value: the table is made anew."""
    op.create_table(
        "outputs_9",
        sa.Column("item_id", sa.Integer(), sa.ForeignKey("items.id"), primary_key=True),
        sa.Column("n", sa.Integer(), primary_key=True),
        sa.Column("destination", sa.Text(), nullable=False),
        sa.Column("reference", sa.Text(), nullable=False),
        sa.Column("claim", sa.Text()),
        sa.Column("plan", sa.JSON()),
        sa.Column("size_bytes", sa.BigInteger(), nullable=False),
        sa.Column("sha256", sa.Text()),
        sa.Column("landed", sa.Boolean(), nullable=False),
    )
    op.execute(
        "INSERT INTO outputs_9 (item_id, n, destination, reference, claim, size_bytes, sha256, landed)"
        " SELECT item_id, n, destination, path, path_key, size_bytes, sha256, landed FROM outputs"
    )
    op.drop_table("outputs")
    op.rename_table("outputs_9", "outputs")
    op.create_index("one_output_a_claim", "outputs", ["destination", "claim"], unique=True)
    op.create_index("open_intents", "outputs", ["item_id"], sqlite_where=sa.text("landed = 0"))
    _rewrite("outputs")


def _claims() -> None:
    op.rename_table("folders", "claims")
    op.execute("ALTER TABLE claims RENAME COLUMN path_key TO claim")
    op.execute("ALTER TABLE claims RENAME COLUMN source_identity TO owner")
    op.execute("ALTER TABLE claims RENAME COLUMN path TO value")
    _rewrite("claims")


def _rewrite(table: str) -> None:
    """A few letters were written otherwise than they were asked for; where two claims become one, both stay."""
    raw = op.get_bind().connection.driver_connection
    assert raw is not None
    raw.create_function("as_claim", 1, _as_claim, deterministic=True)
    op.execute(
        f"UPDATE OR IGNORE {table} SET claim = as_claim(claim) WHERE claim <> as_claim(claim)"
    )


def _as_claim(path: str) -> str:
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", path).casefold())

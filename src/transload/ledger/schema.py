"""The tables of the ledger. Times are UTC integer milliseconds, sizes bytes, documents JSON text.

`VERSION` is the schema's number (`PRAGMA user_version`); a step of `migrations/` leads to each from the one before.
"""

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    text,
)

VERSION = 10

metadata = MetaData()
Json = JSON(none_as_null=True)  # None is SQL NULL, not the JSON word

jobs = Table(
    "jobs",
    metadata,
    Column("id", Text, primary_key=True),
    Column("identity", Text, nullable=False),
    Column("source", Text, nullable=False),
    Column("source_identity", Text, nullable=False),
    Column("destination", Text, nullable=False),
    Column("recipe", Text, nullable=False),
    Column("title", Text, nullable=False),
    Column("options", Json, nullable=False),
    Column("folder", Text),
    Column("state", Text, nullable=False),
    Column("control", Text),  # what a command asked for: "cancel" or "pause"
    Column("wanted_ms", BigInteger, nullable=False),  # when a command last asked for this job
    Column("detached", Boolean, nullable=False, default=False),
    Column(
        "version", Text, nullable=False, server_default=""
    ),  # of the source's content, where known
    Column("wait_reason", Text),
    Column("wait_until_ms", BigInteger),
    Column("fault", Json),
    Column("warnings", Json, nullable=False, default=list),
    Column("bytes_read", BigInteger, nullable=False, default=0),
    Column("bytes_sent", BigInteger, nullable=False, default=0),
    Column("peak_scratch_bytes", BigInteger, nullable=False, default=0),
    Column("progress", Json),
    Column("attempt", Integer, nullable=False, default=1),
    Column("seq", Integer, nullable=False, default=0),
    Column("created_ms", BigInteger, nullable=False),
    Column("started_ms", BigInteger),
    Column("finished_ms", BigInteger),
)
# One unfinished job for one identity: the same command twice continues it.
Index(
    "one_open_job",
    jobs.c.identity,
    unique=True,
    sqlite_where=text("state IN ('queued','running','waiting')"),
)

items = Table(
    "items",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("job_id", Text, ForeignKey("jobs.id"), nullable=False),
    Column("idx", Integer, nullable=False),
    Column("inner", Text, nullable=False, server_default=""),  # the place inside archives within
    Column("name", Text, nullable=False),
    Column("raw_name", LargeBinary),  # only where it is not the UTF-8 of `name`
    Column("size", BigInteger),
    Column("state", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("verdict", Text),
    Column("why", Text, nullable=False, default=""),
    Column("crc32", BigInteger),
    Column("sha256", Text),
    Column("mtime_ms", BigInteger),
    Column("partial", Boolean, nullable=False, default=False),
    Column("doubt", Text),  # why its bytes are not vouched for, found when they may have been sent
    Column("recovered", Boolean, nullable=False, default=False),
    Column("deferred", Boolean, nullable=False, default=False),
    Column("album", Integer),
    Column("twin", Integer),  # of a duplicate: the earlier job's item whose delivery it is
    Column("fault", Json),
    Column("judgement", Json),
    Column("sent_ms", BigInteger),
)
Index("item_of_place", items.c.job_id, items.c.idx, items.c.inner, unique=True)
Index("items_by_state", items.c.job_id, items.c.state, items.c.idx)
Index(
    "duplicates_by_twin",
    items.c.job_id,
    items.c.twin,
    sqlite_where=text("twin IS NOT NULL"),
)

outputs = Table(
    "outputs",
    metadata,
    Column("item_id", Integer, ForeignKey("items.id"), primary_key=True),
    Column("n", Integer, primary_key=True),
    Column("destination", Text, nullable=False),
    Column(
        "reference", Text, nullable=False
    ),  # where it is there; empty until only the delivery shows that
    Column("claim", Text),  # a name that nothing else may have there
    Column("plan", Json),  # the destination's own
    Column("size_bytes", BigInteger, nullable=False),
    Column("sha256", Text),  # null until a stream has been read
    Column("landed", Boolean, nullable=False),  # false: an intent, true: a receipt
)
Index("one_output_a_claim", outputs.c.destination, outputs.c.claim, unique=True)
Index(
    "open_intents",
    outputs.c.item_id,
    unique=False,
    sqlite_where=text("landed = 0"),
)

# Names in a destination that are no outputs: a library's folders.
claims = Table(
    "claims",
    metadata,
    Column("destination", Text, primary_key=True),
    Column("claim", Text, primary_key=True),
    Column("owner", Text),  # set for what belongs to one source
    Column("value", Text, nullable=False),
)

# Items whose files were uploaded before their album was formed.
stagings = Table(
    "stagings",
    metadata,
    Column("item_id", Integer, ForeignKey("items.id"), primary_key=True),
    Column("staged", Json, nullable=False),  # the destination's own
    Column("staged_ms", BigInteger, nullable=False),
)

# Files on their way in parts, for destinations that can go on after the parts they have.
uploads = Table(
    "uploads",
    metadata,
    Column("item_id", Integer, ForeignKey("items.id"), primary_key=True),
    Column("n", Integer, primary_key=True),
    Column("file_id", Text, nullable=False),  # the destination's name for it
    Column("size_bytes", BigInteger, nullable=False),
    Column("part_bytes", Integer, nullable=False),
    Column("sums", LargeBinary, nullable=False),  # four bytes a part: its CRC-32
    Column("done", LargeBinary, nullable=False),  # one bit a part
    Column("first_part_ms", BigInteger),
)

receipts = Table(
    "receipts",
    metadata,
    Column("item_id", Integer, ForeignKey("items.id"), primary_key=True),
    Column("job_id", Text, nullable=False),
    Column("destination", Text, nullable=False),
    Column("recipe", Text, nullable=False),
    Column("source_identity", Text, nullable=False),
    Column("idx", Integer, nullable=False),
    Column("inner", Text, nullable=False, server_default=""),
    Column("sha256", Text, nullable=False),
    Column("sent_ms", BigInteger, nullable=False),
)
# With the place: a hundred thousand empty files share one sum, and each looks for its own earlier delivery.
Index(
    "receipt_of_content",
    receipts.c.destination,
    receipts.c.sha256,
    receipts.c.recipe,
    receipts.c.idx,
    receipts.c.inner,
)

albums = Table(
    "albums",
    metadata,
    Column("job_id", Text, primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("members", Integer, nullable=False),
    Column("note", Json),  # what the destination noted before it was sent
)

# Until when something outside must not be asked, whoever wants it: an account's method, a chat, a host.
waits = Table(
    "waits",
    metadata,
    Column("scope", Text, primary_key=True),
    Column("until_ms", BigInteger, nullable=False),
    Column("outages", Integer, nullable=False),  # in a row; 0: the other side named the time
    Column("fault", Json, nullable=False),
)
scopes = Table(
    "scopes",
    metadata,
    Column("job_id", Text, ForeignKey("jobs.id"), primary_key=True),
    Column("scope", Text, primary_key=True),
)

# In which turns something outside may be used: until when those reserved last, and how much slower they became.
turns = Table(
    "turns",
    metadata,
    Column("scope", Text, primary_key=True),
    Column("free_ms", BigInteger, nullable=False),
    Column("slowness", Float, nullable=False),
    Column("slowed_ms", BigInteger, nullable=False),
)

tasks = Table(
    "tasks",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("job_id", Text, ForeignKey("jobs.id"), nullable=False),
    Column("kind", Text, nullable=False),
    Column("lane", Text, nullable=False),
    Column("item_id", Integer),
    Column("priority", Integer, nullable=False, default=0),
    Column("due_ms", BigInteger, nullable=False, default=0),
    Column("owner", Text),
    Column("lease_until_ms", BigInteger),
    Column("epoch", Integer, nullable=False, default=0),
    Column("deaths", Integer, nullable=False, default=0),
    Column("tries", Integer, nullable=False, default=0),
    Column("seen_seq", Integer, nullable=False, default=0),  # the job's seq when it last began
    sqlite_autoincrement=True,  # an id is never used twice: a late writer cannot meet a new task
)
Index("due_tasks", tasks.c.lane, tasks.c.due_ms)
Index("tasks_of_job", tasks.c.job_id)

events = Table(
    "events",
    metadata,
    Column("job_id", Text, primary_key=True),
    Column("seq", Integer, primary_key=True),
    Column("at_ms", BigInteger, nullable=False),
    Column("what", Text, nullable=False),
    Column("data", Json, nullable=False),
)

# Only until the job ends; the pages they lay on are wiped (database.py).
passwords = Table(
    "passwords",
    metadata,
    Column("job_id", Text, ForeignKey("jobs.id"), primary_key=True),
    Column("n", Integer, primary_key=True),
    Column("secret", Text, nullable=False),
)

quarantine = Table(
    "quarantine",
    metadata,
    Column("id", Text, primary_key=True),
    Column("job_id", Text, nullable=False),
    Column("item_id", Integer, nullable=False, unique=True),
    Column("name", Text, nullable=False),
    Column("reason", Json, nullable=False),
    Column("file", Text),  # name inside the quarantine folder; null: only this reference is kept
    Column("size_bytes", BigInteger, nullable=False),
    Column("sha256", Text),
    Column("created_ms", BigInteger, nullable=False),
    Column("complete", Boolean, nullable=False, server_default="1"),  # 0: reading it broke off
)

# Parts of long transcodes; `key` names their folder, made of the source's hash and the settings'.
segments = Table(
    "segments",
    metadata,
    Column("key", Text, primary_key=True),
    Column("n", Integer, primary_key=True),  # -1: the audio
    Column("source", Text, nullable=False),
    Column("first", BigInteger, nullable=False),
    Column("frames", BigInteger, nullable=False),
    Column("first_tick", BigInteger),
    Column("last_tick", BigInteger),
    Column("size_bytes", BigInteger, nullable=False),
    Column("sha256", Text, nullable=False),
    Column("guard", Text, nullable=False),
    Column("made_ms", BigInteger, nullable=False),
)

# How a long transcode is made for good, chosen when its first part was measured; kept as long as its parts.
choices = Table(
    "choices",
    metadata,
    Column("key", Text, primary_key=True),
    Column("source", Text, nullable=False),
    Column("preset", Text, nullable=False),
    Column("lines", Integer, nullable=False),
    Column("note", Text, nullable=False),
    Column("made_ms", BigInteger, nullable=False),
)

# Programs started for a job, until they have been reaped; the next run ends those of a dead parent.
children = Table(
    "children",
    metadata,
    Column("machine", Text, primary_key=True),
    Column("pid", Integer, primary_key=True),
    Column("started", Text, primary_key=True),  # as the kernel counts it, with the boot it is of
    Column("command", Text, nullable=False),  # a word of its command line
    Column("parent_pid", Integer, nullable=False),
    Column("parent_started", Text, nullable=False),
)

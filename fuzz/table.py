"""What a run comes to, as lines."""

import tempfile
import zlib
from pathlib import Path

from fuzz.cases import Crash, Tally, Target

_SHOWN_BYTES = 400
_SHOWN_KINDS = 12


def shown(tally: Tally, target: Target) -> str:
    """A line of the table, then the outcomes that its cases came to, in shares of them."""
    line = f"{tally.target:<9} {tally.cases:>9,} {tally.cpu_s:>8.1f} {_rate(tally):>8,.0f} {_opened(tally):>8.1%}"
    if not reaches(tally, target):
        line += f"   <-- below {target.opened_min:.0%}: the cases do not reach deep"
    kinds = [f"{kind} {count / tally.cases:.1%}" for kind, count in tally.kinds.most_common()]
    rest = [f"{len(kinds) - _SHOWN_KINDS} more"] if len(kinds) > _SHOWN_KINDS else []
    return f"{line}\n          {' · '.join(kinds[:_SHOWN_KINDS] + rest)}"


def head() -> str:
    """The names of the columns; seconds are CPU time, shrinking a crash included."""
    return f"{'target':<9} {'cases':>9} {'CPU s':>8} {'cases/s':>8} {'opened':>8}"


def reaches(tally: Tally, target: Target) -> bool:
    """Whether enough of the cases got past the door."""
    return _opened(tally) >= target.opened_min


def told(crash: Crash) -> str:
    """A crash with what is needed to see it again; its smallest case is kept in a file."""
    name = f"transload-fuzz-{crash.target}-{zlib.crc32(crash.data):08x}.bin"
    kept = Path(tempfile.gettempdir()) / name
    kept.write_bytes(crash.data)
    some = crash.data[:_SHOWN_BYTES]
    return (
        f"CRASH in {crash.target}: seed {crash.seed}, case {crash.number}, {crash.made_bytes} bytes; "
        f"smallest {len(crash.data)} bytes: {some!r}{' …' if len(crash.data) > len(some) else ''}\n"
        f"again: python -m fuzz --only {crash.target} --replay {kept}\n{crash.raised}"
    )


def _rate(tally: Tally) -> float:
    return tally.cases / tally.cpu_s if tally.cpu_s else 0.0


def _opened(tally: Tally) -> float:
    return tally.opened / tally.cases if tally.cases else 0.0

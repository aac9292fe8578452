"""Names that are given once in a destination, as SQL: the `Claims` port."""

from collections.abc import Collection, Sequence
from typing import cast

from sqlalchemy import Connection, bindparam, case, insert, literal, select, union_all

from transload.ledger.schema import claims, items, outputs
from transload.model import Placement
from transload.ports import Holder
from transload.states import ITEM_OPEN


class LedgerClaims:
    """The `Claims` port inside the transaction that writes what is claimed.

    `kept` are claims seen before, which no other job gives back: they need not be asked for, and new ones are added.
    """

    def __init__(self, db: Connection, destination: str, kept: set[str] | None = None) -> None:
        self._db = db
        self._destination = destination
        self._kept = set[str]() if kept is None else kept
        self._outputs: dict[str, Holder | None] = {}  # what this batch plans, and what was asked

    def holder(self, claim: str) -> Holder | None:
        """Who has a name, from the ledger and this batch alone."""
        if claim in self._kept:
            return "claim"
        if claim not in self._outputs:
            self.look_up([claim])
        return "claim" if claim in self._kept else self._outputs[claim]

    def look_up(self, claims: Collection[str]) -> None:
        """Ask for many names at once, from the ledger and this batch."""
        unknown = [one for one in claims if one not in self._kept and one not in self._outputs]
        self._outputs |= dict.fromkeys(unknown)
        for n in range(0, len(unknown), _NAMES_MAX):
            asked = {"at": self._destination, "names": unknown[n : n + _NAMES_MAX]}
            for row in self._db.execute(_HOLDERS, asked):
                if row.holder == "claim":
                    self._kept.add(row.claim)
                else:
                    self._outputs[row.claim] = cast("Holder", row.holder)

    def owned_by(self, owner: str) -> str | None:
        """The value of the claim of this owner."""
        mine = (claims.c.destination == self._destination) & (claims.c.owner == owner)
        return self._db.execute(select(claims.c.value).where(mine)).scalar()

    def add(self, claim: str, value: str, owner: str | None = None) -> None:
        """Claim a name for no output; one that is claimed already stays as it is."""
        if self.holder(claim) != "claim":
            row = {"destination": self._destination, "claim": claim, "owner": owner, "value": value}
            self._db.execute(_ADDED, row)
            self._kept.add(claim)


_ADDED = insert(claims)
_IS_CERTAIN = outputs.c.landed | items.c.state.in_([one.value for one in ITEM_OPEN])
_NAMES_MAX = 500  # SQLite takes 32,766 parameters; few lengths are few statements
_OUTPUTS = (
    select(outputs.c.claim, case((_IS_CERTAIN, "output"), else_="doubtful").label("holder"))
    .join(items, items.c.id == outputs.c.item_id)
    .where(outputs.c.destination == bindparam("at"))
)
_CLAIMS = select(claims.c.claim, literal("claim").label("holder")).where(
    claims.c.destination == bindparam("at")
)
_HOLDERS = union_all(
    _OUTPUTS.where(outputs.c.claim.in_(bindparam("names", expanding=True))),
    _CLAIMS.where(claims.c.claim.in_(bindparam("names", expanding=True))),
)


def doubtful_items(db: Connection, destination: str, placements: Sequence[Placement]) -> list[int]:
    """Items of ended jobs whose names these are, and of which nobody knows whether they arrived."""
    names = [one.claim for one in placements if one.claim is not None]
    at = {"at": destination, "names": names}
    return list(db.execute(_DOUBTFUL, at).scalars()) if names else []


_DOUBTFUL = (
    select(outputs.c.item_id)
    .join(items, items.c.id == outputs.c.item_id)
    .where(outputs.c.destination == bindparam("at"), ~_IS_CERTAIN)
    .where(outputs.c.claim.in_(bindparam("names", expanding=True)))
)

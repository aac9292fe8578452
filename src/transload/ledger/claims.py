"""Names that are given once in a destination, as SQL: the `Claims` port."""

from collections.abc import Mapping, Sequence
from typing import cast

from sqlalchemy import Connection, bindparam, case, insert, literal, select, union_all

from transload.ledger.schema import claims, items, outputs
from transload.model import Placement
from transload.ports import Holder
from transload.states import ITEM_OPEN


class LedgerClaims:
    """The `Claims` port inside the transaction that writes what is claimed."""

    def __init__(
        self, db: Connection, destination: str, known: Mapping[str, Holder] | None = None
    ) -> None:
        self._db = db
        self._destination = destination
        self._known: dict[str, Holder] = dict(
            known or {}
        )  # what this batch claims, and what was seen before

    def holder(self, claim: str) -> Holder | None:
        """Who has a name, from the ledger and this batch alone."""
        if claim not in self._known:
            at = {"at": self._destination, "name": claim}
            found = self._db.execute(_HOLDER, at).scalar()
            return None if found is None else cast("Holder", found)
        return self._known[claim]

    def owned_by(self, owner: str) -> str | None:
        """The value of the claim of this owner."""
        mine = (claims.c.destination == self._destination) & (claims.c.owner == owner)
        return self._db.execute(select(claims.c.value).where(mine)).scalar()

    def add(self, claim: str, value: str, owner: str | None = None) -> None:
        """Claim a name for no output; one that is claimed already stays as it is."""
        if self._known.get(claim) == "claim":
            return
        mine = (claims.c.destination == self._destination) & (claims.c.claim == claim)
        if self._db.execute(select(claims.c.value).where(mine)).first() is None:
            row = {"destination": self._destination, "claim": claim, "owner": owner, "value": value}
            self._db.execute(insert(claims).values(row))
        self._known[claim] = "claim"

    def note(self, placements: Sequence[Placement]) -> None:
        """Remember what outputs of this batch claim."""
        self._known |= {one.claim: "output" for one in placements if one.claim is not None}

    def kept(self) -> dict[str, Holder]:
        """The claims that no other job gives back: they need not be asked for again."""
        return {name: holder for name, holder in self._known.items() if holder == "claim"}


_IS_CERTAIN = outputs.c.landed | items.c.state.in_([one.value for one in ITEM_OPEN])
_HOLDER = union_all(
    select(case((_IS_CERTAIN, "output"), else_="doubtful"))
    .join(items, items.c.id == outputs.c.item_id)
    .where(outputs.c.destination == bindparam("at"), outputs.c.claim == bindparam("name")),
    select(literal("claim")).where(
        claims.c.destination == bindparam("at"), claims.c.claim == bindparam("name")
    ),
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

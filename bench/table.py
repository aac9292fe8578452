"""A figure and its line in the table."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Figure:
    """One measured value with the bound it is held against; without a bound it only informs."""

    name: str
    value: float
    bound: float | None = None
    unit: str = ""

    @property
    def ok(self) -> bool:
        """Whether the value is within its bound; what has none is never beyond it."""
        return self.bound is None or self.value <= self.bound


def shown(figure: Figure) -> str:
    """`name  value unit  (bound ...)`, with a mark where the bound is missed."""
    mark = "" if figure.ok else "   <-- beyond"
    value, bound = f"{figure.value:.2f} {figure.unit}", "no bound"
    if figure.bound is not None:
        bound = f"bound {figure.bound:g} {figure.unit}"
    return f"{figure.name:<58} {value:>16}   {bound:<18}{mark}"

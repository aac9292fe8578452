"""What a dry run found, in words."""

from transload.faults import Fault
from transload.model import Inspection, ItemKind, Judgement, Verdict
from transload.present.dry_run import Cost, cost_lines, entry_line


def test_costs_in_words() -> None:
    cost = Cost(entries=3, delivered=2, skipped=1, deliver_bytes=3 << 20, convert_s=90)
    text = "\n".join(cost_lines(cost, "say it"))
    assert "2 items of 3 would be delivered, 3 MiB" in text
    assert "1:30 min of processor time" in text


def looked(
    verdict: Verdict, kind: ItemKind = ItemKind.PHOTO, fault: Fault | None = None
) -> Inspection:
    return Inspection("a", 1 << 20, Judgement(kind, verdict, "why", fault=fault, cost_s=2.0))


def test_each_verdict_counts_once_and_decides_the_exit_status() -> None:
    cost = Cost()
    for one in (
        looked(Verdict.AS_IS),
        looked(Verdict.TRANSCODE, ItemKind.VIDEO),
        looked(Verdict.SKIP, ItemKind.ARCHIVE),
    ):
        cost.add(one)
    assert (cost.entries, cost.delivered, cost.converted, cost.skipped, cost.opened) == (
        3,
        2,
        1,
        1,
        1,
    )
    assert (cost.deliver_bytes, cost.convert_s, cost.exit_status) == (2 << 20, 4.0, 0)
    cost.add(looked(Verdict.UNSAVABLE, fault=Fault("input.corrupt", "broken")))
    assert (cost.unsavable, cost.exit_status) == (1, 3)
    locked = looked(Verdict.UNSAVABLE, fault=Fault("input.password_needed", "encrypted"))
    cost.add(locked)
    assert (cost.locked, cost.unsavable, cost.exit_status) == (1, 1, 5)
    assert entry_line(locked).startswith("locked ")
    assert "say it" in "\n".join(cost_lines(cost, "say it"))

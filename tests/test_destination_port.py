"""The port of destinations by shape: what an adapter is asked for is asked once, by what it can."""

from pathlib import Path

from tests.test_ports import words
from transload.destinations.library import Library
from transload.model import Intent, Job
from transload.ports import Destination, Powers, Refusal, Stager, Uploads


class Bringing(Library):
    """A library that takes files before their album."""

    def staging_scopes(self, job: Job) -> tuple[str, ...]:
        raise NotImplementedError

    async def stage(
        self, job: Job, intent: Intent, uploads: Uploads
    ) -> dict[str, object] | Refusal:
        raise NotImplementedError


def test_a_library_is_a_destination_and_stages_nothing(tmp_path: Path) -> None:
    library: Destination = Library(tmp_path)
    assert not isinstance(library, Stager)
    assert isinstance(Bringing(tmp_path), Stager)
    assert library.powers == Powers(gathers=False, streams=False, durable_receipts=False)


def test_a_library_has_all_that_is_asked_of_destinations() -> None:
    assert words(Destination).keys() <= words(Library).keys()
    assert {"plan", "deliver", "look_up", "close"} <= words(Destination).keys()

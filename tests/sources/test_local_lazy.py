"""A source opened when it is first read."""

from pathlib import Path

import pytest

from transload.entry import Limits, ReadReport
from transload.errors import SourceNotFoundError
from transload.ports import Source
from transload.sources.folder import FolderReader
from transload.sources.local import LazySource


class Opened:
    """Opens a folder and counts how often."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.times = folder, 0

    def __call__(self) -> Source:
        self.times += 1
        if not self.folder.exists():
            raise SourceNotFoundError(str(self.folder))
        return FolderReader(self.folder)


def test_it_is_opened_once_and_answers_as_the_source_does(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"123")
    opened = Opened(tmp_path)
    later, plain = LazySource(opened), FolderReader(tmp_path)
    assert (later.title, later.listed) == (plain.title, plain.listed)
    assert later.listing() == plain.listing()
    assert list(later.entries()) == list(plain.entries())
    assert later.cost_to(0) == plain.cost_to(0)
    read = [(entry.name, body.read(9)) for entry, body in later.stream(lambda _: True, 0, Limits())]
    assert read == [("a", b"123")]
    later.open()
    assert later.finish().bytes_read == 3
    later.close()
    assert opened.times == 1


def test_what_is_never_read_is_never_opened(tmp_path: Path) -> None:
    opened = Opened(tmp_path / "gone")
    later = LazySource(opened)
    assert later.finish() == ReadReport(0)
    later.close()
    assert opened.times == 0
    with pytest.raises(SourceNotFoundError):
        later.open()

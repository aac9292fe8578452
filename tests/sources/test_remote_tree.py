"""Walking a tree that a server lists: order, bounds, names from strangers, and what is asked for twice."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.archives.makers import outcomes
from transload.archives.blob import CountedFile
from transload.blob import ByteFile
from transload.entry import Entry, Limits
from transload.errors import (
    ConnectError,
    CorruptError,
    NeedsLocalFileError,
    NetworkTimeoutError,
    RemoteBrokenError,
    RemoteBusyError,
    RemoteForbiddenError,
    TransloadError,
    UnsteadyError,
)
from transload.sources import remote_tree
from transload.sources.remote_tree import RemoteTree, TreeEntry, TreePath, is_name
from transload.sources.tree_retries import TRIES


@dataclass
class OnDisk:
    """A file of a folder that stands for a server's."""

    there: Path
    in_parts: bool = True
    name: str = ""
    path: None = None

    def open(self) -> ByteFile:
        return CountedFile(self.there)

    def close(self) -> None:
        """Nothing is on its way."""


@dataclass
class Disk:
    """A `TreeServer` over a folder: what it is asked is counted, listings fail on demand."""

    folder: Path
    listed: list[str] = field(default_factory=list[str])
    asked: list[tuple[str, int]] = field(default_factory=list[tuple[str, int]])
    fails: dict[str, TransloadError] = field(default_factory=dict[str, TransloadError])
    more: dict[str, Sequence[TreeEntry]] = field(default_factory=dict[str, Sequence[TreeEntry]])
    in_parts: bool = True
    is_closed: bool = False
    rests: list[float] = field(default_factory=list[float])
    scope: str = "host:disk"

    def names(self, folder: TreePath) -> Sequence[TreeEntry]:
        word = b"/".join(folder).decode()
        self.listed.append(word)
        if word in self.fails:
            raise self.fails[word]
        if word in self.more:
            return self.more[word]
        return [
            TreeEntry(path.name.encode(), path.is_dir(), path.stat().st_size)
            for path in (self.folder / word).iterdir()
        ]

    def file(self, path: TreePath, first_bytes: int) -> OnDisk:
        word = b"/".join(path).decode()
        self.asked.append((word, first_bytes))
        if word in self.fails:
            raise self.fails[word]
        return OnDisk(self.folder / word, self.in_parts)

    def rest(self, seconds: float) -> None:
        self.rests.append(seconds)

    def close(self) -> None:
        self.is_closed = True


NAMES = ("IMG_10.jpg", "IMG_2.jpg", "b/x.jpg", "b/notes.txt", "a/deep/er/y.jpg", "z/last.jpg")
IN_ORDER = ["a/deep/er/y.jpg", "b/notes.txt", "b/x.jpg", "IMG_2.jpg", "IMG_10.jpg", "z/last.jpg"]


@pytest.fixture
def disk(tmp_path: Path) -> Disk:
    for name in NAMES:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(name.encode())
    return Disk(tmp_path)


def tree_of(disk: Disk, max_entries: int = 1000) -> RemoteTree:
    return RemoteTree(disk, "trip", max_entries)


def read_like_a_job(tree: RemoteTree, start: int = 0) -> dict[str, tuple[int, bytes]]:
    """Index and bytes by name, the entries asked for page by page while the bodies are read."""
    pages, seen = iter(tree.entries()), dict[int, str]()

    def want(entry: Entry) -> bool:
        while entry.index not in seen:
            one = next(pages)
            seen[one.index] = one.name
        return seen[entry.index] == entry.name

    stream = tree.stream(want, start, Limits())
    return {entry.name: (entry.index, body.read()) for entry, body in stream}


def test_the_walk_is_sorted_complete_and_asks_once(disk: Disk) -> None:
    tree = tree_of(disk)
    found = read_like_a_job(tree)
    assert list(found) == IN_ORDER
    assert {name: body for name, (_, body) in found.items()} == {n: n.encode() for n in NAMES}
    assert sorted(disk.listed) == ["", "a", "a/deep", "a/deep/er", "b", "z"]
    assert [name for name, _ in disk.asked] == IN_ORDER
    assert (tree.listing().format, tree.listing().entries, tree.title) == ("folder", None, "trip")
    assert tree.finish().bytes_read == sum(map(len, NAMES))
    assert tree.cost_to(3) == 0
    tree.close()
    assert disk.is_closed


def test_indices_are_the_same_in_every_run(disk: Disk) -> None:
    first, second = read_like_a_job(tree_of(disk)), read_like_a_job(tree_of(disk))
    assert first == second
    late = list(tree_of(disk).stream(lambda _: True, first["IMG_2.jpg"][0], Limits()))
    assert [entry.name for entry, _ in late] == IN_ORDER[3:]


def test_a_medium_is_asked_for_whole_anything_else_by_its_beginning(disk: Disk) -> None:
    read_like_a_job(tree_of(disk))
    assert dict(disk.asked)["b/x.jpg"] == len("b/x.jpg")
    assert dict(disk.asked)["b/notes.txt"] == remote_tree.LOOK_BYTES


def test_a_later_pass_asks_only_for_folders_on_its_way(
    disk: Disk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(remote_tree, "NAMES_KEPT", 0)
    tree = tree_of(disk)
    last = read_like_a_job(tree)["z/last.jpg"][0]
    disk.listed.clear()
    (entry,) = [entry for entry, _ in tree.stream(lambda _: True, last, Limits())]
    assert (entry.name, disk.listed) == ("z/last.jpg", ["", "z"])


@pytest.mark.parametrize(
    ("error", "kind", "tries"),
    [
        (RemoteForbiddenError("403"), "source.forbidden", 1),
        (RemoteBrokenError("500"), "source.server_error", TRIES.max_attempts),
        (NetworkTimeoutError("silent"), "source.server_error", TRIES.max_attempts),
        (RemoteBusyError("503"), "source.server_error", TRIES.max_attempts),
    ],
)
def test_a_folder_that_cannot_be_listed_is_an_entry_with_its_trouble(
    disk: Disk, error: TransloadError, kind: str, tries: int
) -> None:
    disk.fails["b"] = error
    tree = tree_of(disk)
    assert list(read_like_a_job(tree)) == [name for name in IN_ORDER if not name.startswith("b/")]
    (lost,) = [entry for entry in tree.entries() if entry.trouble]
    assert lost.trouble is not None
    assert (lost.name, lost.kind, lost.trouble.kind) == ("b", "file", kind)
    assert lost.trouble.item == "b"
    assert disk.listed.count("b") == tries  # once for both walks, which must see the same
    assert tree.finish().fault is None


def test_a_server_that_fails_altogether_is_waited_for(disk: Disk) -> None:
    for error in (ConnectError("gone"), RemoteBrokenError("502")):
        disk.fails = {}
        walk = tree_of(disk).entries()
        assert next(walk).name == "a"
        disk.fails = dict.fromkeys(("", "a/deep", "b"), error)
        with pytest.raises(type(error)) as raised:
            list(walk)
        assert raised.value.scope == disk.scope  # it is never given up
    disk.fails = {"": RemoteForbiddenError("403")}
    with pytest.raises(RemoteForbiddenError):
        list(tree_of(disk).entries())


def test_a_file_that_the_server_fails_on_fails_alone(disk: Disk) -> None:
    disk.fails["b/x.jpg"] = RemoteBrokenError("500")
    found = outcomes(tree_of(disk))
    lost = found.pop("b/x.jpg")
    assert isinstance(lost, UnsteadyError)
    assert [name for name, _ in disk.asked].count("b/x.jpg") == TRIES.max_attempts
    assert list(found) == [name for name in IN_ORDER if name != "b/x.jpg"]
    disk.fails[""] = ConnectError("gone")
    tree = tree_of(disk)
    tree_walk = tree.stream(lambda entry: entry.name == "b/x.jpg", 0, Limits())
    disk.fails.pop("")
    _, body = next(tree_walk)
    disk.fails[""] = ConnectError("gone")
    with pytest.raises(RemoteBrokenError):
        body.read(1)


@pytest.mark.parametrize("name", [b"..", b".", b"", b"a/b", b"/etc", b"a\0b", b"a\nb"])
def test_a_name_that_is_no_name_is_listed_and_never_asked_for(disk: Disk, name: bytes) -> None:
    assert not is_name(name)
    disk.more[""] = [TreeEntry(name, True), TreeEntry(name, False), TreeEntry(b"IMG_2.jpg", False)]
    tree = tree_of(disk)
    assert outcomes(tree) == {"IMG_2.jpg": b"IMG_2.jpg"}
    (refused,) = [entry for entry in tree.entries() if entry.trouble]
    assert (refused.kind, refused.blob) == ("file", None)
    assert {word for word, _ in disk.asked} == {"IMG_2.jpg"}
    assert disk.listed == [""]


def test_names_that_only_look_hostile_are_names(disk: Disk) -> None:
    assert all(map(is_name, (b"%2e%2e", b"...", b"a\\b", b"\xff", b" ")))


def test_a_tree_without_an_end_ends(tmp_path: Path) -> None:
    again = [TreeEntry(b"again", True), TreeEntry(b"x.jpg", False)]
    endless = Disk(tmp_path, more={"/".join(["again"] * n): again for n in range(100)})
    tree = tree_of(endless)
    entries = list(tree.entries())
    assert max(entry.name.count("/") for entry in entries) == remote_tree.DEPTH_MAX - 1
    (deepest,) = [entry for entry in entries if entry.trouble]
    assert deepest.trouble is not None
    assert deepest.trouble.kind == "input.limit"

    tree = tree_of(endless, max_entries=10)
    assert len(list(tree.entries())) == 10
    fault = tree.finish().fault
    assert fault is not None
    assert "archive.max_entries" in fault.detail


def test_a_name_that_is_given_twice_is_one(disk: Disk) -> None:
    disk.more[""] = [TreeEntry(b"b", True), TreeEntry(b"b", True), TreeEntry(b"IMG_2.jpg", False)]
    names = [entry.name for entry in tree_of(disk).entries()]
    assert names == ["b", "b/notes.txt", "b/x.jpg", "IMG_2.jpg"]


def test_a_folder_that_changes_while_it_is_read_ends_the_reading(
    disk: Disk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Behind a new name every index is another file's."""
    monkeypatch.setattr(remote_tree, "NAMES_KEPT", 0)
    tree = tree_of(disk)
    assert len(list(tree.entries())) == 11
    (disk.folder / "a/new.jpg").write_bytes(b"new")
    with pytest.raises(CorruptError, match="folder a was changed"):
        list(tree.entries())


def test_an_archive_and_its_body_are_one_request(disk: Disk) -> None:
    blobs = {entry.name: entry.blob for entry in tree_of(disk).entries()}
    assert blobs["a"] is None
    tree = tree_of(disk)
    for entry, body in tree.stream(lambda entry: entry.name == "b/notes.txt", 0, Limits()):
        assert body.read(3) == b"b/n"
        assert entry.blob is not None
        assert (entry.blob.name, entry.blob.path, entry.path) == ("notes.txt", None, None)
        with_closed(entry.blob.open(), lambda file: file.read_at(2, 5), b"notes")
        disk.in_parts = False
    assert len(disk.asked) == 1
    blob = blobs["b/x.jpg"]
    assert blob is not None
    with pytest.raises(NeedsLocalFileError):
        blob.open()


def with_closed(file: ByteFile, act: Callable[[ByteFile], bytes], expected: bytes) -> None:
    assert act(file) == expected
    file.close()

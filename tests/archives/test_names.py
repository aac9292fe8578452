import struct
import zlib
from itertools import chain, repeat
from timeit import timeit

from hypothesis import given
from hypothesis import strategies as st

from transload.archives.names import (
    UNICODE_PATH,
    NameDecoder,
    decode_tar_name,
    decoder_for,
    extra_field,
    unicode_name,
)


def _unicode_extra(raw: bytes, name: str, version: int = 1) -> bytes:
    body = struct.pack("<BL", version, zlib.crc32(raw)) + name.encode()
    return struct.pack("<HH", UNICODE_PATH, len(body)) + body


def test_utf8_comes_first_flag_or_not() -> None:
    decode = decoder_for(["Grüße/日本.jpg".encode(), "Отпуск.jpg".encode("cp866")], "cp437")
    assert decode == NameDecoder("cp866")
    assert decode("Grüße/日本.jpg".encode()) == "Grüße/日本.jpg"
    assert decode("Отпуск.jpg".encode("cp866")) == "Отпуск.jpg"


def test_without_odd_names_nothing_is_guessed() -> None:
    assert decoder_for([b"a.jpg", b"b/c.jpg"], "cp437") == NameDecoder("utf-8")


def test_code_page_437_reads_western_names() -> None:
    raw = "für.jpg".encode("cp437")
    assert decoder_for([raw], "cp437")(raw) == "für.jpg"


def test_damaged_characters_are_marked_and_the_rest_is_kept() -> None:
    assert NameDecoder("cp932")("写真".encode("cp932") + b"\x81") == "写真\N{REPLACEMENT CHARACTER}"


def test_many_plain_names_cost_next_to_nothing() -> None:
    names = [b"folder/IMG_%d.jpg" % number for number in range(100_000)]
    plain = timeit(lambda: sum(map(len, names)), number=1)
    took = timeit(lambda: decoder_for(names, "cp437"), number=1)
    assert took < max(20 * plain, 0.1)


def test_only_so_many_odd_names_are_asked() -> None:
    raw = "Отпуск.jpg".encode("cp1251")
    names = chain(repeat(raw, 2_000), [b"left"])
    assert decoder_for(names, "cp437").legacy == "cp1251"
    assert next(names) == b"left"


def test_unicode_field_is_believed_when_it_belongs_to_the_name() -> None:
    raw = b"f_r.jpg"
    extra = _unicode_extra(raw, "für.jpg")
    assert unicode_name(raw, extra) == "für.jpg"
    assert unicode_name(b"renamed.jpg", extra) is None
    assert unicode_name(raw, _unicode_extra(raw, "für.jpg", version=9)) is None
    assert unicode_name(raw, _unicode_extra(raw, "")) is None
    assert unicode_name(raw, b"") is None


def test_extra_field_is_found_behind_others_and_not_when_cut() -> None:
    fields = struct.pack("<HH4s", 1, 4, b"abcd") + struct.pack("<HH2s", 2, 2, b"xy")
    assert extra_field(fields, 2) == b"xy"
    assert extra_field(fields[:-1], 2) is None
    assert extra_field(fields, 3) is None


def test_tar_names() -> None:
    assert decode_tar_name("é".encode()) == "é"
    assert decode_tar_name(b"\xe9.jpg") == "é.jpg"


def test_a_name_alone_is_read_in_a_code_page_only_when_that_is_sure() -> None:
    for codec in ("cp866", "cp1251", "koi8-r"):
        assert decode_tar_name("Новогодние фотографии 12.jpg".encode(codec)) == (
            "Новогодние фотографии 12.jpg"
        )
    assert (
        decode_tar_name("新しいフォルダ/写真 7.jpg".encode("cp932")) == "新しいフォルダ/写真 7.jpg"
    )
    assert decode_tar_name(b"\xb1\xfe\x01.jpg") == "±þ\x01.jpg"


@given(st.lists(st.binary(), max_size=4), st.binary())
def test_any_bytes_decode_without_a_nul(raws: list[bytes], extra: bytes) -> None:
    decode = decoder_for(raws, "cp437")
    for raw in raws:
        for name in (decode(raw), unicode_name(raw, extra) or "", decode_tar_name(raw)):
            assert "\0" not in name
            name.encode()  # no lone surrogates

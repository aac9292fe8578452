"""Archives of the older kinds, written by hand after their formats' papers: nothing in Python packs them.

cpio after cpio(5), ar after ar(5), cab after [MS-CAB], xar after its wiki; names that end in "/" are folders where the
format has them, and are left out of an ar and a cab. A FAT volume, too, as memory cards have.
"""

import hashlib
import struct
import zlib
from collections.abc import Mapping
from pathlib import Path

MTIME_S = 1_600_000_000  # 2020-09-13 12:26:40 UTC
FILE_MODE, FOLDER_MODE = 0o100644, 0o040755
CAB_BLOCK = 32 << 10
_DOS_DATE, _DOS_TIME = (40 << 9) | (9 << 5) | 13, (12 << 11) | (26 << 5) | 20


def cpio_bytes(tree: Mapping[str, bytes], kind: str = "newc") -> bytes:
    """A cpio: `newc`, `crc`, `odc`, `bin` (little-endian) or `swapped` (big-endian)."""
    write = {"newc": _newc, "crc": _newc, "odc": _odc, "bin": _bin, "swapped": _bin}[kind]
    records = [
        write(
            kind, number, name.rstrip("/"), FOLDER_MODE if name.endswith("/") else FILE_MODE, data
        )
        for number, (name, data) in enumerate(tree.items(), 1)
    ]
    whole = b"".join([*records, write(kind, 0, "TRAILER!!!", 0, b"")])
    return whole + bytes(-len(whole) % 512)


def _newc(kind: str, number: int, name: str, mode: int, data: bytes) -> bytes:
    raw = name.encode() + b"\0"
    total = sum(data) & 0xFFFFFFFF if kind == "crc" else 0
    fields = (number, mode, 0, 0, 1, MTIME_S, len(data), 0, 0, 0, 0, len(raw), total)
    head = (b"070702" if kind == "crc" else b"070701") + b"".join(b"%08X" % one for one in fields)
    return _filled(head + raw, 4) + _filled(data, 4)


def _odc(_kind: str, number: int, name: str, mode: int, data: bytes) -> bytes:
    raw = name.encode() + b"\0"
    fields = b"".join(b"%06o" % one for one in (0, number, mode, 0, 0, 1, 0))
    return b"070707" + fields + b"%011o%06o%011o" % (MTIME_S, len(raw), len(data)) + raw + data


def _bin(kind: str, number: int, name: str, mode: int, data: bytes) -> bytes:
    raw = name.encode() + b"\0"
    order = ">" if kind == "swapped" else "<"
    high_low = [(one >> 16, one & 0xFFFF) for one in (MTIME_S, len(data))]
    words = (0o070707, 0, number, mode, 0, 0, 1, 0, *high_low[0], len(raw), *high_low[1])
    return struct.pack(f"{order}13H", *words) + _filled(raw, 2) + _filled(data, 2)


def _filled(data: bytes, step: int) -> bytes:
    return data + bytes(-len(data) % step)


def ar_bytes(tree: Mapping[str, bytes], kind: str = "gnu") -> bytes:
    """An ar: `gnu` (long names in a table) or `bsd` (long names before the data)."""
    files = {name: data for name, data in tree.items() if not name.endswith("/")}
    out, table = [b"!<arch>\n"], b""
    if kind == "gnu":
        table = b"".join(name.encode() + b"/\n" for name in files if len(name.encode()) > 15)
        out += [_ar_record(b"//", table)] if table else []
    for name, data in files.items():
        raw = name.encode()
        if kind == "bsd":
            out.append(_ar_record(b"#1/%d" % len(raw), raw + data))
        else:
            short = len(raw) <= 15
            out.append(_ar_record(raw + b"/" if short else b"/%d" % table.index(raw), data))
    return b"".join(out)


def _ar_record(name: bytes, data: bytes) -> bytes:
    head = b"%-16s%-12d%-6d%-6d%-8o%-10d`\n" % (name, MTIME_S, 0, 0, FILE_MODE, len(data))
    return head + data + (b"\n" if len(data) % 2 else b"")


def cab_bytes(tree: Mapping[str, bytes], *, packed: bool = False) -> bytes:
    """A cabinet of one folder, stored or in MSZIP, with a sum over each block of 32 KiB."""
    files = {name: data for name, data in tree.items() if not name.endswith("/")}
    whole = b"".join(files.values())
    steps = [whole[at : at + CAB_BLOCK] for at in range(0, len(whole), CAB_BLOCK)]
    blocks = b"".join(
        _cab_block(one, _mszip(steps, n) if packed else one) for n, one in enumerate(steps)
    )
    records, at = b"", 0
    for name, data in files.items():
        raw = name.replace("/", "\\").encode()
        is_utf8 = 0x80 if any(byte > 127 for byte in raw) else 0
        times = (_DOS_DATE, _DOS_TIME, 0x20 | is_utf8)
        records += struct.pack("<LLH3H", len(data), at, 0, *times) + raw + b"\0"
        at += len(data)
    first = 36 + 8
    head = struct.pack(
        "<4s5L2B5H", b"MSCF", 0, first + len(records) + len(blocks), 0, first, 0, 3, 1, 1, len(files), 0, 7, 0
    )  # fmt: skip
    folder = struct.pack("<LHH", first + len(records), len(steps), 1 if packed else 0)
    return head + folder + records + blocks


def _mszip(steps: list[bytes], number: int) -> bytes:
    before = steps[number - 1] if number else b""
    packer = zlib.compressobj(9, zlib.DEFLATED, -15, 8, zlib.Z_DEFAULT_STRATEGY, before)
    return b"CK" + packer.compress(steps[number]) + packer.flush()


def _cab_block(plain: bytes, data: bytes) -> bytes:
    sizes = struct.pack("<HH", len(data), len(plain))
    return struct.pack("<L", cab_sum(sizes, cab_sum(data, 0))) + sizes + data


def cab_sum(data: bytes, seed: int) -> int:
    """The sum of [MS-CAB] 3.1: words exclusive-ored; the last odd bytes count from the high end."""
    whole = len(data) // 4 * 4
    total = seed
    for (word,) in struct.iter_unpack("<L", data[:whole]):
        total ^= word
    return total ^ int.from_bytes(data[whole:], "big")


def xar_bytes(tree: Mapping[str, bytes]) -> bytes:
    """A xar of files, each with the SHA-1 of its bytes."""
    heap, records = b"", ""
    for number, (name, data) in enumerate(tree.items(), 1):
        if name.endswith("/"):
            continue
        packed = zlib.compress(data)
        digests = [hashlib.sha1(one, usedforsecurity=False).hexdigest() for one in (packed, data)]
        records += (
            f'<file id="{number}"><name>{name}</name><type>file</type><data><length>{len(packed)}</length>'
            f'<offset>{20 + len(heap)}</offset><size>{len(data)}</size><encoding style="application/x-gzip"/>'
            f'<archived-checksum style="sha1">{digests[0]}</archived-checksum>'
            f'<extracted-checksum style="sha1">{digests[1]}</extracted-checksum></data></file>'
        )
        heap += packed
    toc = (
        '<?xml version="1.0" encoding="UTF-8"?><xar><toc><checksum style="sha1"><size>20</size><offset>0</offset>'
        f"</checksum>{records}</toc></xar>"
    ).encode()
    packed_toc = zlib.compress(toc)
    head = struct.pack(">4sHHQQL", b"xar!", 28, 1, len(packed_toc), len(toc), 1)
    digest = hashlib.sha1(packed_toc, usedforsecurity=False).digest()
    return head + packed_toc + digest + heap


def make_old(path: Path, tree: Mapping[str, bytes], kind: str) -> Path:
    """An archive of a kind: `cpio-newc` and so on, `ar-gnu`, `ar-bsd`, `cab`, `cab-mszip`, `xar`."""
    family, _, dialect = kind.partition("-")
    match family:
        case "cpio":
            path.write_bytes(cpio_bytes(tree, dialect))
        case "ar":
            path.write_bytes(ar_bytes(tree, dialect))
        case "cab":
            path.write_bytes(cab_bytes(tree, packed=dialect == "mszip"))
        case _:
            path.write_bytes(xar_bytes(tree))
    return path


OLD_KINDS = (
    "cpio-newc", "cpio-crc", "cpio-odc", "cpio-bin", "cpio-swapped", "ar-gnu", "ar-bsd", "cab", "cab-mszip", "xar",
)  # fmt: skip


def fat_bytes(tree: Mapping[str, bytes]) -> bytes:
    """A small FAT12 volume with files of the form NAME.EXT in its root, after Microsoft's fatgen103."""
    sectors, table, entries, data = 2048, bytearray(b"\xf8\xff\xff"), b"", b""
    links = [0xFF8, 0xFFF]
    for name, content in tree.items():
        first, count = len(links), -(-len(content) // 512)
        links += [*range(first + 1, first + count), 0xFFF] if count else []
        stem, _, ending = name.partition(".")
        short = stem.ljust(8).encode() + ending.ljust(3).encode()
        entries += short + b"\x20" + bytes(10)
        entries += struct.pack("<HHHL", _DOS_TIME, _DOS_DATE, first if count else 0, len(content))
        data += content + bytes(-len(content) % 512)
    for number in range(0, len(links), 2):
        one, other = links[number], (links[number + 1 :] or [0])[0]
        table[number // 2 * 3 : number // 2 * 3 + 3] = (one | other << 12).to_bytes(3, "little")
    shape = struct.pack("<HBHBHHBHHHLL", 512, 1, 1, 1, 512, sectors, 0xF8, 12, 32, 2, 0, 0)
    boot = b"\xeb\x3c\x90MSDOS5.0" + shape + b"\x80\0\x29\x01\x02\x03\x04NO NAME    FAT12   "
    volume = boot.ljust(510, b"\0") + b"\x55\xaa" + bytes(table).ljust(12 * 512, b"\0")
    return (volume + entries.ljust(512 * 32, b"\0") + data).ljust(sectors * 512, b"\0")

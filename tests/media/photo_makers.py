"""Photos with more in them than a picture, as telephones write them: byte by byte, around JPEGs of Pillow.

Layouts: Motion Photo format 1.0 and Ultra HDR image format 1.1 of Android, CIPA DC-007 (MPF), Samsung's trailer.
"""

import io
import struct

from PIL import Image

FILM = b"\0\0\0\x18ftypmp42\0\0\0\0mp42isom" + b"\0\0\0\x08free"
_XMP = b"http://ns.adobe.com/xap/1.0/\0"
_WRAP = b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF><rdf:Description %s/></rdf:RDF></x:xmpmeta>'


def jpeg(size: tuple[int, int]) -> bytes:
    """A picture with slopes in all colours."""
    across = Image.linear_gradient("L").resize(size)
    buffer = io.BytesIO()
    Image.merge("RGB", (across, across.rotate(180), across)).save(buffer, "JPEG", quality=85)
    return buffer.getvalue()


def google(size: tuple[int, int], words: bytes = b'GCamera:MotionPhoto="1"') -> bytes:
    """A photo whose metadata promises a film behind it."""
    return _with_segment(jpeg(size), 0xE1, _XMP + _WRAP % words) + FILM


def samsung(size: tuple[int, int]) -> bytes:
    """A photo with a trailer of Samsung's, in which the film is."""
    name = b"MotionPhoto_Data"
    block = struct.pack("<HHI", 0, 0x0A30, len(name)) + name + FILM
    table = b"SEFH" + struct.pack("<IIHHII", 107, 1, 0, 0x0A30, len(block), len(block))
    return jpeg(size) + block + table + struct.pack("<I", len(table)) + b"SEFT"


def ultra_hdr(size: tuple[int, int]) -> bytes:
    """A photo and, behind it, how much brighter its places may be shown."""
    brighter = jpeg((size[0] // 4, size[1] // 4))
    photo = _with_segment(jpeg(size), 0xE1, _XMP + _WRAP % b'hdrgm:Version="1.0"')
    index = _pictures(0, 0, 0)
    total = len(photo) + len(index) + 4
    at = photo.index(b"\xff\xdb")  # in front of the tables
    counted_from = at + 8
    segment = _pictures(total, len(brighter), total - counted_from)
    return photo[:at] + _segment(0xE2, segment) + photo[at:] + brighter


def _pictures(first: int, second: int, second_at: int) -> bytes:
    """The index of two pictures: lengths, and where the second one begins."""
    fields = struct.pack("<HHI4s", 0xB000, 7, 4, b"0100")
    fields += struct.pack("<HHII", 0xB001, 4, 1, 2) + struct.pack("<HHII", 0xB002, 7, 32, 50)
    rows = struct.pack("<IIIHH", 0x030000, first, 0, 0, 0)
    rows += struct.pack("<IIIHH", 0, second, second_at, 0, 0)
    return b"MPF\0II*\0\x08\0\0\0" + struct.pack("<H", 3) + fields + bytes(4) + rows


def _with_segment(content: bytes, mark: int, body: bytes) -> bytes:
    return content[:2] + _segment(mark, body) + content[2:]


def _segment(mark: int, body: bytes) -> bytes:
    return bytes((0xFF, mark)) + struct.pack(">H", len(body) + 2) + body

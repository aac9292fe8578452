"""Films and gain maps in photos: left in the file where it goes as it is, told and kept where it cannot."""

import io
from pathlib import Path

import pytest
from PIL import Image

from tests.media import photo_makers
from tests.media.probe.test_mp4_boxes import box
from transload.media.photos.extras import FILM, GAIN_MAP, extras_of
from transload.media.toolbox import MediaToolbox
from transload.model import Recipe, Verdict

SMALL, LARGE = (64, 48), (7000, 4000)
LONG_NAME = b'GCamera:MicroVideo="1" GCamera:MicroVideoOffset="32"'


@pytest.mark.parametrize(
    ("content", "found"),
    [
        (photo_makers.jpeg(SMALL), []),
        (photo_makers.google(SMALL), [FILM]),
        (photo_makers.google(SMALL, LONG_NAME), [FILM]),
        (photo_makers.google(SMALL, b'GCamera:MotionPhoto="0"'), []),
        (photo_makers.google(SMALL)[: -len(photo_makers.FILM)], []),
        (photo_makers.samsung(SMALL), [FILM]),
        (photo_makers.samsung(SMALL).replace(b"ftyp", b"free"), []),
        (photo_makers.jpeg(SMALL) + photo_makers.FILM, []),
        (photo_makers.ultra_hdr(SMALL), [GAIN_MAP]),
    ],
)
def test_extras_of_a_jpeg(content: bytes, found: list[str]) -> None:
    assert extras_of(io.BytesIO(content), "jpeg") == found
    assert extras_of(io.BytesIO(content), "png") == []


def test_extras_of_a_heic() -> None:
    head = box(b"ftyp", b"heic") + box(b"meta", b"urn:com:apple:photo:2020:aux:hdrgainmap")
    whole = head + box(b"mdat", bytes(100))
    assert extras_of(io.BytesIO(whole), "heif") == [GAIN_MAP]
    assert extras_of(io.BytesIO(whole + box(b"mpvd", photo_makers.FILM)), "heif") == [
        FILM,
        GAIN_MAP,
    ]


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("content", "beside", "said"),
    [
        (photo_makers.google(LARGE), True, "in the original beside it: film"),
        (photo_makers.samsung(LARGE), True, "in the original beside it: film"),
        (photo_makers.ultra_hdr(LARGE), False, "left behind: gain map"),
    ],
    ids=["google", "samsung", "ultra_hdr"],
)
async def test_what_a_converted_photo_lacks_is_told(
    tmp_path: Path, toolbox: MediaToolbox, content: bytes, beside: bool, said: str
) -> None:
    source = tmp_path / "photo.jpg"
    source.write_bytes(content)
    facts = (await toolbox.probe(source, source.name)).facts
    assert toolbox.judge(facts, Recipe.PLAYABLE, "keep").verdict is Verdict.AS_IS
    judged = toolbox.judge(facts, Recipe.TELEGRAM, "keep")
    assert (judged.verdict, judged.partial) == (Verdict.SHRINK, False)
    assert said in judged.why
    assert (judged.plan.original == "beside") is beside
    made = await toolbox.convert(source, judged, tmp_path, lambda _: None)
    with Image.open(made.local) as picture:
        assert picture.size[0] / picture.size[1] == pytest.approx(LARGE[0] / LARGE[1], abs=0.01)

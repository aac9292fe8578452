"""The port as the flow uses it."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

from tests.media.conftest import Samples
from transload.json_codec import to_json
from transload.media.toolbox import MediaToolbox
from transload.model import ItemKind, Recipe, Verdict
from transload.ports import Media


@pytest.mark.anyio
async def test_the_studio_is_the_media_port(toolbox: MediaToolbox) -> None:
    port: Media = toolbox
    assert port.sniff(b"GIF89a", "x") is ItemKind.PHOTO


@pytest.mark.anyio
async def test_probing_gives_facts_and_thumbnail(toolbox: MediaToolbox, samples: Samples) -> None:
    probed = await toolbox.probe(samples("plain.mp4"), "a/plain.mp4")
    assert probed.facts.kind is ItemKind.VIDEO
    assert {"container", "streams", "duration_s", "width", "height", "rotation"} <= set(
        to_json(probed.facts.found)
    )
    assert probed.thumb is not None
    assert probed.thumb.startswith(b"\xff\xd8")


@pytest.mark.anyio
async def test_a_playlist_named_as_a_film_opens_nothing(
    toolbox: MediaToolbox, tmp_path: Path
) -> None:
    """The canary is a pipe: whoever opened it for reading would be heard by its writer."""
    canary = tmp_path / "canary.ts"
    os.mkfifo(canary)
    lists = {
        "a.mp4": f"#EXTM3U\n#EXTINF:1,\n{canary}\n",
        "b.mp4": f"ffconcat version 1.0\nfile {canary}\n",
        "c.mp4": f"file '{canary}'\n",
    }
    for name, text in lists.items():
        (tmp_path / name).write_text(text, encoding="ascii")
        probed = await toolbox.probe(tmp_path / name, name)
        judged = toolbox.judge(probed.facts, Recipe.TELEGRAM, "keep")
        assert (judged.verdict, judged.fault and judged.fault.kind) == (
            Verdict.UNSAVABLE,
            "input.not_media",
        )
        with pytest.raises(OSError, match="No such device"):
            os.open(canary, os.O_WRONLY | os.O_NONBLOCK)


def test_the_main_process_imports_no_decoder() -> None:
    asked = "import sys, transload.media.toolbox; print(sorted({'av', 'PIL', 'pillow_heif'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


HUNDRED_MEGAPIXELS = (11_600, 8_700)


@pytest.mark.anyio
@pytest.mark.parametrize(("name", "image_format"), [("a.jpg", "JPEG"), ("a.png", "PNG")])
async def test_a_hundred_megapixels_fit_the_memory_of_the_child(
    toolbox: MediaToolbox, tmp_path: Path, name: str, image_format: str
) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    source = tmp_path / name
    Image.new("RGB", HUNDRED_MEGAPIXELS, "teal").save(source, image_format, exif=exif)
    probed = await toolbox.probe(source, name)
    judgement = toolbox.judge(probed.facts, Recipe.TELEGRAM, "keep")
    assert (judgement.verdict, judgement.width) == (Verdict.SHRINK, HUNDRED_MEGAPIXELS[1])
    made = await toolbox.convert(source, judgement, tmp_path, lambda _: None)
    with Image.open(made.local) as picture:
        assert picture.size == (1920, 2560)

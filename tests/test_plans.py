"""Plans that were stored by the version before: they are read, and their segments are taken over."""

import json
from pathlib import Path

import pytest

from transload import plans
from transload.json_codec import JsonObject
from transload.media.encode.ffmpeg_args import EncodeStyle
from transload.media.segments.cut_plan import Cut, Cuts
from transload.media.segments.encoder import SegmentRequest
from transload.plans import UNTOUCHED, Plan, TranscodePlan, plan_from_json, plan_to_json

# fmt: off
STORED: dict[type[Plan], JsonObject] = {
    plans.JpegPlan:
        {"do": "shrink",
         "exif": "all",
         "original": "beside",
         "quality": 87,
         "reader": "to_the_last_byte",
         "recipe": "mp4:1080",
         "side": None,
         "sniffed": "jpeg"},
    plans.Mp3Plan:
        {"cover": None,
         "do": "mp3",
         "downmix": False,
         "duration_s": 1.4,
         "kbit_s": 128,
         "partial": True,
         "promised_s": 2.023,
         "raise_hertz": False,
         "recipe": "mp3:128",
         "sniffed": "matroska",
         "sound_n": 0},
    plans.M4aPlan:
        {"channels": 1,
         "do": "sound",
         "duration_s": 2.0,
         "partial": False,
         "promised_s": 2.0,
         "recipe": "telegram",
         "sniffed": "flac",
         "sound_n": 0},
    plans.AnimationPlan:
        {"do": "animation",
         "duration_s": 2.0,
         "frames": 20,
         "side": None,
         "size": [96, 64],
         "sniffed": "gif",
         "unpack": False},
    plans.RewrapPlan:
        {"channels": 1,
         "do": "rewrap",
         "dolby_only": False,
         "duration_s": 1.4,
         "fps": 10.0,
         "hevc": False,
         "hides": False,
         "lost_s": 0.0,
         "mute": False,
         "order": "kept",
         "partial": True,
         "promised_picture_s": None,
         "promised_s": 2.023,
         "recipe": "mp4:1080",
         "sniffed": "matroska",
         "sound": True,
         "sound_n": 0,
         "subtitles": []},
    plans.NewSoundPlan:
        {"channels": 1,
         "do": "audio",
         "dolby_only": False,
         "duration_s": 2.0,
         "fps": 10.0,
         "hevc": False,
         "hides": False,
         "lost_s": 0.0,
         "mute": False,
         "order": "kept",
         "partial": False,
         "promised_picture_s": None,
         "promised_s": 2.0,
         "recipe": "telegram",
         "sniffed": "matroska",
         "sound": True,
         "sound_n": 0,
         "subtitles": []},
    plans.UntouchedPlan:
        {"nosound_video": False},
    plans.SplitPlan:
        {"do": "split", "nosound_video": False, "note": "in 2 files"},
}
"""As they were stored before plans had types: one of each way."""
FILM: JsonObject = {"by_order": False,
 "channels": 6,
 "curve": 1,
 "do": "transcode",
 "dolby_only": False,
 "duration_s": 2.0,
 "fps": 10.0,
 "hdr": False,
 "hevc": False,
 "hides": False,
 "interlaced": False,
 "keep_sound": False,
 "level": None,
 "lost_s": 0.0,
 "matrix": 6,
 "mute": False,
 "order": "kept",
 "partial": False,
 "primaries": 1,
 "promised_picture_s": None,
 "promised_s": 2.0,
 "rate": "10",
 "recipe": "playable",
 "short": None,
 "side": None,
 "size": [96, 64],
 "sniffed": "matroska",
 "sound": True,
 "sound_n": 0,
 "subtitles": [0]}
FILMS: list[tuple[str, JsonObject]] = [
    ("8bedb8e8428ab1d336d028624be10dd8", FILM),
    ("0277dbaab166cb908d6174971b66ca31", FILM | {"by_order": True,
             "channels": 0,
             "order": "lost",
             "recipe": "mp4:1080",
             "sniffed": "avi",
             "sound": False,
             "subtitles": []}),
    ("ef47875517ef882a96d3c17b2f9fb40c", FILM | {"channels": 1,
             "hdr": True,
             "interlaced": True,
             "level": "5.2",
             "matrix": 9,
             "promised_picture_s": 2.0,
             "recipe": "telegram",
             "short": 1080,
             "side": 2784,
             "size": [5312, 4648],
             "sniffed": "mov",
             "subtitles": []}),
    ("0277dbaab166cb908d6174971b66ca31", {"do": "transcode", "sniffed": "mov"}),
]
# fmt: on
"""Films with the keys of their segments."""
STYLE = EncodeStyle("veryfast", 2, frozenset({"bwdif", "zscale"}), "demux")
SEGMENTS = (Cut(0, 250, 0, 9960, 0, 0, 0), Cut(250, 250, 10000, 19960, 10**7, 10**7, 8 * 10**6))
CUTS = Cuts((1, 1000), SEGMENTS, timed=True, coarse=False)


@pytest.mark.parametrize("kind", STORED)
def test_stored_plans_are_read(kind: type[Plan]) -> None:
    stored = STORED[kind]
    plan = plan_from_json(stored)
    assert type(plan) is kind
    for name, told in stored.items():
        if name not in ("do", "nosound_video"):
            held = getattr(plan, name)
            assert (list(held) if isinstance(held, tuple) else held) == told
    assert plan_from_json(json.loads(json.dumps(plan_to_json(plan)))) == plan


@pytest.mark.parametrize(("key", "stored"), FILMS)
def test_segments_made_before_are_taken_over(key: str, stored: JsonObject) -> None:
    plan = plan_from_json(stored)
    assert isinstance(plan, TranscodePlan)
    assert SegmentRequest(Path("a"), plan, CUTS, STYLE, 0, 6144).settings("a") == key
    again = plan_from_json(plan_to_json(plan))
    assert again == plan


def test_written_plans_have_the_keys_of_stored_ones() -> None:
    for _, stored in FILMS:
        written = plan_to_json(plan_from_json(stored))
        assert written == {name: stored[name] for name in written}


def test_nothing_to_do_is_nothing_stored() -> None:
    assert plan_to_json(UNTOUCHED) == {}
    assert plan_from_json({}) is UNTOUCHED


def test_a_way_that_is_not_known_is_refused() -> None:
    with pytest.raises(ValueError, match="teleport"):
        plan_from_json({"do": "teleport"})

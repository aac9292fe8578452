"""Words for ffmpeg."""

from dataclasses import replace
from pathlib import Path

import pytest

from transload.media.encode.ffmpeg_args import EncodeStyle, arguments, suffix_of
from transload.plans import (
    AnimationPlan,
    FfmpegPlan,
    JpegPlan,
    M4aPlan,
    Mp3Plan,
    NewSoundPlan,
    RewrapPlan,
    TranscodePlan,
)

STYLE = EncodeStyle("veryfast", 2, frozenset({"bwdif", "zscale"}), "demux")


FILM = TranscodePlan(sniffed="matroska")
COPY = RewrapPlan(sniffed="matroska")
MP3 = Mp3Plan(sniffed="matroska", kbit_s=192)
ENCODED = (AnimationPlan(sniffed="matroska"), FILM)
EACH_WAY = (COPY, NewSoundPlan(sniffed="matroska"), M4aPlan(sniffed="matroska"), *ENCODED)


def words(plan: FfmpegPlan) -> str:
    """The arguments in one line."""
    return " ".join(arguments(plan, Path("/in"), Path("/out"), STYLE))


@pytest.mark.parametrize("plan", EACH_WAY)
def test_input_is_one_named_demuxer_on_local_files(plan: FfmpegPlan) -> None:
    made = words(plan)
    assert "-nostdin" in made
    assert "-protocol_whitelist file,pipe -f matroska -i file:/in" in made
    assert made.endswith("file:/out")


def test_copies_encode_nothing() -> None:
    made = words(replace(COPY, hevc=True))
    assert "-map 0:V:0 -map 0:a:0? -c copy -tag:v hvc1 -sn -dn" in made
    assert "libx264" not in made


def test_sound_is_encoded_beside_a_copied_picture() -> None:
    assert "-c:v copy -c:a aac -b:a 128k -ac 2" in words(NewSoundPlan(sniffed="matroska"))


@pytest.mark.parametrize("plan", ENCODED)
def test_equal_runs_of_the_encoder_make_equal_bytes(plan: FfmpegPlan) -> None:
    assert "-x264-params sync-lookahead=0" in words(plan)


def test_good_sound_is_copied_beside_an_encoded_picture() -> None:
    assert "-c:a copy" in words(replace(FILM, keep_sound=True))
    assert "-c:a aac" in words(FILM)


def test_filters_follow_the_facts() -> None:
    made = words(replace(FILM, interlaced=True, hdr=True, side=3840))
    chain = made.split("-vf ")[1]
    assert chain.index("bwdif") < chain.index("tonemap") < chain.index("setsar=1")
    assert "h='min(3840,ih)':force_original_aspect_ratio=decrease" in chain
    assert "-fps_mode passthrough" in made


def test_short_sides_are_capped_before_long_ones() -> None:
    chain = words(replace(FILM, short=720, side=3840)).split("-vf ")[1]
    assert chain.index("min(720,iw)") < chain.index("min(3840,iw)")


def test_an_mp3_keeps_tags_and_cover_and_no_brands_of_mp4() -> None:
    made = words(replace(MP3, cover=1))
    assert "-map 0:a:0 -map 0:1 -c:v mjpeg" in made
    assert "-b:a 192k" in made
    assert "-metadata major_brand= " in made
    assert made.endswith("-id3v2_version 3 -f mp3 file:/out")
    plain = words(replace(MP3, kbit_s=320, raise_hertz=True, downmix=True))
    assert "-vn" in plain
    assert "-ar 44100 -ac 2" in plain


def test_audio_made_of_ogg_keeps_the_tags_of_the_track_that_was_chosen() -> None:
    for plan in (M4aPlan(sniffed="ogg", sound_n=1), replace(MP3, sniffed="ogg", sound_n=1)):
        assert "-map_metadata 0:s:a:1 " in words(plan)
    assert "-map_metadata 0 " in words(M4aPlan(sniffed="flac"))


def test_a_cover_goes_into_an_m4a_as_it_is() -> None:
    made = words(M4aPlan(sniffed="flac", cover=1))
    assert "-map 0:1 -c:v copy -disposition:v attached_pic" in made
    assert "-vn" in words(M4aPlan(sniffed="flac")).split()


def test_hdr_without_its_filter_is_still_encoded() -> None:
    bare = EncodeStyle("veryfast", 0, frozenset(), "-1")
    made = arguments(TranscodePlan(sniffed="mov", hdr=True), Path("/i"), Path("/o"), bare)
    assert not any("tonemap" in word for word in made)
    assert made.count("-threads") == 2
    assert made[made.index("-threads") + 1] == "1"


def test_the_encoder_chooses_its_threads_unless_told() -> None:
    bare = EncodeStyle("veryfast", 0, frozenset(), "-1")
    assert "-threads" not in arguments(TranscodePlan(sniffed="mov"), Path("/i"), Path("/o"), bare)


def test_animations_have_no_sound() -> None:
    assert "-an" in words(AnimationPlan(sniffed="gif")).split()


def test_endings() -> None:
    photo = JpegPlan(sniffed="bmp", side=None, quality=87)
    made = [suffix_of(plan) for plan in (photo, M4aPlan(sniffed="ogg"), MP3, COPY)]
    assert made == [".jpg", ".m4a", ".mp3", ".mp4"]


def test_frames_without_times_follow_their_order() -> None:
    assert "-r 30000/1001 -i" in words(replace(FILM, by_order=True, rate="30000/1001"))
    assert "setpts=round(N/(FRAME_RATE*TB))" in words(replace(FILM, by_order=True))
    assert "-r" not in words(replace(FILM, rate="25")).split()


def test_half_a_packet_of_a_cut_file_is_dropped() -> None:
    assert "-fflags +discardcorrupt" in words(replace(COPY, partial=True))
    assert "-fflags +genpts+discardcorrupt" in words(RewrapPlan(sniffed="avi", partial=True))

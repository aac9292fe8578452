"""Photos and the pictures of animations, made by the decoder child."""

from pathlib import Path

from transload.errors import ConvertError, CorruptError, UnreadableError
from transload.media.decoder_pool import DecoderPool
from transload.media.requests import (
    BARE_TRACK,
    SHRINK,
    TO_APNG,
    CopyPictures,
    Done,
    Operation,
    R,
    Shrink,
)
from transload.plans import AnimationPlan, JpegPlan


class PictureMaker:
    """Raises ConvertError for a picture that does not decode."""

    def __init__(self, decoder: DecoderPool) -> None:
        self._decoder = decoder

    async def shrink(self, local: Path, plan: JpegPlan, rough: Path) -> None:
        """A safe JPEG of a photo."""
        request = Shrink(
            path=str(local),
            into=str(rough),
            sniffed=plan.sniffed,
            side=plan.side,
            quality=plan.quality,
            reader=plan.reader,
            exif=plan.exif,
        )
        await self._ask(SHRINK, request)

    async def unpack(self, local: Path, plan: AnimationPlan, rough: Path) -> tuple[Path, str]:
        """Animations that ffmpeg cannot read go through an APNG, which keeps every frame and its time.

        Returns the file, beside `rough`, and what it is. Of image sequences it is the track
        alone: some versions of ffmpeg take the stills beside it for the first streams.
        """
        is_track = plan.sniffed == "heifs"
        operation, word = (BARE_TRACK, "heifs") if is_track else (TO_APNG, "apng")
        between = rough.with_suffix(f".{word}")
        request = CopyPictures(path=str(local), into=str(between), sniffed=plan.sniffed)
        await self._ask(operation, request)
        return between, word

    async def _ask(self, operation: Operation[R, Done], request: R) -> None:
        try:
            await self._decoder.ask(operation, request)
        except (CorruptError, UnreadableError) as error:
            raise ConvertError(
                f"the picture does not decode: {error.detail}",
                stage="convert",
                evidence=error.evidence,
            ) from error

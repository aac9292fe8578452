"""Photos made smaller, inside the decoder child: the size to aim at, and the mode in which a picture can be scaled.

Pillow is imported here, so the main process never imports this module.
"""

from PIL import Image

from transload.media.photos.colours import (
    DEEP,
    eight_bit,
    is_lab_with_alpha,
    keeping_exif,
    rgb_of_lab,
)


def goal_of(size: tuple[int, int], side: int | None) -> tuple[int, int]:
    """The size to aim at so that the longest side is at most `side`; never larger than now."""
    longest = max(size)
    if side is None or longest <= side:
        return size
    return max(1, round(size[0] * side / longest)), max(1, round(size[1] * side / longest))


def scaled(image: Image.Image, goal: tuple[int, int]) -> Image.Image:
    """The picture at `goal`, in a mode that can be scaled; the source image itself when nothing is to be done."""
    if image.mode in DEEP:
        image = eight_bit(image)
    elif is_lab_with_alpha(image):
        image = rgb_of_lab(image)
    elif image.mode in ("P", "PA", "1"):
        has_alpha = image.mode == "PA" or "transparency" in image.info
        image = keeping_exif(image, image.convert("RGBA" if has_alpha else "RGB"))
    if goal == image.size:
        return image
    return keeping_exif(image, _resized(image, goal))


def _resized(image: Image.Image, goal: tuple[int, int]) -> Image.Image:
    lanczos = Image.Resampling.LANCZOS
    return image.resize(goal, lanczos, reducing_gap=2.0)  # pyright: ignore[reportUnknownMemberType] - numpy types


def averaged(image: Image.Image, goal: tuple[int, int]) -> Image.Image:
    box = Image.Resampling.BOX
    return image.resize(goal, box, reducing_gap=1.0)  # pyright: ignore[reportUnknownMemberType] - numpy types

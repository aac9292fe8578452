"""Jobs that are killed: what is sent, and what an undisturbed run makes of it."""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import count, islice
from pathlib import Path

from tests import inputs
from tests.archives.makers import make_tar
from tests.crash.scene import Scene


@dataclass(frozen=True)
class Story:
    """How to make a source, the exit status it ends with, the number of files that arrive, and of points at least.

    `points` names what is killed at, each time it is reached; with none, everything, the first and the last time. With
    `limit_share`, the destination takes files up to this part of the source's size.
    """

    make: Callable[[Path], Path]
    status: int
    files: int
    least: int
    points: tuple[str, ...] = ()
    limit_share: float | None = None

    def told(self, folder: Path) -> Scene:
        """An undisturbed run of it, to compare with."""
        source = self.make(folder)
        guards = "-"
        if self.limit_share is not None:
            guards = f"limit={int(source.stat().st_size * self.limit_share)}"
        calm = Scene(source, folder / "calm", guards)
        assert calm.run() == self.status
        calm.whole = set(calm.delivered().values())
        assert len(calm.delivered()) == self.files
        return calm

    def points_of(self, calm: Scene) -> list[str]:
        """Where to kill: "name:n", the n-th time that this point is reached."""
        reached = calm.reached()
        if self.points:
            return [f"{name}:{n + 1}" for name in self.points for n in range(reached[name])]
        return [f"{name}:{n}" for name, often in reached.items() for n in sorted({1, often})]


def split_film(folder: Path) -> Path:
    """A film that plays as it is, to be cut into three files."""
    how = ("-c:v", "libx264", "-pix_fmt", "yuv420p", "-preset", "ultrafast", "-g", "10")
    return inputs.clip(folder / "film.mkv", seconds=9, words=(*how, "-c:a", "aac"))


def boxes(folder: Path, photos: int) -> Path:
    """A zip with photos and three archives: a zip, a packed tar with a clip, a zip with a broken zip in it."""
    numbers = count()

    def tree(name: str) -> dict[str, bytes]:
        return {f"{name}/{n}.jpg": inputs.photo(n) for n in islice(numbers, photos)}

    clip = inputs.clip(folder / "c.avi").read_bytes()
    plain = inputs.packed(folder / "box1", tree("one")).read_bytes()
    tar = make_tar(folder / "box2", tree("two") | {"clip.avi": clip}, "gz").read_bytes()
    cut = inputs.packed(folder / "box3", tree("three")).read_bytes()[:-500]
    deep = inputs.packed(folder / "box4", {"cut.zip": cut, "clip.avi": clip + b"\0"}).read_bytes()
    parts = {"plain.zip": plain, "packed.tgz": tar, "deep.zip": deep}
    return inputs.packed(folder / "boxes.zip", tree("zero") | parts | {"z.txt": b"words"})


INSIDE = (
    "commit-admit",
    "commit-conclude",
    "unlink-scratch",
    "commit-source_read",
    "commit-end_task",
)

STORIES = {
    "mixed": Story(lambda folder: inputs.mixed(folder, photos=12, clips=1), 3, 13, 34),
    "inside": Story(lambda folder: boxes(folder, 2), 3, 9, 20, INSIDE),
    "split": Story(split_film, 0, 3, 24, limit_share=0.4),
}

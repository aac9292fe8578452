"""The words that the options of a job may be."""

from typing import Literal

Files = Literal["media", "all"]
Hevc = Literal["keep", "convert"]
AlbumMix = Literal["by_kind", "mixed"]
Sort = Literal["archive", "name", "date"]
Originals = Literal["keep", "drop"]

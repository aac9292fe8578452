"""Settings: read once from file, environment and flags, then passed down as one frozen value.

A later place wins: file < environment < flags. The environment's name of a setting is `TRANSLOAD_` and its key in
capitals, `__` for a dot. An unknown key is an error, wherever it is. No other module reads the environment.
"""

import os
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, get_args

from transload.errors import SettingError
from transload.faults import NextStep, Step
from transload.options import AlbumMix, Hevc
from transload.units import GIB, MIB
from transload.values import (
    count,
    count_or_auto,
    host_and_port,
    languages,
    local_path,
    networks,
    one_of,
    pem,
    size_bytes,
    time_or_off_s,
    time_s,
    up_to,
    word,
)

Profile = Literal["phone", "desktop", "server"]
When = Literal["idle", "always"]
Preset = Literal["veryfast", "faster", "fast", "medium", "slow"]
Origin = Literal["default", "profile", "file", "environment", "flag"]

PREFIX = "TRANSLOAD_"
NOT_SETTINGS = frozenset({"TRANSLOAD_DATA_DIR", "TRANSLOAD_CONFIG"})
"""They say where settings and data are, so they cannot be settings themselves."""
FILE_NAME = "transload.toml"

_SECRET = re.compile(r"(?:password|secret|token|key|keys|hash|session)$")


@dataclass(frozen=True, slots=True)
class Transfer:
    """`concurrency`: how many jobs move bytes at once."""

    concurrency: int = 2


@dataclass(frozen=True, slots=True)
class Convert:
    """`concurrency`: encoders at once, one a job; `when`: only while no transfer can run, or at any time.

    `preset` is x264's; `deadline_s` is what a video's conversion may take (0: as long as it does); `threads` bounds an
    encoder, `memory_bytes` bounds the encoders that run at once for segments. These two are no settings of their
    own: memory grows with both, so a phone has less.
    """

    concurrency: int = 1
    when: When = "idle"
    preset: Preset = "veryfast"
    deadline_s: float = 1800.0
    threads: int = 2
    memory_bytes: int = 300 * MIB


@dataclass(frozen=True, slots=True)
class Media:
    """`decoders`: how many look at photos and videos at once; `auto` is one for each core, four at most."""

    decoders: int | Literal["auto"] = "auto"


@dataclass(frozen=True, slots=True)
class Archive:
    """Bounds on what a hostile archive may cost, in real bytes and entries."""

    max_ratio: int = 200
    max_entry_bytes: int = 16 * GIB
    max_total_bytes: int = 256 * GIB
    max_entries: int = 200_000
    max_depth: int = 3
    max_dictionary_bytes: int = GIB
    tool: Path | None = None


@dataclass(frozen=True, slots=True)
class Egress:
    """`allow_networks`: private networks (CIDR) that addresses of sources may lead to."""

    allow_networks: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class TelegramAccount:
    """How one account signs in: the program's own number and hash, a bot's token, the session file (None: ours)."""

    api_id: int | None = None
    api_hash: str | None = None
    bot_token: str | None = None
    session: Path | None = None


@dataclass(frozen=True, slots=True)
class Telegram:
    """`photo_place`: whether a converted photo shows a chat where it was taken.

    `pace` bounds how fast is sent, `connections` carry parts at once, `captions` are what stands above albums, staged
    media is sent anew after `staged_life` (seconds). The main account stands here, more of them by name in `accounts`;
    `server` is `host:port` of another MTProto server and `server_key` its public key (PEM).
    """

    photo_place: Literal["drop", "keep"] = "drop"
    pace: Literal["safe", "fast", "off"] = "safe"
    connections: int = 1
    captions: Literal["off", "name", "path"] = "off"
    staged_life: float = 3600.0
    api_id: int | None = None
    api_hash: str | None = None
    bot_token: str | None = None
    session: Path | None = None
    server: str | None = None
    server_key: str | None = None
    accounts: Mapping[str, TelegramAccount] = field(default_factory=dict[str, TelegramAccount])


@dataclass(frozen=True, slots=True)
class Retry:
    """`max_attempts`: tries of a task that fails for a passing reason. `space_s`: between looks at a full disk."""

    max_attempts: int = 5
    space_s: float = 30.0


@dataclass(frozen=True, slots=True)
class Settings:
    """Every setting of this installation. Sizes are bytes, times are seconds; `origins` says which were given.

    `scratch_budget_bytes` None: one album or the largest entry, whichever is larger, plus 16 MiB. `min_free_bytes` is
    the wish; where the disk is known it is cut to a tenth of it. `library_dir` None: the library in the data folder.
    """

    profile: Profile = "desktop"
    library_dir: Path | None = None
    min_free_bytes: int = GIB
    scratch_budget_bytes: int | None = None
    transfer: Transfer = Transfer()
    convert: Convert = Convert()
    media: Media = Media()
    hevc: Hevc = "keep"
    languages: tuple[str, ...] = ()
    album_mix: AlbumMix = "by_kind"
    retry: Retry = Retry()
    lease_s: float = 30.0
    heartbeat_s: float = 10.0
    archive: Archive = Archive()
    egress: Egress = Egress()
    telegram: Telegram = Telegram()
    ffmpeg: Path | None = None
    ffprobe: Path | None = None
    origins: Mapping[str, Origin] = field(default_factory=dict[str, Origin], compare=False)


@dataclass(frozen=True, slots=True)
class DataFolder:
    """Where things are in a data folder. Names only; nothing is made."""

    root: Path

    @property
    def ledger(self) -> Path:
        """The database that remembers everything."""
        return self.root / "ledger.db"

    @property
    def scratch(self) -> Path:
        """Bytes on their way; one folder a job."""
        return self.root / "scratch"

    @property
    def segments(self) -> Path:
        """Finished segments of long transcodes; the name on the disk is that of earlier versions."""
        return self.root / "parts"

    @property
    def quarantine(self) -> Path:
        """Kept originals."""
        return self.root / "quarantine"

    @property
    def telegram(self) -> Path:
        """The sessions of accounts."""
        return self.root / "telegram"

    @property
    def logs(self) -> Path:
        """The folder of log files."""
        return self.root / "logs"

    @property
    def lock(self) -> Path:
        """Held by the process that runs the jobs."""
        return self.root / "lock"


@dataclass(frozen=True, slots=True)
class SettingRow:
    """A setting as `doctor` shows it; texts, secrets as `***`."""

    key: str
    value: str
    origin: Origin
    default: str
    meaning: str


@dataclass(frozen=True, slots=True)
class _Key:
    read: Callable[[object], Any]
    meaning: str


KEYS: dict[str, _Key] = {
    "profile": _Key(one_of("phone", "desktop", "server"), "chooses the defaults of other settings"),
    "library_dir": _Key(local_path, "where `library:` without a folder delivers"),
    "min_free_bytes": _Key(size_bytes, "free space never touched; at most a tenth of the disk"),
    "scratch_budget_bytes": _Key(size_bytes, "most bytes a job keeps on the disk while working"),
    "transfer.concurrency": _Key(count, "jobs that move bytes at once"),
    "convert.concurrency": _Key(count, "encoders at once, one a job"),
    "convert.when": _Key(one_of("idle", "always"), "idle: encode only while no transfer can run"),
    "convert.preset": _Key(
        one_of(*get_args(Preset)), "how much work x264 puts into a frame: slower is smaller"
    ),
    "convert.deadline_s": _Key(
        time_or_off_s, "longest conversion of one video; quality gives way first; 0: no bound"
    ),
    "media.decoders": _Key(
        count_or_auto, "decoders that look at photos and videos at once; auto: by the cores"
    ),
    "hevc": _Key(one_of("keep", "convert"), "what becomes of HEVC videos"),
    "languages": _Key(
        languages, "audio languages to take where a video has several, the best first"
    ),
    "album_mix": _Key(
        one_of("by_kind", "mixed"), "photos and videos in albums of their own, or not"
    ),
    "retry.max_attempts": _Key(count, "tries of what fails for a passing reason"),
    "retry.space_s": _Key(time_s, "how often a full disk is looked at again"),
    "lease_s": _Key(time_s, "a worker that is silent for so long has lost its task"),
    "heartbeat_s": _Key(time_s, "how often a worker says that it is alive"),
    "archive.max_ratio": _Key(count, "most bytes out for one byte in, after 64 MiB of output"),
    "archive.max_entry_bytes": _Key(size_bytes, "most bytes of one entry"),
    "archive.max_total_bytes": _Key(size_bytes, "most bytes of all entries together"),
    "archive.max_entries": _Key(count, "most entries of one archive"),
    "archive.max_depth": _Key(count, "archives inside archives are opened so deep"),
    "archive.max_dictionary_bytes": _Key(size_bytes, "most memory a decoder may ask for"),
    "archive.tool": _Key(local_path, "the 7zz to use instead of the one found"),
    "egress.allow_networks": _Key(networks, "private networks that addresses may lead to"),
    "telegram.photo_place": _Key(one_of("drop", "keep"), "where a converted photo was taken"),
    "telegram.pace": _Key(
        one_of("safe", "fast", "off"),
        "how fast is sent to chats; off only for servers of one's own",
    ),
    "telegram.connections": _Key(up_to(4), "connections that carry the parts of uploads, 1 to 4"),
    "telegram.captions": _Key(
        one_of("off", "name", "path"), "what stands above an album: nothing, or its first entry"
    ),
    "telegram.staged_life": _Key(time_s, "what was staged longer ago is uploaded again"),
    "telegram.api_id": _Key(count, "number of the program, from my.telegram.org"),
    "telegram.api_hash": _Key(word, "its hash, from my.telegram.org"),
    "telegram.bot_token": _Key(word, "signs in as this bot, not as a user"),
    "telegram.session": _Key(local_path, "where the session is kept instead of in the data folder"),
    "telegram.server": _Key(host_and_port, "another MTProto server, the sandbox for instance"),
    "telegram.server_key": _Key(pem, "its public key (PEM), or the file that holds it"),
    "ffmpeg": _Key(local_path, "the ffmpeg to use instead of the one found"),
    "ffprobe": _Key(local_path, "the ffprobe to use instead of the one found"),
}

ACCOUNT_KEY = re.compile(r"telegram\.accounts\.([a-z0-9_-]+)\.(api_id|api_hash|bot_token|session)")
"""The settings of accounts by name mean what those of the main account mean."""

PROFILES: dict[str, dict[str, Any]] = {
    "phone": {
        "min_free_bytes": 3 * GIB,
        "transfer.concurrency": 1,
        "media.decoders": 1,
        "convert.preset": "veryfast",
        "convert.threads": 1,
        "convert.memory_bytes": 96 * MIB,
        "archive.max_entry_bytes": 4 * GIB,
        "archive.max_dictionary_bytes": 256 * MIB,
    },
    "desktop": {},
    "server": {},
}


def load(file: Path | None, environ: Mapping[str, str], flags: Mapping[str, object]) -> Settings:
    """The settings of an installation; a missing file is an empty one. Raises SettingError, reads nothing else."""
    values: dict[str, Any] = {}
    origins: dict[str, Origin] = {}
    places: tuple[tuple[Origin, Mapping[str, object], str], ...] = (
        ("file", _of_file(file), f"in {file}"),
        ("environment", _of_environment(environ), "in the environment"),
        ("flag", flags, "given for this once"),
    )
    for origin, given, place in places:
        for key, value in given.items():
            values[key] = _read(key, value, place)
            origins[key] = origin
    for key, value in PROFILES[values.get("profile", Settings().profile)].items():
        if key not in values:
            values[key], origins[key] = value, "profile"
    settings = _settings(values, origins)
    if settings.heartbeat_s * 2 > settings.lease_s:
        raise SettingError(
            f"heartbeat_s ({settings.heartbeat_s:g} s) must be at most half of lease_s ({settings.lease_s:g} s)"
        )
    if settings.telegram.pace == "off" and settings.telegram.server is None:
        raise SettingError(
            "telegram.pace cannot be off at Telegram itself: accounts that send too fast are blocked",
            suggestion="Take safe or fast, or name a server of your own in telegram.server.",
        )
    return settings


def _settings(values: Mapping[str, Any], origins: Mapping[str, Origin]) -> Settings:
    def part(room: str) -> dict[str, Any]:
        start = f"{room}."
        return {key[len(start) :]: value for key, value in values.items() if key.startswith(start)}

    return Settings(
        **{key: value for key, value in values.items() if "." not in key},
        transfer=Transfer(**part("transfer")),
        convert=Convert(**part("convert")),
        media=Media(**part("media")),
        retry=Retry(**part("retry")),
        archive=Archive(**part("archive")),
        egress=Egress(**part("egress")),
        telegram=_telegram(part("telegram")),
        origins=origins,
    )


def _telegram(values: Mapping[str, Any]) -> Telegram:
    accounts: dict[str, dict[str, Any]] = {}
    for key, value in values.items():
        if key.startswith("accounts."):
            _, name, last = key.split(".")
            accounts.setdefault(name, {})[last] = value
    own = {key: value for key, value in values.items() if "." not in key}
    return Telegram(
        **own, accounts={name: TelegramAccount(**one) for name, one in accounts.items()}
    )


def _key(key: str) -> _Key | None:
    by_name = ACCOUNT_KEY.fullmatch(key)
    return KEYS.get(f"telegram.{by_name[2]}" if by_name else key)


def _read(key: str, value: object, place: str) -> object:
    known = _key(key)
    if known is None:
        raise _unknown(key, place)
    try:
        return known.read(value)
    except ValueError as error:
        raise SettingError(f"{key} {place} is {shown(key, value)}; it takes {error}") from error


def _unknown(key: str, place: str) -> SettingError:
    import difflib

    by_last = {known.rpartition(".")[2]: known for known in KEYS}
    last = difflib.get_close_matches(key.rpartition(".")[2], by_last, 1, 0.6)
    near = difflib.get_close_matches(key, KEYS, 1, 0.6) or [by_last[word] for word in last]
    nearest = (near or difflib.get_close_matches(key, KEYS, 1, 0.0))[0]
    return SettingError(
        f"no setting is called {key!r} ({place}); the nearest is {nearest}",
        suggestion=Step(NextStep.LOOK_UP_SETTING, nearest),
    )


def _of_file(file: Path | None) -> dict[str, object]:
    if file is None:
        return {}
    try:
        text = file.read_text("utf-8")
        import tomllib  # where there is a file

        return dict(_flat(tomllib.loads(text)))
    except (FileNotFoundError, NotADirectoryError):
        return {}
    except OSError as error:
        raise SettingError(f"{file} cannot be read ({error.strerror})") from error
    except ValueError as error:  # not UTF-8, or not TOML
        raise SettingError(f"{file} is not a settings file: {error}") from error


def _flat(table: Mapping[str, object], room: str = "") -> Iterable[tuple[str, object]]:
    for key, value in table.items():
        if isinstance(value, dict):
            inner: dict[str, object] = value  # pyright: ignore[reportUnknownVariableType]  TOML keys are words
            yield from _flat(inner, f"{room}{key}.")
        else:
            yield f"{room}{key}", value


def _of_environment(environ: Mapping[str, str]) -> dict[str, str]:
    return {
        name.removeprefix(PREFIX).lower().replace("__", "."): value
        for name, value in environ.items()
        if name.startswith(PREFIX) and name not in NOT_SETTINGS
    }


def pairs(given: Iterable[str]) -> dict[str, str]:
    """The flags `KEY=VALUE` as a mapping; the last of equal keys wins. Raises SettingError."""
    flags: dict[str, str] = {}
    for text in given:
        key, sign, value = text.partition("=")
        if not sign:
            raise SettingError(f"a setting is given as KEY=VALUE, not {text!r}")
        flags[key.strip()] = value
    return flags


def shown(key: str, value: object) -> str:
    """A value as people may see it: `***` where the key's last word says that it is secret."""
    if value is None:
        return ""
    return "***" if _SECRET.search(key) else str(value)


def describe(settings: Settings) -> list[SettingRow]:
    """Every setting with its value, where that came from, its default and what it does."""
    plain = Settings()
    return [
        SettingRow(
            key,
            shown(key, _value(settings, key)),
            settings.origins.get(key, "default"),
            shown(key, _value(plain, key)),
            known.meaning,
        )
        for key, known in (*KEYS.items(), *_of_accounts(settings))
    ]


def _of_accounts(settings: Settings) -> Iterable[tuple[str, _Key]]:
    return ((key, _known) for key in settings.origins if key not in KEYS and (_known := _key(key)))


def _value(settings: Settings, key: str) -> object:
    value: object = settings
    by_name = ACCOUNT_KEY.fullmatch(key)
    if by_name:
        account = settings.telegram.accounts.get(by_name[1])
        return None if account is None else getattr(account, by_name[2])
    for name in key.split("."):
        value = getattr(value, name)
    return value


def data_folder(data_dir: str | os.PathLike[str] | None) -> DataFolder:
    """The data folder: as given, else `TRANSLOAD_DATA_DIR`, else the platform's user data folder."""
    chosen = data_dir or os.environ.get("TRANSLOAD_DATA_DIR")
    if chosen:
        return DataFolder(Path(chosen).expanduser().absolute())
    from platformdirs import user_data_path

    return DataFolder(user_data_path("transload", appauthor=False))


def for_command(
    data_dir: Path | None, file: Path | None, given: Iterable[str]
) -> tuple[Settings, DataFolder]:
    """Settings and data folder of a command line. Raises SettingError, also when the file it names is missing."""
    folder = data_folder(data_dir)
    named = file or _named_file()
    if named is not None and not named.exists():
        raise SettingError(f"there is no settings file {named}")
    return load(named or folder.root / FILE_NAME, os.environ, pairs(given)), folder


def _named_file() -> Path | None:
    name = os.environ.get("TRANSLOAD_CONFIG")
    return Path(name).expanduser() if name else None


def installed(
    settings: Settings | None, data_dir: str | os.PathLike[str] | None
) -> tuple[Settings, DataFolder]:
    """The same for scripts: settings as given, or read as the command line reads them. Raises SettingError."""
    folder = data_folder(data_dir)
    return (settings, folder) if settings else for_command(folder.root, None, ())

"""Settings: where they come from, what wins, what is refused and how it is said."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from transload import config
from transload.config import KEYS, PREFIX, DataFolder, Settings, load
from transload.errors import SettingError
from transload.units import GIB

VALID: dict[str, str] = {
    "profile": "server",
    "library_dir": "/somewhere/library",
    "min_free_bytes": "2GiB",
    "scratch_budget_bytes": "64MiB",
    "transfer.concurrency": "3",
    "convert.concurrency": "4",
    "convert.when": "always",
    "convert.preset": "medium",
    "convert.deadline_s": "10m",
    "media.decoders": "3",
    "hevc": "convert",
    "languages": "deu, eng",
    "album_mix": "mixed",
    "retry.max_attempts": "7",
    "retry.space_s": "1m",
    "lease_s": "1m",
    "heartbeat_s": "20s",
    "archive.max_ratio": "50",
    "archive.max_entry_bytes": "1GiB",
    "archive.max_total_bytes": "2GiB",
    "archive.max_entries": "100",
    "archive.max_depth": "2",
    "archive.max_dictionary_bytes": "512MiB",
    "archive.tool": "/opt/bin/7zz",
    "egress.allow_networks": "192.168.0.0/16, fd00::/8",
    "telegram.photo_place": "keep",
    "telegram.pace": "fast",
    "telegram.connections": "3",
    "telegram.captions": "path",
    "telegram.staged_life": "30m",
    "telegram.api_id": "12345",
    "telegram.api_hash": "0123456789abcdef",
    "telegram.bot_token": "1:token",
    "telegram.session": "/srv/one.session",
    "telegram.server": "127.0.0.1:4430",
    "telegram.server_key": "-----BEGIN RSA PUBLIC KEY-----",
    "ffmpeg": "/opt/bin/ffmpeg",
    "ffprobe": "/opt/bin/ffprobe",
}


def env_name(key: str) -> str:
    return PREFIX + key.upper().replace(".", "__")


def reading(text: str, folder: Path) -> Settings:
    file = folder / "transload.toml"
    file.write_text(text, "utf-8")
    return load(file, {}, {})


def test_nothing_given_is_the_defaults() -> None:
    assert load(None, {}, {}) == Settings()


def test_a_file_that_is_not_there_is_empty(tmp_path: Path) -> None:
    assert load(tmp_path / "none.toml", {}, {}) == Settings()


def test_the_table_of_this_test_has_every_key() -> None:
    assert VALID.keys() == KEYS.keys()


@pytest.mark.parametrize("key", sorted(VALID))
def test_every_key_is_read_from_environment_and_flags_alike(key: str) -> None:
    room = {"heartbeat_s": {"lease_s": "1m"}, "lease_s": {}}.get(key, {})
    by_env = load(None, {env_name(key): VALID[key]}, room)
    by_flag = load(None, {}, {key: VALID[key]} | room)
    assert by_env == by_flag
    assert by_env != load(None, {}, room)


def test_flags_win_over_the_environment_and_that_over_the_file(tmp_path: Path) -> None:
    file = tmp_path / "s.toml"
    file.write_text(
        "[transfer]\nconcurrency = 3\n[convert]\nconcurrency = 3\n[retry]\nmax_attempts = 3\n"
    )
    environ = {"TRANSLOAD_CONVERT__CONCURRENCY": "4", "TRANSLOAD_RETRY__MAX_ATTEMPTS": "4"}
    settings = load(file, environ, {"retry.max_attempts": "5"})
    given = (
        settings.transfer.concurrency,
        settings.convert.concurrency,
        settings.retry.max_attempts,
    )
    assert given == (3, 4, 5)
    assert [settings.origins[key] for key in ("transfer.concurrency", "convert.concurrency")] == [
        "file",
        "environment",
    ]


def test_a_file_may_use_numbers_texts_and_tables(tmp_path: Path) -> None:
    settings = reading(
        'min_free_bytes = 1024\nlease_s = "2m"\narchive.max_entry_bytes = "3GiB"\n', tmp_path
    )
    assert (settings.min_free_bytes, settings.lease_s) == (1024, 120.0)
    assert settings.archive.max_entry_bytes == 3 * GIB


def test_the_phone_profile_only_changes_defaults() -> None:
    phone = load(None, {"TRANSLOAD_PROFILE": "phone"}, {"transfer.concurrency": "2"})
    assert phone.min_free_bytes == 3 * GIB
    assert phone.archive.max_entry_bytes == 4 * GIB
    assert phone.transfer.concurrency == 2
    assert phone.origins["min_free_bytes"] == "profile"
    assert (phone.convert.preset, phone.convert.threads) == ("veryfast", 1)
    assert phone.convert.memory_bytes < load(None, {}, {}).convert.memory_bytes


@pytest.mark.parametrize(
    ("wrong", "nearest"),
    [
        ("convert.concurency", "convert.concurrency"),
        ("concurrency.convert", "convert.concurrency"),
        ("max_entries", "archive.max_entries"),
        ("min_free", "min_free_bytes"),
        ("ffmpg", "ffmpeg"),
        ("archive", "archive.max_ratio"),
    ],
)
def test_an_unknown_key_names_the_nearest_right_one(wrong: str, nearest: str) -> None:
    for environ, flags in (({env_name(wrong): "1"}, {}), ({}, {wrong: "1"})):
        with pytest.raises(SettingError) as caught:
            load(None, environ, flags)
        assert wrong in caught.value.detail
        assert nearest.split(".")[0] in caught.value.detail


def test_an_unknown_key_in_the_file_names_the_file(tmp_path: Path) -> None:
    with pytest.raises(SettingError, match=r"album_mixx.*transload\.toml.*album_mix$"):
        reading('album_mixx = "mixed"', tmp_path)


@given(st.text(min_size=1).filter(lambda key: key not in KEYS))
def test_any_unknown_key_is_refused_with_a_proposal(key: str) -> None:
    with pytest.raises(SettingError) as caught:
        load(None, {}, {key: "1"})
    assert any(caught.value.detail.endswith(f"the nearest is {known}") for known in KEYS)


def test_where_settings_and_data_are_is_no_setting() -> None:
    environ = {"TRANSLOAD_DATA_DIR": "/a", "TRANSLOAD_CONFIG": "/b", "PATH": "/bin"}
    assert load(None, environ, {}) == Settings()


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("hevc", "maybe"),
        ("transfer.concurrency", "0"),
        ("transfer.concurrency", True),
        ("transfer.concurrency", "two"),
        ("min_free_bytes", "-1"),
        ("min_free_bytes", "1 potato"),
        ("lease_s", "soon"),
        ("lease_s", "0s"),
        ("lease_s", ""),
        ("ffmpeg", ""),
        ("archive.max_entries", {"a": 1}),
    ],
)
def test_a_wrong_value_is_refused_by_the_name_of_its_key(key: str, value: object) -> None:
    with pytest.raises(SettingError) as caught:
        load(None, {}, {key: value})
    assert caught.value.detail.startswith(f"{key} given for this once is ")
    assert "it takes" in caught.value.detail


def test_a_heartbeat_must_leave_room_for_a_lost_one() -> None:
    with pytest.raises(SettingError, match="heartbeat_s"):
        load(None, {}, {"lease_s": "10s", "heartbeat_s": "6s"})


@pytest.mark.parametrize("text", ["a = ", 'hevc = "keep"\nhevc = "keep"', "\udcff"])
def test_a_broken_file_is_a_setting_error(text: str, tmp_path: Path) -> None:
    file = tmp_path / "broken.toml"
    file.write_bytes(text.encode("utf-8", "surrogateescape"))
    with pytest.raises(SettingError, match=r"broken\.toml"):
        load(file, {}, {})


def test_a_folder_in_the_place_of_the_file_is_a_setting_error(tmp_path: Path) -> None:
    with pytest.raises(SettingError, match="cannot be read"):
        load(tmp_path, {}, {})


def test_pairs_split_at_the_first_sign() -> None:
    assert config.pairs(["ffmpeg=/a=b", "hevc=keep", "hevc=convert"]) == {
        "ffmpeg": "/a=b",
        "hevc": "convert",
    }
    with pytest.raises(SettingError, match="KEY=VALUE"):
        config.pairs(["hevc"])


def test_describe_tells_every_key_with_its_origin() -> None:
    rows = {row.key: row for row in config.describe(load(None, {"TRANSLOAD_HEVC": "convert"}, {}))}
    assert rows.keys() == KEYS.keys()
    hevc = rows["hevc"]
    assert (hevc.value, hevc.origin, hevc.default) == ("convert", "environment", "keep")
    assert rows["library_dir"].value == ""
    assert all(row.meaning for row in rows.values())


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("telegram.bot_token", "***"),
        ("s3.secret_key", "***"),
        ("server.keys", "***"),
        ("hevc", "abc"),
    ],
)
def test_secrets_are_not_shown(key: str, value: str) -> None:
    assert config.shown(key, "abc") == value


def test_the_data_folder_has_a_place_for_everything(tmp_path: Path) -> None:
    folder = DataFolder(tmp_path)
    places = {folder.ledger, folder.scratch, folder.quarantine, folder.logs, folder.lock}
    assert {place.parent for place in places} == {tmp_path}
    assert len(places) == 5
    assert list(tmp_path.iterdir()) == []


def test_a_command_reads_the_file_of_its_data_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("TRANSLOAD_CONFIG", raising=False)
    (tmp_path / config.FILE_NAME).write_text('hevc = "convert"\n')
    settings, folder = config.for_command(tmp_path, None, ["album_mix=mixed"])
    assert (settings.hevc, settings.album_mix) == ("convert", "mixed")
    assert folder == DataFolder(tmp_path)
    assert config.installed(None, str(tmp_path))[0].hevc == "convert"
    assert config.installed(Settings(), tmp_path) == (Settings(), DataFolder(tmp_path))


def test_a_file_named_by_the_user_must_be_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(SettingError, match=r"mine\.toml"):
        config.for_command(tmp_path, tmp_path / "mine.toml", [])
    monkeypatch.setenv("TRANSLOAD_CONFIG", str(tmp_path / "theirs.toml"))
    with pytest.raises(SettingError, match=r"theirs\.toml"):
        config.for_command(tmp_path, None, [])


def test_the_environment_names_the_data_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TRANSLOAD_DATA_DIR", str(tmp_path / "data"))
    assert config.data_folder(None).root == tmp_path / "data"
    assert config.data_folder(tmp_path).root == tmp_path
    monkeypatch.delenv("TRANSLOAD_DATA_DIR")
    assert config.data_folder(None).root.name == "transload"


def test_no_pace_is_for_servers_of_ones_own() -> None:
    with pytest.raises(SettingError, match="pace cannot be off"):
        load(None, {}, {"telegram.pace": "off"})
    own = load(None, {}, {"telegram.pace": "off", "telegram.server": "127.0.0.1:4430"})
    assert own.telegram.pace == "off"


@pytest.mark.parametrize("number", ["0", "5", "many"])
def test_connections_are_few(number: str) -> None:
    with pytest.raises(SettingError, match="from 1 to 4"):
        load(None, {}, {"telegram.connections": number})

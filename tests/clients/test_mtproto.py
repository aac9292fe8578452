"""What the library's errors and objects mean, each by its type."""

from typing import Any

import pytest

from transload.clients.mtproto import (
    chat_facts_of,
    code_of,
    errors,
    input_file,
    new_document,
    outcome_of,
    t,
)
from transload.clients.outcomes import (
    BadItem,
    ChatFacts,
    Denied,
    Document,
    Film,
    Gone,
    SentBefore,
    Sound,
    Unknown,
    Uploaded,
    Wait,
)
from transload.errors import AccountError


@pytest.mark.parametrize(
    ("error", "outcome"),
    [
        (errors.FloodWaitError(None, 7), Wait(7, "account", "FLOOD_WAIT")),
        (errors.FloodPremiumWaitError(None, 3), Wait(3, "uploads", "FLOOD_PREMIUM_WAIT")),
        (errors.SlowModeWaitError(None, 9), Wait(9, "chat", "SLOW_MODE_WAIT")),
        (errors.FilePartMissingError(None, 4), Gone("parts", 4)),
        (errors.FilePart0MissingError(None), Gone("parts", 0)),
        (errors.FileReferenceExpiredError(None), Gone("reference")),
        (errors.RandomIdDuplicateError(None), SentBefore()),
        (errors.PeerFloodError(None), Denied("PEER_FLOOD")),
        (errors.ChatWriteForbiddenError(None), Denied("CHAT_WRITE_FORBIDDEN")),
        (errors.ForbiddenError(None, "CHAT_SEND_NEW_FORBIDDEN"), Denied("CHAT_SEND_NEW_FORBIDDEN")),
        (errors.MediaInvalidError(None), BadItem("MEDIA_INVALID")),
        (errors.BadRequestError(None, "PHOTO_OF_TOMORROW"), BadItem("PHOTO_OF_TOMORROW")),
        (errors.WorkerBusyTooLongRetryError(None), Unknown("WORKER_BUSY_TOO_LONG_RETRY")),
        (errors.TimedOutError(None, "Timeout"), Unknown("TIMED_OUT")),
        (ConnectionError(), Unknown("CONNECTION")),
        (ValueError(), Unknown("VALUE")),
    ],
    ids=lambda one: type(one).__name__,
)
def test_each_error_means_one_thing(error: Exception, outcome: object) -> None:
    assert outcome_of(error) == outcome


@pytest.mark.parametrize(
    "error", [errors.AuthKeyUnregisteredError(None), errors.SessionRevokedError(None)]
)
def test_an_ended_session_is_raised(error: Exception) -> None:
    with pytest.raises(AccountError, match=code_of(error)):
        outcome_of(error)


def test_what_is_no_error_of_the_service_goes_on() -> None:
    with pytest.raises(ZeroDivisionError):
        outcome_of(ZeroDivisionError())


def test_big_files_have_no_sum() -> None:
    assert isinstance(input_file(Uploaded(1, 2, "a", "sum")), t.InputFile)
    assert isinstance(input_file(Uploaded(1, 2, "a")), t.InputFileBig)


def made_of(shown: Film | Sound | None) -> Any:
    thumb = Uploaded(2, 1, "t.jpg", "sum")
    return new_document(Uploaded(1, 1, "a", "sum"), Document("a.bin", "a/b", shown, thumb))


def attribute(made: Any, kind: Any) -> Any:
    return next((one for one in made.attributes if isinstance(one, kind)), None)


def test_a_video_streams_and_becomes_no_gif() -> None:
    made = made_of(Film(1280, 720, 12.5))
    video = attribute(made, t.DocumentAttributeVideo)
    assert (video.w, video.h, video.duration, video.supports_streaming) == (1280, 720, 12.5, True)
    assert made.nosound_video
    assert not made.force_file
    assert made.thumb.id == 2


def test_what_is_looped_may_be_a_gif() -> None:
    made = made_of(Film(64, 48, 1.0, looped=True))
    assert attribute(made, t.DocumentAttributeAnimated) is not None
    assert not made.nosound_video


def test_audio_has_its_words() -> None:
    sound = attribute(made_of(Sound(2.6, "Title", "")), t.DocumentAttributeAudio)
    assert (sound.duration, sound.title, sound.performer) == (3, "Title", None)


def test_a_file_is_a_file() -> None:
    made = made_of(None)
    assert made.force_file
    assert not made.nosound_video
    assert attribute(made, t.DocumentAttributeFilename).file_name == "a.bin"


def channel(**given: Any) -> Any:
    return t.Channel(5, "C", t.ChatPhotoEmpty(), None, **given)


def banned(**given: bool) -> Any:
    return t.ChatBannedRights(None, **given)


@pytest.mark.parametrize(
    ("given", "denied"),
    [
        ({"broadcast": True, "creator": True}, None),
        ({"broadcast": True, "admin_rights": t.ChatAdminRights(post_messages=True)}, None),
        (
            {"broadcast": True, "admin_rights": t.ChatAdminRights(ban_users=True)},
            "CHAT_ADMIN_REQUIRED",
        ),
        ({"broadcast": True}, "CHAT_ADMIN_REQUIRED"),
        ({"megagroup": True}, None),
        ({"megagroup": True, "left": True}, "USER_NOT_PARTICIPANT"),
        ({"megagroup": True, "banned_rights": banned(send_media=True)}, "CHAT_WRITE_FORBIDDEN"),
        (
            {"megagroup": True, "default_banned_rights": banned(send_messages=True)},
            "CHAT_WRITE_FORBIDDEN",
        ),
        (
            {
                "megagroup": True,
                "default_banned_rights": banned(send_messages=True),
                "admin_rights": t.ChatAdminRights(ban_users=True),
            },
            None,
        ),
    ],
)
def test_who_may_post_in_a_channel(given: dict[str, Any], denied: str | None) -> None:
    assert chat_facts_of(channel(**given), -1005).denied == denied


def test_what_a_chat_says_of_itself() -> None:
    user = t.User(7, first_name="Ann", username="ann")
    assert chat_facts_of(user, 7) == ChatFacts("private", 7, "Ann", "ann")
    forum = channel(megagroup=True, forum=True, username="club")
    assert chat_facts_of(forum, -1005) == ChatFacts("supergroup", -1005, "C", "club", forum=True)
    gone = t.ChannelForbidden(5, 1, "C", broadcast=True)
    assert chat_facts_of(gone, -1005).denied == "CHANNEL_PRIVATE"
    group = t.Chat(5, "G", t.ChatPhotoEmpty(), 3, None, 1, migrated_to=t.InputChannel(9, 1))
    assert chat_facts_of(group, -5) == ChatFacts("group", -5, "G", became=-1000000000009)
    left = t.Chat(5, "G", t.ChatPhotoEmpty(), 3, None, 1, left=True)
    assert chat_facts_of(left, -5).denied == "CHAT_WRITE_FORBIDDEN"

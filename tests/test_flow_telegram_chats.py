"""Which chats a job may go to, what stands above its albums, and what is told when it may not."""

import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.inputs import packed, photo
from tests.installation import states, told
from tests.sandbox.clients import telethon
from tests.store_desk import names, photos
from tests.telegram_desk import Desk, signed_in
from tests.telegram_desk import desk as desk_of
from transload.app import Report
from transload.clients.accounts import accounts, held
from transload.errors import UsageError
from transload.model import ItemState, JobState
from transload.sandbox import accounts as there
from transload.sandbox.chats import make_chat, set_role
from transload.sandbox.faults import Fault, Faults, Line, read_fault
from transload.sandbox.messages import post
from transload.sandbox.store import Chat
from transload.sandbox.world import Rules

pytestmark = [pytest.mark.anyio, pytest.mark.timeout(60)]


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    with desk_of(tmp_path) as made:
        yield made


def fault_of(report: Report) -> tuple[str, str]:
    """Kind and words of the error that ended the job."""
    assert report.job.fault is not None
    return report.job.fault.kind, report.job.fault.detail


def other_chat(desk: Desk, kind: str, role: str | None = "creator", **more: bool) -> Chat:
    """A chat of Bob's, in which Ann is something."""
    store = desk.scene.box.world.store
    made = make_chat(store, kind, "Other", desk.scene.bob, username="other", **more)  # type: ignore[arg-type]
    if role is not None:
        set_role(store, made.id, desk.scene.ann, role)  # type: ignore[arg-type]
    return made


async def test_a_topic_takes_what_is_sent_to_it(tmp_path: Path) -> None:
    with desk_of(tmp_path, kind="supergroup", forum=True) as desk:
        world = desk.scene.box.world
        (made,) = post(world, desk.scene.ann, desk.chat.marked, [{"topic_made": "Trip"}])
        source = photos(tmp_path, 3)
        report = await desk.send(source, to=f"{desk.to}/{made.letter.id}")
        sent = [one for one in desk.letters() if "media" in one.body]
        assert {one.body["topic"] for one in sent} == {made.letter.id}
        assert report.items[0].outputs[0].reference == f"https://t.me/family/{made.letter.id}/2"
        again = await desk.send(source, to=f"{desk.to}/{made.letter.id}")
        assert again.job.id == report.job.id


async def test_a_topic_that_is_not_there_is_told(tmp_path: Path, desk: Desk) -> None:
    report = await desk.send(photos(tmp_path, 1), to="telegram:@family/5")
    assert fault_of(report) == ("dest.unreachable", "@family has no topics")


async def test_an_invite_link_is_joined(desk: Desk, tmp_path: Path) -> None:
    club = other_chat(desk, "supergroup", None)
    to = f"telegram:https://t.me/+{club.invite}"
    report = await desk.send(photos(tmp_path, 2), to=to)
    assert set(states(report).values()) == {ItemState.SENT}
    assert len(desk.letters(club)) == 2
    assert club.invite in report.job.destination
    async with desk.open() as app:  # a member by now
        job = await app.send(photos(tmp_path, 1), to=to)
        assert (await app.wait(job.id)).state is JobState.SUCCEEDED


async def test_a_number_is_found_among_the_accounts_chats(desk: Desk, tmp_path: Path) -> None:
    report = await desk.send(photos(tmp_path, 1), to=f"telegram:{desk.chat.marked}")
    assert set(states(report).values()) == {ItemState.SENT}
    assert len(desk.letters()) == 1


async def test_private_chats_and_groups_have_links_that_clients_open(
    desk: Desk, tmp_path: Path
) -> None:
    store = desk.scene.box.world.store
    group = make_chat(store, "group", "Friends", desk.scene.ann)
    links = []
    for to in ("telegram:me", "telegram:@bob", f"telegram:{group.marked}"):
        report = await desk.send(photos(tmp_path, 1), to=to)
        links.append(report.items[0].outputs[0].reference)
    ann, bob = desk.scene.ann, desk.scene.bob
    assert links == [
        f"tg://openmessage?user_id={ann}&message_id=1",
        f"tg://openmessage?user_id={bob}&message_id=2",
        f"tg://openmessage?chat_id={group.id}&message_id=3",
    ]


@pytest.mark.parametrize(
    ("kind", "role", "word"),
    [
        ("channel", "member", "CHAT_ADMIN_REQUIRED"),
        ("supergroup", "read_only", "CHAT_WRITE_FORBIDDEN"),
        ("supergroup", "banned", "CHAT_WRITE_FORBIDDEN"),
    ],
)
async def test_a_chat_without_rights_is_told_before_anything_is_uploaded(
    desk: Desk, tmp_path: Path, kind: str, role: str, word: str
) -> None:
    other_chat(desk, kind, role)
    report = await desk.send(photos(tmp_path, 3), to="telegram:@other")
    found, detail = fault_of(report)
    assert (report.job.state, found) == (JobState.FAILED, "dest.denied")
    assert "@other" in detail
    assert desk.count("upload.*") == 0


async def test_rights_that_are_taken_in_between_end_the_job_which_goes_on_with_them(
    desk: Desk, tmp_path: Path
) -> None:
    desk.faults.plan(read_fault("messages.sendMultiMedia:CHAT_WRITE_FORBIDDEN:skip=1"))
    report = await desk.send(photos(tmp_path, 30))
    assert fault_of(report)[0] == "dest.denied"
    assert len(desk.posted) == 10
    async with desk.open() as app:
        await app.retry(report.job.id)
        assert (await app.wait(report.job.id)).state is JobState.SUCCEEDED
    assert sorted(desk.posted) == names(30)


async def test_an_unknown_chat_is_told(desk: Desk, tmp_path: Path) -> None:
    for to in ("telegram:@nobody_there", "telegram:-1009999", "telegram:+AbCdEfGhIjKl"):
        found, detail = fault_of(await desk.send(photos(tmp_path, 1), to=to))
        assert found == "dest.unreachable"
        assert "AbCdEfGhIjKl" not in detail


async def test_an_account_that_telegram_limits_is_told(desk: Desk, tmp_path: Path) -> None:
    desk.faults.plan(read_fault("messages.sendMultiMedia:PEER_FLOOD"))
    found, detail = fault_of(await desk.send(photos(tmp_path, 2)))
    assert (found, detail) == ("dest.denied", "Telegram has limited this account (PEER_FLOOD)")


async def test_a_session_that_was_ended_asks_for_a_login(desk: Desk, tmp_path: Path) -> None:
    there.revoke(desk.scene.box.world.store, desk.scene.ann)
    report = await desk.send(photos(tmp_path, 2))
    assert fault_of(report)[0] == "dest.auth"


async def test_nobody_signed_in_is_told(desk: Desk, tmp_path: Path) -> None:
    (desk.home.data.telegram / "main.session").unlink()
    assert fault_of(await desk.send(photos(tmp_path, 2)))[0] == "dest.auth"


async def test_a_group_that_becomes_a_supergroup_in_between_is_followed(tmp_path: Path) -> None:
    with desk_of(tmp_path, kind="group") as desk:
        moved: list[int] = []

        def migrate() -> None:
            store = desk.scene.box.world.store
            made = make_chat(store, "supergroup", "Family", desk.scene.ann)
            store.run("update chats set became = ? where id = ?", made.id, desk.chat.id)
            moved.append(made.marked)

        desk.faults.plan(Fault("messages.sendMultiMedia", "delay", skip=1, then=migrate))
        report = await desk.send(photos(tmp_path, 25))
        assert set(states(report).values()) == {ItemState.SENT}
        store = desk.scene.box.world.store
        new = store.letters("box = ? order by id", moved[0])
        assert (len(desk.letters()), len(new)) == (10, 15)


@pytest.mark.parametrize(
    ("captions", "shown"), [("off", ""), ("name", "000.jpg"), ("path", "day/000.jpg")]
)
async def test_a_caption_stands_above_the_first_only(
    desk: Desk, tmp_path: Path, captions: str, shown: str
) -> None:
    telegram = replace_telegram(desk, captions=captions)
    assert telegram == captions
    source = packed(
        tmp_path / "a.zip", {f"day/{name}": photo(n) for n, name in enumerate(names(12))}
    )
    await desk.send(source, caption="Trip" if captions == "off" else None)
    texts = [one.body.get("text", "") for one in desk.letters()]
    second = {"off": "", "name": "010.jpg", "path": "day/010.jpg"}[captions]
    assert texts == [shown or "Trip", *[""] * 9, second, ""]


def replace_telegram(desk: Desk, **values: object) -> object:
    from dataclasses import replace

    settings = desk.home.settings
    telegram = replace(settings.telegram, **values)  # type: ignore[arg-type]
    desk.home.settings = replace(settings, telegram=telegram)
    return telegram.captions


async def test_a_caption_that_is_too_long_is_told_before_anything_is_sent(
    desk: Desk, tmp_path: Path
) -> None:
    report = await desk.send(photos(tmp_path, 2), caption="x" * 1025)
    assert fault_of(report) == (
        "input.usage",
        "the caption has 1,025 characters; Telegram shows 1,024",
    )
    assert desk.letters() == []


async def test_a_text_that_names_no_chat_is_refused_at_once(desk: Desk, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="names no Telegram chat"):
        await desk.send(photos(tmp_path, 1), to="telegram:no chat")


async def test_an_empty_file_is_kept_with_the_reason_and_the_rest_arrives(
    desk: Desk, tmp_path: Path
) -> None:
    source = packed(tmp_path / "a.zip", {"empty.txt": b"", "full.txt": b"words"})
    report = await desk.send(source, files="all")
    assert states(report) == {"empty.txt": ItemState.QUARANTINED, "full.txt": ItemState.SENT}
    assert report.items[0].item.fault is not None
    assert "no empty files" in report.items[0].item.fault.detail


async def test_a_file_above_the_accounts_limit_is_told_before_a_byte_travels(
    tmp_path: Path,
) -> None:
    with desk_of(tmp_path, rules=Rules(parts_max=3)) as desk:
        entries = {"large.bin": bytes(3 * 512 * 1024 + 1), "fits.bin": bytes(3 * 512 * 1024)}
        report = await desk.send(packed(tmp_path / "a.zip", entries), files="all")
        assert states(report) == {"large.bin": ItemState.QUARANTINED, "fits.bin": ItemState.SENT}
        assert report.items[0].item.fault is not None
        assert report.items[0].item.fault.kind == "dest.too_big"
        assert len(desk.faults.parts) == 3


async def test_more_than_two_gigabytes_on_a_free_account(desk: Desk, tmp_path: Path) -> None:
    """A sparse file in a folder: nothing of it is uploaded."""
    folder = tmp_path / "folder"
    folder.mkdir()
    with (folder / "large.bin").open("wb") as file:
        file.truncate(2_100_000_000)
    (folder / "small.bin").write_bytes(b"x")
    report = await desk.send(folder, files="all", recipe="original")
    assert states(report) == {"large.bin": ItemState.QUARANTINED, "small.bin": ItemState.SENT}
    assert desk.count("upload.saveBigFilePart") == 0


async def test_a_long_ending_is_part_of_the_name(desk: Desk, tmp_path: Path) -> None:
    name = f"a.{'e' * 31}"
    await desk.send(packed(tmp_path / "a.zip", {name: b"x"}), files="all")
    assert desk.posted == [name]


async def test_a_connection_that_closes_every_five_megabytes_is_gone_on_with(
    desk: Desk, tmp_path: Path
) -> None:
    desk.faults.line = Line(close_after=5_000_000)
    body = random.Random(9).randbytes(12 << 20)
    report = await desk.send(
        packed(tmp_path / "a.zip", {"a.bin": body, "b.jpg": photo(1)}), files="all"
    )
    assert set(states(report).values()) == {ItemState.SENT}
    assert desk.faults.line.closed >= 2
    assert desk.sums[0] == report.items[0].outputs[0].sha256


@pytest.mark.parametrize("skew_s", [600.0, -600.0])
async def test_a_clock_that_is_off_by_ten_minutes(tmp_path: Path, skew_s: float) -> None:
    with desk_of(tmp_path, faults=Faults(skew_s=skew_s)) as desk:
        report = await desk.send(photos(tmp_path, 12))
        assert set(states(report).values()) == {ItemState.SENT}


async def test_an_account_in_use_elsewhere_is_waited_for(desk: Desk, tmp_path: Path) -> None:
    one = accounts(desk.home.settings, desk.home.data.telegram)[0]
    async with desk.open() as app:
        with held(one):
            job = await app.send(photos(tmp_path, 2), to=desk.to)
            await told(app, job, "waiting")
            waiting = await app.job(job.id)
            assert waiting.fault is not None
            assert waiting.fault.kind == "job.busy"
        assert (await app.wait(job.id)).state is JobState.SUCCEEDED


async def test_a_named_account_delivers_by_its_own_session(desk: Desk, tmp_path: Path) -> None:
    from dataclasses import replace

    from transload.config import TelegramAccount

    signed_in(desk.scene, desk.home.settings, desk.home.data.telegram / "x", desk.scene.bob)
    session = desk.home.data.telegram / "x" / "main.session"
    telegram = replace(
        desk.home.settings.telegram, accounts={"work": TelegramAccount(session=session)}
    )
    desk.home.settings = replace(desk.home.settings, telegram=telegram)
    await desk.send(photos(tmp_path, 1), to="telegram:work@@ann")
    async with telethon(desk.scene.box, desk.scene.ann) as client:
        (found,) = await client.get_messages("bob", limit=5)
    assert not found.out
    assert found.photo


async def test_what_somebody_deleted_is_sent_again_and_nothing_else(
    desk: Desk, tmp_path: Path
) -> None:
    source = photos(tmp_path, 3)
    first = await desk.send(source)
    again = await desk.send(source)
    assert again.job.id == first.job.id, "all of it is there"
    async with telethon(desk.scene.box, desk.scene.ann) as client:
        await client.delete_messages("family", [2])
    third = await desk.send(source)
    assert third.job.id != first.job.id
    assert [states(third)[name] for name in names(3)] == [
        ItemState.DUPLICATE, ItemState.SENT, ItemState.DUPLICATE,
    ]  # fmt: skip

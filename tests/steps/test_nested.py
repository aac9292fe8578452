"""Places inside archives, the limits of the whole tree, and what reading an archive inside came to."""

import io
from dataclasses import replace
from typing import BinaryIO, cast

import pytest

from transload.entry import Entry, Limits, is_document
from transload.errors import (
    CorruptError,
    LimitError,
    PasswordNeededError,
    SevenZipMissingError,
    UnsupportedError,
)
from transload.faults import NextStep, Step
from transload.model import Job, JobState, Recipe
from transload.steps.nested import (
    ArchivePath,
    LimitBudget,
    OpenResult,
    base_name,
    counted_body,
    is_another_part,
    is_included,
    may_hold,
    opens,
    too_deep,
)

JOB = Job("j", "s", "library:/x", Recipe.PLAYABLE, "t", JobState.RUNNING)
KIB = 1 << 10


def entry(index: int, name: str) -> Entry:
    return Entry(index, name, name.encode(), 5)


def test_only_jobs_for_media_that_may_change_files_look_inside() -> None:
    assert opens(JOB)
    assert opens(replace(JOB, recipe=Recipe.TELEGRAM))
    assert not opens(replace(JOB, recipe=Recipe.ORIGINAL))
    assert not opens(replace(JOB, files="all"))


@pytest.mark.parametrize(
    ("include", "exclude", "wanted"),
    [
        ((), (), True),
        (("*.jpg",), (), True),
        (("*.png",), (), False),
        (("*.png", "trip/*"), (), True),
        ((), ("trip/*",), False),
        (("*.jpg",), ("*/a.*",), False),
        (("*.JPG",), (), False),
    ],
)
def test_a_name_passes_any_include_and_no_exclude(
    include: tuple[str, ...], exclude: tuple[str, ...], wanted: bool
) -> None:
    assert is_included("trip/a.jpg", include, exclude) is wanted


@pytest.mark.parametrize(
    ("name", "held"),
    [
        ("in.zip", True),
        ("in.TAR", True),
        ("in.jpg", False),
        ("old/in.zip", False),
        ("in.docx", False),
    ],
)
def test_what_is_not_included_may_still_hold_what_is(name: str, held: bool) -> None:
    job = replace(JOB, include=("*.jpg",), exclude=("old/*",))
    assert may_hold(entry(0, name), job) is held
    assert not may_hold(entry(0, name), replace(job, files="all"))


def test_only_the_part_that_is_opened_may_hold_anything() -> None:
    part = replace(entry(0, "a.7z.002"), part_of="a.7z.001")
    assert not may_hold(part, JOB)
    assert is_another_part(part)
    lead = replace(part, name="a.7z.001")
    assert may_hold(lead, JOB)
    assert not is_another_part(lead)


@pytest.mark.parametrize(
    ("name", "document"),
    [
        ("a/report.DOCX", True),
        ("app.jar", True),
        ("b.epub", True),
        ("c.cbz", False),
        ("zip", False),
    ],
)
def test_documents_in_the_form_of_archives_are_told_by_their_ending(
    name: str, document: bool
) -> None:
    assert is_document(name) is document


@pytest.mark.parametrize(
    ("name", "base"), [("a/b.zip", "b.zip"), ("a\\b.zip", "b.zip"), ("/", "/"), ("..", "..")]
)
def test_an_archive_inside_is_opened_under_its_own_name(name: str, base: str) -> None:
    assert base_name(entry(0, name)) == base


def test_the_entries_of_the_source_keep_their_places() -> None:
    top = ArchivePath()
    assert top.named(entry(3, "a.jpg")) == entry(3, "a.jpg")
    assert top.holds((3, ""))
    assert top.holds((3, "0000001"))
    assert top.is_directly_in((3, ""))
    assert not top.is_directly_in((3, "0000001"))
    assert top.own_index((3, "0000001")) == 3


def test_every_level_adds_seven_digits_and_a_name() -> None:
    top = ArchivePath()
    first = top.inside(top.named(entry(12, "in.zip")))
    inner = first.named(entry(4, "deep.tar"))
    assert (inner.place, inner.name, inner.raw_name) == (
        (12, "0000004"), "in.zip/deep.tar", b"in.zip/deep.tar",
    )  # fmt: skip
    second = first.inside(inner)
    leaf = second.named(replace(entry(7, "a.jpg"), raw_name=b"\xff"))
    assert (leaf.place, leaf.raw_name) == ((12, "00000040000007"), b"in.zip/deep.tar/\xff")
    assert (second.depth, second.own_index(leaf.place), first.own_index(leaf.place)) == (2, 7, 4)
    assert first.holds(leaf.place)
    assert not second.holds((12, "0000005"))
    assert second.is_directly_in(leaf.place)
    assert not first.is_directly_in(leaf.place)
    assert not first.holds((13, "0000004"))
    assert not first.holds((12, ""))


def drained(body: BinaryIO) -> int:
    done = 0
    while data := body.read(KIB):
        done += len(data)
    return done


def given(tree: LimitBudget, depth: int, size: int) -> int:
    return drained(counted_body(io.BytesIO(bytes(size)), tree, depth))


def test_the_total_holds_over_all_levels_together() -> None:
    tree = LimitBudget(Limits(max_total_bytes=10 * KIB))
    assert given(tree, 0, 4 * KIB) == 4 * KIB
    assert given(tree, 2, 4 * KIB) == 4 * KIB
    assert tree.left().max_total_bytes == 2 * KIB
    with pytest.raises(LimitError, match=r"archive\.max_total_bytes"):
        given(tree, 1, 3 * KIB)
    assert tree.spent is not None
    assert tree.left().max_total_bytes == 0


def test_the_number_of_entries_holds_over_all_levels_together() -> None:
    tree = LimitBudget(Limits(max_entries=10))
    tree.name(8)
    assert (tree.spent, tree.left().max_entries) == (None, 2)
    tree.name(3)
    assert tree.spent is not None
    assert "archive.max_entries" in tree.spent.detail


def test_levels_that_are_harmless_alone_are_a_bomb_together() -> None:
    tree = LimitBudget(Limits(max_ratio=10, ratio_after_bytes=8 * KIB))
    tree.enter(lambda: KIB)
    assert given(tree, 1, 9 * KIB) == 9 * KIB
    with pytest.raises(LimitError, match=r"archive\.max_ratio"):
        given(tree, 2, 40 * KIB)
    assert tree.spent is None
    assert given(tree, 2, 9 * KIB) == 9 * KIB  # the neighbours of the bomb go on
    tree.enter(lambda: 100 * KIB)
    assert given(tree, 2, 40 * KIB) == 40 * KIB


def test_what_a_reader_stops_by_a_limit_is_forgiven_to_its_neighbours() -> None:
    class Bomb:
        left = 9

        def read(self, size: int) -> bytes:
            self.left -= 1
            if not self.left:
                raise LimitError("too dense")
            return bytes(size)

    tree = LimitBudget(Limits(max_ratio=10, ratio_after_bytes=4 * KIB))
    tree.enter(lambda: KIB)
    with pytest.raises(LimitError, match="too dense"):
        drained(counted_body(cast("BinaryIO", Bomb()), tree, 1))
    assert given(tree, 1, 9 * KIB) == 9 * KIB


def test_too_deep_names_the_setting() -> None:
    fault = too_deep(Limits(max_depth=2))
    assert fault.kind == "input.limit"
    assert "2 deep (archive.max_depth)" in fault.detail
    assert "archive.max_depth" in str(fault.suggestion)


def test_what_cannot_be_read_here_is_refused_with_the_way_to_have_it() -> None:
    look = OpenResult()
    look.refuses(UnsupportedError("x.ace is an ACE archive"))
    assert look.fault is not None
    assert "ACE" in look.fault.detail
    assert look.fault.suggestion == Step(NextStep.SEND_UNOPENED)
    assert look.keeps


def test_an_archive_that_came_damaged_is_not_called_unreadable_here() -> None:
    look = OpenResult(CorruptError("its checksum is wrong").fault())
    look.refuses(UnsupportedError("not an archive"))
    assert look.keeps
    assert look.fault is not None
    assert look.fault.kind == "input.corrupt"


@pytest.mark.parametrize("error", [PasswordNeededError("locked"), SevenZipMissingError("no 7zz")])
def test_what_another_run_may_open_is_not_kept(
    error: PasswordNeededError | SevenZipMissingError,
) -> None:
    look = OpenResult()
    look.refuses(error)
    assert not look.keeps
    assert look.fault is not None
    assert look.fault.kind == error.kind.word

"""Which place of a listing is the folder that was asked for, and what lies in it."""

from xml.etree.ElementTree import XMLParser

import pytest

from tests.servers.webdav import multistatus
from transload.errors import LimitError
from transload.sources.webdav_listing import FolderListing, Multistatus

Places = list[tuple[str, bool]]


def listed(url: str, *places: tuple[str, bool], alone: bool = False) -> FolderListing:
    said = Multistatus(url, 9, alone=alone)
    parser = XMLParser(target=said)
    parser.feed(multistatus(*places))
    parser.close()
    return said.listing()


def names(said: FolderListing) -> list[str]:
    """Names of what lies in the folder; those of other places begin with a slash."""
    return [one.name.decode() for one in said.names]


@pytest.mark.parametrize("is_folder", [True, False])
@pytest.mark.parametrize("href", ["/trip/", "/trip", "http://inner/x", "/", "", "http://[x/y"])
def test_the_only_place_is_what_was_asked_for_alone(href: str, is_folder: bool) -> None:
    said = listed("http://h/trip/", (href, is_folder), alone=True)
    assert (said.is_folder, names(said)) == (is_folder, [])


INNER = [("/dav/trip/", True), ("/dav/trip/a", True), ("/dav/trip/b.jpg", False)]


@pytest.mark.parametrize(
    ("url", "places", "found"),
    [
        ("http://h/trip/", [("/trip/", True), ("/trip/a", True)], ["a"]),
        ("http://h/trip/", INNER, ["a", "b.jpg"]),
        ("http://h/trip/", INNER[::-1], ["b.jpg", "a"]),
        ("http://h/trip/", [*INNER, ("/x/c.jpg", False)], ["a", "b.jpg", "//x/c.jpg"]),
        ("http://h/", [("/dav/", True), ("/dav/a", True)], ["a"]),
        ("http://h/dav/", [("/", True), ("/a", True), ("/b.jpg", False)], ["a", "b.jpg"]),
        ("http://h/trip/", [("http://i/trip/", True), ("http://i/trip/a", True)], ["a"]),
        ("http://h/trip/", [("/dav/trip/", True)], []),
        # what a server leaves out is not made up: without the folder itself, names count where they were asked for
        ("http://h/trip/", [("/trip/a", True), ("/trip/b.jpg", False)], ["a", "b.jpg"]),
        ("http://h/trip/", [("/trip/a", True), ("/trip/b", True)], ["a", "b"]),
        ("http://h/", [("/a", True), ("/b.jpg", False)], ["a", "b.jpg"]),
        ("http://h/trip/", [("/x/a", True), ("/x/b", True)], ["//x/a", "//x/b"]),
        ("http://h/trip/", [("/x/a.jpg", False)], ["//x/a.jpg"]),
    ],
)
def test_names_are_those_in_the_folder_wherever_it_is(
    url: str, places: Places, found: list[str]
) -> None:
    said = listed(url, *places)
    assert names(said) == found
    assert [one.trouble is not None for one in said.names] == [
        name.startswith("/") for name in found
    ]


@pytest.mark.parametrize(("count", "is_too_much"), [(9, False), (10, True)])
def test_names_have_a_bound_without_the_folder_itself(count: int, is_too_much: bool) -> None:
    places: Places = [("/trip/", True), *((f"/trip/{n}", False) for n in range(count))]
    if is_too_much:
        with pytest.raises(LimitError, match=r"archive\.max_entries"):
            listed("http://h/trip/", *places)
    else:
        assert len(listed("http://h/trip/", *places).names) == count

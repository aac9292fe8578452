"""The port of sources by shape: what is not one of its words is a reader's own business."""

from tests.test_ports import words
from transload import ports, source_port
from transload.archives.tar.reader import TarReader
from transload.archives.zip.reader import ZipReader
from transload.sources.http import HttpSources
from transload.sources.webdav import WebdavSources


def test_every_reader_and_every_kind_of_source_has_all_that_is_asked_of_it() -> None:
    for reader in (ZipReader, TarReader):
        assert words(source_port.ArchiveReader).keys() <= words(reader).keys()
    for sources in (HttpSources, WebdavSources):
        assert words(source_port.Sources).keys() <= words(sources).keys()


def test_it_is_one_of_the_ports() -> None:
    assert ports.Source is source_port.Source
    assert words(source_port.ArchiveReader).keys() < words(source_port.Source).keys()

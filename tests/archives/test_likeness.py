"""What is said of a file that is no archive is in words, whatever its bytes."""

import pytest

from tests.archives.makers import noise
from transload.archives.likeness import likeness


@pytest.mark.parametrize(
    ("head", "words"),
    [
        (b"<html>404", "a web page"),
        (b"\xef\xbb\xbf\n <!DOCTYPE html><html>", "a web page"),
        (b'{"error": "gone"}', "JSON"),
        (b"<?xml version='1.0'?><Error>", "XML"),
        (b"%PDF-1.4", "PDF"),
        (b"just a few words", "a text"),
        (bytes(1024), "zeros"),
        (noise(1024), "nothing that is known"),
        (b"\xff\xd8\xff\xe0", "a JPEG"),
    ],
)
def test_words(head: bytes, words: str) -> None:
    assert words in likeness(head)
    assert "b'" not in likeness(head)

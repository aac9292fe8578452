"""What a file that is no archive looks like, in words: what a failed download gave is seen at its first bytes."""

_TEXT_SHARE = 0.9
_STARTS = (
    (b"%PDF-", "a PDF document"),
    (b"{", "JSON, as a server's answer does"),
    (b"[", "JSON, as a server's answer does"),
    (b"version https://git-lfs", "the stand-in of a file in Git LFS"),
    (b"<?xml", "XML, as a server's answer does"),
    (b"\xd0\xcf\x11\xe0", "an old office document"),
    (b"MZ", "a program"),
    (b"\x7fELF", "a program"),
    (b"\xff\xd8\xff", "a JPEG"),
    (b"\x89PNG", "a PNG"),
)
_WEB_PAGE = (b"<!doctype html", b"<html", b"<head", b"<body")


def likeness(head: bytes) -> str:
    """How a file with these first bytes begins, to stand after "it begins like"; never the bytes themselves."""
    if not head.strip(b"\0"):
        return "a file of zeros, as one does that was not written to its end"
    start = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    if start[:64].lower().startswith(_WEB_PAGE):
        return "a web page"
    for magic, words in _STARTS:
        if start.startswith(magic):
            return words
    printable = sum(byte in b"\t\n\r" or 32 <= byte < 127 for byte in head)
    return "a text" if printable >= _TEXT_SHARE * len(head) else "nothing that is known here"

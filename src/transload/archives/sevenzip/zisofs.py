"""Files of an ISO image that were packed one by one (`mkzftree`): 7zz gives them packed, as if they were whole.

The Linux kernel unpacks them when it reads the image; each begins with a mark of its own (zisofs-tools, iso9660/
Documentation "zisofs").
"""

from transload.archives.limits import Pull
from transload.errors import UnsupportedError

_MARK = b"\x37\xe4\x53\x96\xc9\xdb\xd6\x07"


def refusing_zisofs(pull: Pull) -> Pull:
    """The pull of a file of an ISO image, which raises UnsupportedError at once where its bytes are packed."""
    head: bytes | None = None  # what was read to look for the mark and not given yet

    def looking_first(size: int) -> bytes:
        nonlocal head
        if head is None:
            head = _start(pull)
        if not head:
            return pull(size)
        given, head = head[:size], head[size:]
        return given

    return looking_first


def _start(pull: Pull) -> bytes:
    head = b""
    while len(head) < len(_MARK) and (more := pull(len(_MARK) - len(head))):
        head += more
    if head == _MARK:
        raise UnsupportedError(
            "it is packed inside the image (zisofs), which no reader here unpacks",
            suggestion="Mount the image on Linux, which unpacks such files, and send the folder.",
        )
    return head

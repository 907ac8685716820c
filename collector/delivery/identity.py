"""Record ids: the same record read again gets the same ``_id``, another record never does.

An id is the base64url of a 128-bit BLAKE2b over host, hub, partition, sequence number, index in the event and the
record's bytes as received. The position makes a replay the same; the bytes keep a deleted and re-created hub, whose
sequence numbers start again, apart (decision 4 of the design).
"""

from binascii import b2a_base64
from hashlib import blake2b
from typing import Final

from collector.events import Source

_DIGEST_BYTES: Final = 16
_ID_CHARACTERS: Final = 22
_URL_SAFE: Final = bytes.maketrans(b"+/", b"-_")


class RecordIds:
    """Makes the ids of one partition."""

    def __init__(self, source: Source, partition: str) -> None:
        # Names cannot hold a zero byte, so no two partitions begin alike. Azure compares both names without case.
        self._prefix = f"{source.host.lower()}\0{source.hub.lower()}\0{partition}\0".encode()

    def record_id(self, sequence_number: int, index: int, received: bytes) -> bytes:
        """Return the 22 characters that name the record at ``index`` of the event."""
        named = b"%b%d\0%d\0" % (self._prefix, sequence_number, index)
        digest = blake2b(named + received, digest_size=_DIGEST_BYTES).digest()
        return b2a_base64(digest, newline=False).translate(_URL_SAFE)[:_ID_CHARACTERS]

"""Record ids: the same record read again gets the same ``_id``, another record never does.

An id is the base64url of a 128-bit BLAKE2b over host, hub, partition, sequence number, index in the event and the
record's bytes as received. The position makes a replay the same; the bytes keep a deleted and re-created hub, whose
sequence numbers start again, apart (decision 4 of the design).
"""

from base64 import urlsafe_b64encode
from hashlib import blake2b
from typing import Final

from collector.events import Source

_DIGEST_BYTES: Final = 16
_ID_CHARACTERS: Final = 22


class RecordIds:
    """Makes the ids of one partition."""

    def __init__(self, source: Source, partition: str) -> None:
        # Names cannot hold a zero byte, so no two partitions begin alike. Azure compares both names without case.
        named = f"{source.host.lower()}\0{source.hub.lower()}\0{partition}\0"
        self._seed = blake2b(named.encode(), digest_size=_DIGEST_BYTES)

    def record_id(self, sequence_number: int, index: int, received: bytes) -> str:
        """Return the 22 characters that name the record at ``index`` of the event."""
        digest = self._seed.copy()
        digest.update(b"%d\0%d\0%b" % (sequence_number, index, received))
        return urlsafe_b64encode(digest.digest())[:_ID_CHARACTERS].decode()

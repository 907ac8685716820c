"""Record ids: the same record read again gets the same ``_id``, another record never does.

An id is the base64url of 18 bytes: the first 15 of a SHA-256 that names the event, then the record's index in it. What
names an event is host, hub, partition and sequence number, which make a replay the same, and the time at which Event
Hubs took it in, with length and CRC-32 of its body as received: they keep a deleted and re-created hub, whose sequence
numbers start again, apart (decision 4 of the design, and decisions 0016 and 0017).

The digest is made once an event, and the ids of an event's records share their first 20 characters, which
Elasticsearch stores once. 24 characters of base64url it keeps as their 18 bytes.
"""

from base64 import urlsafe_b64encode
from hashlib import sha256
from typing import Final

from isal.isal_zlib import crc32  # pyright: ignore[reportUnknownVariableType]

from collector.events import Source

_DIGEST_BYTES: Final = 15
_INDEX_BYTES: Final = 3
"""No event holds as many records as these can tell apart: of the largest, 32 MiB inflated, each would have 2 bytes."""


def _encode_index(index: int) -> bytes:
    return urlsafe_b64encode(index.to_bytes(_INDEX_BYTES))


_FIRST_INDEXES: Final = tuple(map(_encode_index, range(512)))
"""Of nearly all records."""


class EventIds:
    """Names the events of one partition."""

    def __init__(self, source: Source, partition: str) -> None:
        # Names cannot hold a zero byte, so no two partitions begin alike. Azure compares both names without case.
        self._prefix = f"{source.host.lower()}\0{source.hub.lower()}\0{partition}\0".encode()

    def event_id(self, sequence_number: int, enqueued: str, body: bytes) -> bytes:
        """Return the 20 characters with which the ids of the event's records begin.

        ``enqueued`` is the time in the service's own words: a replay must say the same, so none is better than ours.
        """
        life = (enqueued.encode(), len(body), crc32(body))
        named = b"%b%d\0%b\0%d\0%08x" % (self._prefix, sequence_number, *life)
        return urlsafe_b64encode(sha256(named).digest()[:_DIGEST_BYTES])


def record_ids(event_id: bytes, first: int, count: int) -> list[bytes]:
    """Return the 24 characters each that name so many records of the event, from the one at index ``first`` on."""
    if first + count <= len(_FIRST_INDEXES):
        return [event_id + index for index in _FIRST_INDEXES[first : first + count]]
    return [event_id + _encode_index(index) for index in range(first, first + count)]


def record_id(event_id: bytes, index: int) -> bytes:
    """Return the one that names the record at ``index``."""
    return record_ids(event_id, index, 1)[0]

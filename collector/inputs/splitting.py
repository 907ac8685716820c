"""Splits an event's body into the records that Azure put into it.

Azure Monitor writes ``{"records": [...]}`` into every event; other shapes reach real hubs too: an array of such
envelopes (Stream Analytics), a bare array, a bare record, newline-delimited records (the Storage form), gzip.
A strict parse comes first (``collector.inputs.envelope``); only what fails it goes to ``collector.inputs.salvage``.

Source of the shapes: Microsoft Learn, "Stream Azure monitoring data to an event hub" and "Common and service-specific
schemas for Azure resource logs".
"""

import io
import zlib
from collections.abc import Iterator
from typing import Final

from collector.events import Entry, RecordTexts, Reject, RejectReason
from collector.inputs.envelope import StrictParseError, find_pieces, read_as_azure_writes, read_piece
from collector.inputs.salvage import salvage

MAX_INFLATED_BYTES: Final = 32 * 1024 * 1024
"""A gzip body may grow to this: 20 MB is the largest event of any hub tier, and a bomb must not pass."""

MANY_RECORDS: Final = 4096
"""In one event. Azure Monitor writes some hundreds at most; 60 bytes for each of these are 240 KiB."""

_LARGE_BODY: Final = 128 * 1024
"""Whatever a smaller one holds, to find its records costs 3 MiB at most."""
_SAMPLE: Final = 61
"""Of a large body one byte in so many is looked at: 15 us for 1 MiB."""
_MANY_BRACES: Final = 4 * MANY_RECORDS // _SAMPLE
_BYTES_OF_A_CHUNK: Final = 256 * 1024
_GZIP_MAGIC: Final = b"\x1f\x8b"
_GZIP_WINDOW_BITS: Final = 31


def split(body: bytes) -> list[Entry]:
    """Return the records and rejects of one event, in the order of the body; an event without records gives none.

    Never raises: whatever the bytes are, each of them ends in a record, in a reject or in the envelope around them.
    """
    return list(split_slowly(body))


def split_at_once(body: bytes) -> list[Entry] | RecordTexts | None:
    """Return the entries of a body that costs little more memory than it is long; None for any other.

    Others are those that must be inflated or mended, and those of many tiny records. Already to find 300,000 records
    takes 18 MiB, so a large body that has very many braces, by a sample, is not parsed here.
    """
    if body.startswith(_GZIP_MAGIC) or (len(body) > _LARGE_BODY and body[::_SAMPLE].count(b"{") > _MANY_BRACES):
        return None
    plain = read_as_azure_writes(body)
    if plain is not None:
        return plain if len(plain) <= MANY_RECORDS else None
    try:
        pieces = find_pieces(body)
    except StrictParseError:
        return None
    return list(map(read_piece, pieces)) if len(pieces) <= MANY_RECORDS else None


def split_slowly(body: bytes) -> Iterator[Entry]:
    """Yield the entries of any body; nothing is done before the first is asked for.

    Up to 32 MiB stay in use meanwhile, so only a few bodies should be split like this at the same time.
    """
    if body.startswith(_GZIP_MAGIC):
        inflated = _inflate(body)
        if isinstance(inflated, Reject):
            yield inflated
            return
        body = inflated
    try:
        pieces = find_pieces(body)
    except StrictParseError:
        yield from salvage(body)
    else:
        yield from map(read_piece, pieces)


def _inflate(body: bytes) -> bytes | Reject:
    """Inflate chunk by chunk into one buffer: all at once, zlib would need twice the memory."""
    inflater = zlib.decompressobj(_GZIP_WINDOW_BITS)
    inflated = io.BytesIO()
    rest = body
    try:
        while chunk := inflater.decompress(rest, _BYTES_OF_A_CHUNK):
            rest = inflater.unconsumed_tail
            if inflated.tell() + len(chunk) > MAX_INFLATED_BYTES:
                detail = f"the body inflates to more than {MAX_INFLATED_BYTES} bytes"
                return Reject(body, RejectReason.INFLATES_TOO_FAR, detail)
            inflated.write(chunk)
    except zlib.error as error:
        return Reject(body, RejectReason.INVALID_GZIP, str(error))
    if not inflater.eof:
        return Reject(body, RejectReason.INVALID_GZIP, "the gzip stream ends before its end")
    if inflater.unused_data.strip(b"\0"):
        return Reject(body, RejectReason.INVALID_GZIP, "something follows the end of the gzip stream")
    return inflated.getvalue()

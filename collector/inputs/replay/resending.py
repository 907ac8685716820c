"""From a dead letter to what is sent: its record again, or the records that its piece of an event now splits into.

A letter that is of no event hub is a whole document, and is sent as it was kept. Of the others, one of the stage
``index`` is its record, as it was sent. One of the stage ``split`` is split again: the splitter
may have learned to read it. A single record keeps the letter's id. Several get ids made from that id and their place,
the same at each replay; where the event itself were read again they would have others, so that is not both to be done.
"""

from binascii import b2a_base64
from collections.abc import Callable, Iterator
from hashlib import blake2b
from typing import Final

import msgspec

from collector.events import Entry, Record, Reject
from collector.inputs.replay.letters import Letter, Place
from collector.inputs.splitting import split
from collector.output.elasticsearch.encoding import Origin, StreamEncoder, action
from collector.redact import ContentPolicy
from collector.redact.markers import CUT

_WITHHELD_STARTS: Final = (b"[text:", b"[json:")
_ID_BYTES: Final = 16
_URL_SAFE: Final = bytes.maketrans(b"+/", b"-_")

STILL_NO_RECORD: Final = "no record yet"
WITHHELD: Final = "original withheld by the content policy"
NO_DOCUMENT: Final = "no document"


class CannotBeSentError(Exception):
    """Nothing of the letter can be sent; the message is one of a few short reasons."""


class Resending(msgspec.Struct, frozen=True):
    """How the records of one stream of the policy are encoded today."""

    encoder: StreamEncoder
    encode: Callable[[bytes, Origin, Record], bytes | None]
    """Returns the bulk lines of a record, or None when a processor drops it."""
    content: ContentPolicy | None

    def lines(self, letter: Letter, place: Place) -> Iterator[tuple[bytes | None, Entry]]:
        """Yield the bulk lines for each entry of the letter, None for a record that a processor drops.

        Raises:
            CannotBeSentError: it holds no record.
        """
        origin = self.encoder.origin(place.partition, place.position)
        entries = _entries(letter)
        for number, received in enumerate(entries):
            record_id = letter.id.encode() if len(entries) == 1 else _derive(letter.id, number)
            entry = received if self.content is None or letter.stage == "index" else self.content.apply(received)
            if isinstance(entry, Record):
                yield self.encode(record_id, origin, entry), entry
            else:
                yield self.encoder.reject(record_id, origin, letter.record_index, entry), entry


def resend_document(letter: Letter) -> bytes:
    """Return the bulk lines of a letter that holds a whole document.

    Raises:
        CannotBeSentError: it holds something else.
    """
    try:
        msgspec.json.decode(letter.original, type=dict[str, msgspec.Raw])
    except (ValueError, RecursionError) as error:
        raise CannotBeSentError(NO_DOCUMENT) from error
    if b"\n" in letter.original:  # would be two lines of a bulk request
        raise CannotBeSentError(NO_DOCUMENT)
    return action(letter.target.name, letter.id.encode()) + letter.original + b"\n"


def _entries(letter: Letter) -> list[Entry]:
    if letter.stage == "index":
        # What was kept is what was sent, so the content policy has had its say.
        return [Record(letter.original.decode("utf-8", "surrogatepass"))]
    if _is_withheld(letter.original):
        raise CannotBeSentError(WITHHELD)
    entries = split(letter.original)
    if not any(isinstance(entry, Record) for entry in entries):
        reason = next((entry.reason for entry in entries if isinstance(entry, Reject)), None)
        raise CannotBeSentError(f"{STILL_NO_RECORD}: {reason}" if reason else STILL_NO_RECORD)
    return entries


def _is_withheld(original: bytes) -> bool:
    """Tell whether the content policy left only parts or a marker of a piece, which must not pass for a record."""
    if original.startswith(_WITHHELD_STARTS):
        return True
    try:
        return CUT in msgspec.json.decode(original, type=dict[str, msgspec.Raw])
    except (ValueError, RecursionError):
        return False


def _derive(letter_id: str, number: int) -> bytes:
    digest = blake2b(b"%b\0%d" % (letter_id.encode(), number), digest_size=_ID_BYTES).digest()
    return b2a_base64(digest, newline=False).translate(_URL_SAFE).rstrip(b"=")

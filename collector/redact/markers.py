"""Markers: what stands in place of a text that must not leave.

``[text:27:3f2a9c0d1b4e5f60]`` is a text of 27 characters, ``[json:412:...]`` a value whose compact JSON has 412. The
last part is a keyed hash (BLAKE2b, 64 bits, in hex): equal texts have equal hashes within one installation, and nobody
without the key can try texts out. ``[numbers:1536]`` is a list of numbers, ``[number]`` one; ``[secret]`` says
nothing more.
"""

from hashlib import blake2b
from typing import Any, Final

import msgspec

SECRET: Final = "[secret]"  # noqa: S105 - the marker
NUMBER: Final = "[number]"
OTHER: Final = "[other]"
"""The key under which the members of an object stand that no table knows; their keys may come from users too."""
CUT: Final = "[cut]"
"""The key that says that a body was cut; its value is how many characters of it arrived."""
STREAM: Final = "[stream]"
"""The key that says that a body was a stream; its value is how many events were put together."""

_HASH_BYTES: Final = 8
LONGEST_KEY: Final = 64
"""Bytes of a key; BLAKE2b takes no more."""

_encode = msgspec.json.Encoder().encode


class Markers:
    """Makes the markers of one key."""

    def __init__(self, key: bytes) -> None:
        """Take 16 to 64 random bytes."""
        self._keyed = blake2b(key=key, digest_size=_HASH_BYTES)

    def text(self, value: str) -> str:
        """Return the marker of a text; an empty one holds nothing and stays."""
        if not value:
            return value
        return f"[text:{len(value)}:{self._hash(value.encode('utf-8', 'surrogatepass'))}]"

    def json(self, value: Any) -> str:
        """Return the marker of any JSON value."""
        written = _encode(value)
        return f"[json:{len(written)}:{self._hash(written)}]"

    def raw(self, value: bytes) -> str:
        """Return the marker of bytes that may be no text at all."""
        return f"[text:{len(value)}:{self._hash(value)}]"

    def _hash(self, value: bytes) -> str:
        keyed = self._keyed.copy()
        keyed.update(value)
        return keyed.hexdigest()

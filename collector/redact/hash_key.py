"""The key of the hashes: where it comes from and where it is kept.

Promises: without a key in the policy one is made at random at the first start and kept in the data folder, readable by
its owner only; the same key gives the same hashes, wherever it was read from. To rotate it, replace or remove it and
start again: texts from before and after then have different hashes.
"""

import errno
import os
import secrets
from hashlib import blake2b
from pathlib import Path
from typing import Final

FILE_NAME: Final = "content-hash-key"
_RANDOM_BYTES: Final = 32
_SHORTEST: Final = 16
_OWNER_ONLY: Final = 0o600
_PURPOSE: Final = b"aoai content"


def derive_key(secret: str) -> bytes:
    """Return the key that a secret text stands for."""
    return blake2b(secret.encode(), digest_size=_RANDOM_BYTES, person=_PURPOSE).digest()


def load_key(folder: Path) -> bytes:
    """Return the key of the data folder, made at the first call.

    Raises:
        OSError: the file cannot be made or read, or holds no key.
    """
    path = folder / FILE_NAME
    if not path.exists():
        _make(path)
    text = path.read_text(encoding="ascii", errors="replace").strip()
    if len(text) < _SHORTEST:
        raise OSError(errno.EINVAL, "holds no key of at least 16 characters; remove it to get a new one", str(path))
    return derive_key(text)


def _make(path: Path) -> None:
    """Write a random key; another process that does the same at this moment wins or loses as a whole."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    draft = path.with_name(f"{FILE_NAME}.{os.getpid()}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, _OWNER_ONLY)
    try:
        os.write(descriptor, secrets.token_hex(_RANDOM_BYTES).encode() + b"\n")
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    try:
        os.link(draft, path)
    except FileExistsError:
        pass
    finally:
        draft.unlink()

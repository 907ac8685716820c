"""From the keys of a stream to its content policy."""

from pathlib import Path

from collector.policy.content import ContentKeys
from collector.redact import ContentPolicy
from collector.redact.hash_key import derive_key, load_key
from collector.redact.levels import MetadataLevel, RedactedLevel
from collector.redact.patterns import PATTERNS, Pattern, TextRedactor


def choose_policy(keys: ContentKeys, folder: Path) -> ContentPolicy | None:
    """Return the policy of a stream, None for ``full``; a key that the stream does not give is in the folder.

    Raises:
        OSError: the file of the key cannot be made or read.
    """
    if keys.content == "full":
        return None
    key = load_key(folder) if keys.content_hash_key is None else derive_key(keys.content_hash_key.reveal())
    if keys.content == "redacted":
        own = [Pattern(name, expression, (), (), alone=False) for name, expression in keys.content_patterns.items()]
        return RedactedLevel(key, TextRedactor([*own, *PATTERNS]).redact)
    return MetadataLevel(key)

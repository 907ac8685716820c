"""What was written for a minute, small enough to be remembered for the whole look-back: 20 bytes a document.

A record is the key of a document's dimensions (8 bytes), which metrics it has (8 bytes, a bit each) and a digest of
their values (4 bytes). The *trace* of a minute is what was written of it, as records, and a digest of Azure's newest
answer, which tells whether that has changed since. After a restart only the digest is left.
"""

from dataclasses import dataclass, field
from hashlib import blake2b
from struct import Struct
from typing import Final

from collector.inputs.azure_metrics.series import KEY_BYTES, Row, Rows

DIGEST_BYTES: Final = 8
_RECORD: Final = Struct(f">{KEY_BYTES}sQI")
_WITHDRAWN: Final = 0
"""Stands for the digest of values that Azure no longer shows."""


@dataclass(slots=True)
class Trace:
    """One minute: the digest of Azure's newest answer, and what was written; None when that is not known any more."""

    digest: bytes
    records: bytes | None = None


@dataclass(slots=True)
class Changes:
    """How an answer differs from what was written."""

    fresh: Rows = field(default_factory=dict[bytes, Row])
    """Dimension sets that have no document yet."""
    grown: Rows = field(default_factory=dict[bytes, Row])
    """Metrics that came after the document of their dimension set was written; only they."""
    restated: int = 0
    """Documents that hold a value which Azure shows differently now, or no longer."""
    trace: Trace = field(default_factory=lambda: Trace(b""))
    """What the minute is once fresh and grown are written."""


def trace_of(rows: Rows) -> Trace:
    """Return what will have been written when every row is."""
    records = b"".join(sorted([_record(key, row) for key, row in rows.items()]))
    return Trace(blake2b(records, digest_size=DIGEST_BYTES).digest(), records)


def changes(rows: Rows, written: bytes) -> Changes:
    """Compare an answer with the records of what was written."""
    before = {key: (mask, digest) for key, mask, digest in _RECORD.iter_unpack(written)}
    found = Changes()
    records: list[bytes] = []
    for key, row in rows.items():
        mask, digest = before.pop(key, (0, _WITHDRAWN))
        known = {index: values for index, values in row.items() if mask >> index & 1}
        added = {index: values for index, values in row.items() if not mask >> index & 1}
        if not mask:
            found.fresh[key] = row
        elif added:
            found.grown[key] = added
        if mask and (_mask(known) != mask or _digest(known) != digest):
            found.restated += 1
        records.append(_record(key, row, mask))
    for key, (mask, digest) in before.items():
        found.restated += digest != _WITHDRAWN
        records.append(_RECORD.pack(key, mask, _WITHDRAWN))
    found.trace = Trace(trace_of(rows).digest, b"".join(sorted(records)))
    return found


def _record(key: bytes, row: Row, mask: int = 0) -> bytes:
    return _RECORD.pack(key, mask | _mask(row), _digest(row))


def _mask(row: Row) -> int:
    return sum([1 << index for index in row])


def _digest(row: Row) -> int:
    """Return a digest of the values, never that of withdrawn ones.

    Python's hash of numbers is the same in every process, and for 12 and 12.0, which are the same to Azure.
    """
    return hash(tuple(sorted(row.items()))) & 0xFFFFFFFF or 1

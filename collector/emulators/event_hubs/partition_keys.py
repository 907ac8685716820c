"""Which partition a partition key goes to.

The hash is Bob Jenkins' lookup3 (public domain) over the key's UTF-8, folded to a signed number of 16 bits; the
remainder is taken of its magnitude. That is what the .NET and JavaScript clients' buffered producers compute. (The
Python client hashes alike but takes Python's remainder, so it sends keys with a negative hash elsewhere.)
"""

_MASK = 0xFFFFFFFF
_BLOCK = 12
_MIX_SHIFTS = (4, 6, 8, 16, 19, 4)
_FINISH_SHIFTS = (14, 11, 25, 16, 4, 14, 24)


def choose_partition(partition_key: str, partitions: int) -> int:
    """Return the number of the partition, of `partitions`, that events with this key go to."""
    return abs(hash_partition_key(partition_key)) % partitions


def hash_partition_key(partition_key: str) -> int:
    """Return the key's hash, from -32,768 to 32,767; 0 for an empty key."""
    if not partition_key:
        return 0
    high, low = _hash_lookup3(partition_key.encode())
    folded = (high ^ low) & 0xFFFF
    return folded - 0x10000 if folded & 0x8000 else folded


def _hash_lookup3(data: bytes) -> tuple[int, int]:
    start = (0xDEADBEEF + len(data)) & _MASK
    state = (start, start, start)
    position = 0
    while len(data) - position > _BLOCK:
        state = _mix(*_add_block(state, data, position))
        position += _BLOCK
    return _finish(*_add_block(state, data, position))


def _add_block(state: tuple[int, int, int], data: bytes, position: int) -> tuple[int, int, int]:
    block = data[position : position + _BLOCK].ljust(_BLOCK, b"\0")
    a, b, c = (int.from_bytes(block[start : start + 4], "little") for start in (0, 4, 8))
    return (state[0] + a) & _MASK, (state[1] + b) & _MASK, (state[2] + c) & _MASK


def _rotate(value: int, by: int) -> int:
    return ((value << by) | (value >> (32 - by))) & _MASK


def _mix(a: int, b: int, c: int) -> tuple[int, int, int]:
    for shift in _MIX_SHIFTS:
        # One step works on a; then the three change places, so that six steps bring each back to its own.
        a, b, c = b, (c + b) & _MASK, ((a - c) & _MASK) ^ _rotate(c, shift)
    return a, b, c


def _finish(a: int, b: int, c: int) -> tuple[int, int]:
    for shift in _FINISH_SHIFTS:
        # One step works on c; then the three change places, and after seven steps c stands in b's place and b in a's.
        a, b, c = b, ((c ^ b) - _rotate(b, shift)) & _MASK, a
    return b, a

"""The fields of a document that have values."""

from collections.abc import Container, Iterator

type Leaf = tuple[str, object]


def leaves(value: object, name: str = "", *, whole: Container[str] = ()) -> Iterator[Leaf]:
    """Yield each field with its value; an item of a list is one. Points, and the fields named ``whole``, stay whole."""
    if isinstance(value, dict) and value.keys() != {"lat", "lon"} and name not in whole:
        for key, inner in value.items():
            yield from leaves(inner, f"{name}.{key}" if name else key, whole=whole)
    elif isinstance(value, list):
        for inner in value:
            yield from leaves(inner, name, whole=whole)
    else:
        yield name, value

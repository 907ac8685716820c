"""Dead letters in a local file of bulk lines."""

from collections.abc import Iterator
from pathlib import Path

import msgspec

from collector.inputs.replay.letters import Letter, NoDeadLetterError, read_letter


class _ActionFields(msgspec.Struct):
    id: str = msgspec.field(name="_id")


class _Action(msgspec.Struct):
    create: _ActionFields


def read_file(path: Path) -> Iterator[Letter | NoDeadLetterError]:
    """Yield the letters of a file, one at a time; in place of lines that hold none, an error that names them.

    A line that was cut, because the disk was full or the process died, does not cost the letter after it.

    Raises:
        OSError: the file cannot be read.
    """
    action: bytes | None = None
    with path.open("rb") as file:
        for number, line in enumerate(file, 1):
            if _id(line) is not None:
                if action is not None:
                    yield NoDeadLetterError(f"line {number - 1}: an action without its document")
                action = line
            elif action is None:
                yield NoDeadLetterError(f"line {number}: this is no dead letter of the collector")
            else:
                yield _read(action, line, number)
                action = None
    if action is not None:
        yield NoDeadLetterError("the last line: an action without its document")


def _read(action: bytes, document: bytes, number: int) -> Letter | NoDeadLetterError:
    whole = document if document.endswith(b"\n") else document + b"\n"
    try:
        return read_letter(_id(action) or "", document, lines=action + whole)
    except NoDeadLetterError as error:
        return NoDeadLetterError(f"line {number}: {error}")


def _id(line: bytes) -> str | None:
    """Return the id of an action line, None for any other line."""
    try:
        return msgspec.json.decode(line, type=_Action).create.id
    except (ValueError, RecursionError):
        return None

"""What is wrong with a policy, and what to write instead.

Promises: every mistake is a `Problem` that names file, line and key; a `PolicyError` holds all of them at once, in
the order of the file. Does not promise to show the value that is wrong: a value may be a secret (see
`source_map.SourceMap.show`).
"""

import difflib
from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Problem:
    """One mistake: where it is, what is wrong, and what to write.

    `line` counts from 1, and is 0 when the policy came as values and not as a file. `key` is the path of the key
    (``inputs[0].streams[0].eventhub``), empty when the file as a whole is meant. `what` has no full stop; `hint` is
    one or more whole sentences.
    """

    file: str
    line: int
    key: str
    what: str
    hint: str

    def render(self) -> str:
        """Return the problem as one line: ``file:line: key: what is wrong. What to write.``."""
        place = name_place(self.file, self.line)
        return f"{place}{self.key}: {self.what}. {self.hint}" if self.key else f"{place}{self.what}. {self.hint}"


class PolicyError(Exception):
    """The policy cannot be used. `problems` holds every mistake that was found, at least one."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems: tuple[Problem, ...] = tuple(problems)
        super().__init__(self.render())

    def render(self) -> str:
        """Return one line for each problem, in the order of the file, for people."""
        return "\n".join(problem.render() for problem in self.problems)


class RefusedError(ValueError):
    """A value is refused: what is wrong with it, and what to write.

    Raised by the checks of single values, which do not know their place in the file. ``{shown}`` in `what` is
    replaced by the value as the file has it, or by "the value" where it must not be shown.
    """

    def __init__(self, what: str, hint: str) -> None:
        super().__init__(what)
        self.what = what
        self.hint = hint


def name_place(file: str, line: int) -> str:
    """Return what a message about a line begins with, with a blank at its end; only the file's name for line 0."""
    return f"{file}:{line}: " if line else f"{file}: "


def suggest(word: str, choices: Iterable[str], *, cutoff: float = 0.66) -> str:
    """Return ``Did you mean 'x'? `` for the choice nearest to `word`, with a blank at its end; nothing if none is."""
    known = {choice.lower(): choice for choice in choices}
    near = difflib.get_close_matches(word.lower(), known, n=1, cutoff=cutoff)
    return f"Did you mean '{known[near[0]]}'? " if near else ""


def join_words(words: Iterable[str]) -> str:
    """Return the words as a list in a sentence: ``a, b or c``."""
    *first, last = words
    return f"{', '.join(first)} or {last}" if first else last

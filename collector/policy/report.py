"""What loading has found so far: problems and notes, each with its place.

Promises: at most one problem for one key (the first, which is the cause of the later ones), sorted as in the file.
"""

from collector.policy.problems import PolicyError, Problem, name_place
from collector.policy.source_map import KeyPath, SourceMap, render_path


class Report:
    """Collects problems and notes while one file is loaded."""

    def __init__(self, file: str, source: SourceMap) -> None:
        self.source = source
        self._file = file
        self._problems: dict[KeyPath, Problem] = {}
        self._notes: dict[str, str] = {}

    def refuse(self, path: KeyPath, what: str, hint: str) -> None:
        """Note a problem with the key, unless it has one already.

        ``{shown}`` in `what` becomes the value, if it may be shown.
        """
        what = what.replace("{shown}", self.source.show(path))
        line = self.source.find_line(path)
        self._problems.setdefault(path, Problem(self._file, line, render_path(path), what, hint.strip()))

    def explain(self, subject: str, path: KeyPath, text: str) -> None:
        """Note why something is not used; only the first time for a `subject`."""
        place = name_place(self._file, self.source.find_line(path))
        self._notes.setdefault(subject, f"{place}{render_path(path)} is not used: {text}.")

    def has_problem(self, path: KeyPath) -> bool:
        """Tell whether the key, or one around it or below it, has a problem already."""
        return any(known[: len(path)] == path or path[: len(known)] == known for known in self._problems)

    @property
    def notes(self) -> tuple[str, ...]:
        """What the file holds and the collector does not use."""
        return tuple(self._notes.values())

    def raise_problems(self) -> None:
        """Raise `PolicyError` with all problems, in the order of the file, if there are any."""
        if self._problems:
            raise PolicyError(sorted(self._problems.values(), key=lambda problem: (problem.line, problem.key)))

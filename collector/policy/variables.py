"""Variables in values: ``${env.NAME}``, ``${NAME}``, ``${env.A|env.B|'text'}``, ``${filesource.NAME}``.

Promises: the Elastic Agent's form (its docs/agent-policy.md). Without a dot ``env`` is meant; the first alternative
that resolves wins; a text in quotes always resolves, and so does what stands after a colon (``${env.A:text}``);
``$${x}`` stands for ``${x}``; ``$Default`` is no variable. Unlike the agent, which drops an input silently, a
variable that does not resolve is refused by name. What a variable holds is not looked at for more variables.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import cast, override

from collector.policy.problems import RefusedError, join_words, suggest

# The agent's own limit for a file of its provider filesource.
MAXIMUM_SECRET_FILE_BYTES = 4096

_REFERENCE = re.compile(r"\$\$\{|\$\{([^}]*)(\}?)")
_ALTERNATIVE = re.compile(
    r"""\s*(?: '(?P<single>[^']*)' | "(?P<double>[^"]*)"
          | (?P<name>[A-Za-z0-9_][A-Za-z0-9_.\-/\\]*) \s* (?: : (?P<default>[^|]*) )? )
        \s*(?P<more>\||$)""",
    re.VERBOSE,
)
_PROVIDERS = ("env", "filesource")


@dataclass(frozen=True, slots=True)
class _Name:
    """A variable: its provider and its name there."""

    provider: str
    key: str

    def __str__(self) -> str:
        return f"{self.provider}.{self.key}"


class Variables:
    """Resolves the variables of one policy from the environment and from the files that it names."""

    def __init__(self, environ: Mapping[str, str], files: Mapping[str, Path]) -> None:
        self._environ = environ
        self._files = files

    def resolve(self, text: str) -> str:
        """Return the text with its variables replaced; raise `RefusedError` that names one that does not resolve."""
        pieces: list[str] = []
        end = 0
        for match in _REFERENCE.finditer(text):
            if match.start() < end:
                continue
            pieces.append(text[end : match.start()])
            end = match.end()
            if match[1] is None:
                closing = text.find("}", end)
                end = len(text) if closing < 0 else closing + 1
                pieces.append(text[match.start() + 1 : end])
            elif not match[2]:
                raise RefusedError(
                    "opens a variable with ${ and does not close it", "Write } after the name, or $${ for a plain ${."
                )
            else:
                pieces.append(self._resolve_reference(match[1]))
        return "".join([*pieces, text[end:]])

    def _resolve_reference(self, inside: str) -> str:
        missing: list[_Name] = []
        for alternative in _parse_alternatives(inside):
            if isinstance(alternative, str):
                return alternative
            value = self._look_up(alternative)
            if value is not None:
                return value
            missing.append(alternative)
        raise self._explain_missing(missing)

    def _look_up(self, name: _Name) -> str | None:
        if name.provider == "env":
            return self._environ.get(name.key)
        path = self._files.get(name.key)
        return None if path is None else _read_secret_file(name, path)

    def _explain_missing(self, missing: list[_Name]) -> RefusedError:
        names = join_words(f"${{{name}}}" for name in missing)
        first = missing[0]
        if first.provider == "filesource":
            hint = (
                f"{suggest(first.key, self._files)}Name its file under providers.filesource.sources.{first.key}.path."
            )
        else:
            hint = (
                f"{suggest(first.key, self._environ)}Set the environment variable {first.key}, "
                f"or write ${{{first}|'text'}} with a text to fall back on."
            )
        state = "which is not set" if len(missing) == 1 else "and none of them is set"
        return RefusedError(f"needs {names}, {state}", hint)


class NoVariables(Variables):
    """For values in which another program has replaced the variables already: every text stays as it is."""

    def __init__(self) -> None:
        super().__init__({}, {})

    @override
    def resolve(self, text: str) -> str:
        return text


def find_literals(text: str) -> str:
    """Return what of the text stands in the file itself: all but its variables, with their fall-back texts."""
    literals = [_REFERENCE.sub("", text)]
    for match in _REFERENCE.finditer(text):
        try:
            literals.extend(part for part in _parse_alternatives(match[1] or "") if isinstance(part, str))
        except RefusedError:
            literals.append(text)
    return "".join(literals)


def read_file_sources(providers: object) -> Iterator[tuple[str, Path | None]]:
    """Yield each name under ``filesource.sources`` with its file, or None where no absolute path is given."""
    node = providers
    for key in ("filesource", "sources"):
        node = cast("Mapping[str, object]", node).get(key) if isinstance(node, Mapping) else None
    for name, source in cast("Mapping[str, object]", node).items() if isinstance(node, Mapping) else ():
        path = cast("Mapping[str, object]", source).get("path") if isinstance(source, Mapping) else None
        yield name, Path(path) if isinstance(path, str) and Path(path).is_absolute() else None


def _parse_alternatives(inside: str) -> Iterator[_Name | str]:
    """Yield the alternatives between the braces: variables, and texts to fall back on."""
    position = 0
    more = True
    while more:
        match = _ALTERNATIVE.match(inside, position)
        if match is None:
            raise RefusedError(
                "has a variable that is not well formed",
                "Write ${env.NAME}, ${env.NAME|'text'}, or $${ for a plain ${.",
            )
        position = match.end()
        more = match["more"] == "|"
        if match["name"] is None:
            yield match["single"] if match["single"] is not None else match["double"]
            continue
        yield _split_name(match["name"])
        if match["default"] is not None:
            yield match["default"].strip()


def _split_name(text: str) -> _Name:
    provider, dot, key = text.partition(".")
    if not dot:
        return _Name("env", text)
    if provider not in _PROVIDERS:
        known = join_words(_PROVIDERS)
        raise RefusedError(
            f"uses the variable provider {provider}, which is not served",
            f"{suggest(provider, _PROVIDERS)}Write a variable of {known}, such as ${{env.NAME}}.",
        )
    return _Name(provider, key)


def _read_secret_file(name: _Name, path: Path) -> str:
    """Return the file's text without the line break at its end, or raise `RefusedError`."""
    try:
        with path.open("rb") as file:
            data = file.read(MAXIMUM_SECRET_FILE_BYTES + 1)
        text = data.decode("utf-8")
    except OSError as error:
        reason = (error.strerror or "an unknown reason").lower()
        raise RefusedError(f"needs ${{{name}}}, whose file cannot be read: {reason}", f"Check {path}.") from None
    except UnicodeDecodeError:
        raise RefusedError(f"needs ${{{name}}}, whose file is not UTF-8", f"Check {path}.") from None
    if len(data) > MAXIMUM_SECRET_FILE_BYTES:
        raise RefusedError(f"needs ${{{name}}}, whose file is larger than 4 KiB", f"Check {path}.")
    return text.removesuffix("\n").removesuffix("\r")

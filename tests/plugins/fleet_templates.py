"""What Fleet makes of the package's variables and stream templates, for the part of Handlebars that they use.

``if``, ``unless``, ``each`` and ``else`` as in Handlebars; ``contains`` and ``escape_string`` as in Fleet
(`x-pack/platform/plugins/shared/fleet/server/services/epm/agent/agent.ts` of elastic/kibana), which renders without
escaping. A tag that stands alone on its line takes the line with it. Anything else is an error.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any

import yaml

from collector.assets.files import package_root

type Scope = Mapping[str, Any]

_ALONE = re.compile(r"^[ \t]*(\{\{(?:#|/|!|else)[^}]*\}\})[ \t]*\n", re.MULTILINE)
_TAG = re.compile(r"\{\{(.*?)\}\}")


def compile_stream(folder: str, given: Scope, kind: str = "") -> dict[str, Any]:
    """The stream of a data stream as it stands in the agent's policy; variables that are not given have defaults.

    `kind` is the type of the input; without it the data stream's first.
    """
    stream = stream_of(folder, kind)
    variables = {variable["name"]: variable.get("default") for variable in variables_of(folder, kind)}
    assert given.keys() <= variables.keys()
    path = package_root() / "data_stream" / folder / "agent" / "stream" / stream["template_path"]
    return yaml.safe_load(render(path.read_text(), {**variables, **given}))


def read_manifest(folder: str) -> dict[str, Any]:
    return yaml.safe_load((package_root() / "data_stream" / folder / "manifest.yml").read_text())


def stream_of(folder: str, kind: str = "") -> dict[str, Any]:
    """The stream that an input of this type has in the data stream; without a type the first."""
    return next(each for each in read_manifest(folder)["streams"] if kind in {"", each["input"]})


def variables_of(folder: str, kind: str = "") -> list[dict[str, Any]]:
    """The variables that a stream's template can name: of the package, of the input and its own."""
    stream = stream_of(folder, kind)
    package = yaml.safe_load((package_root() / "manifest.yml").read_text())
    inputs = [each for template in package["policy_templates"] for each in template["inputs"]]
    (of_input,) = (each["vars"] for each in inputs if each["type"] == stream["input"])
    return [*package["vars"], *of_input, *stream.get("vars", ())]


def render(template: str, scope: Scope) -> str:
    pieces = _TAG.split(_ALONE.sub(r"\1", template))
    tokens = iter([("tag" if index % 2 else "text", piece) for index, piece in enumerate(pieces)])
    text, end = _render_block(tokens, scope, shown=True)
    assert end is None, f"{{{{{end}}}}} closes nothing"
    return text


def _render_block(tokens: Iterator[tuple[str, str]], scope: Scope, *, shown: bool) -> tuple[str, str | None]:
    """The text up to the tag that ends the block, and that tag."""
    parts: list[str] = []
    for kind, piece in tokens:
        if kind == "text":
            parts.append(piece)
        elif piece.startswith("!"):
            continue
        elif piece.startswith("#"):
            parts.append(_render_helper(piece[1:].split(), tokens, scope, shown=shown))
        elif piece == "else" or piece.startswith("/"):
            return "".join(parts) if shown else "", piece
        else:
            parts.append(_render_value(piece.split(), scope) if shown else "")
    return "".join(parts) if shown else "", None


def _render_helper(words: list[str], tokens: Iterator[tuple[str, str]], scope: Scope, *, shown: bool) -> str:
    name, *arguments = words
    if name == "each":
        return _render_each(scope.get(arguments[0]) or [], tokens, scope, shown=shown)
    holds = _holds(name, arguments, scope)
    text, end = _render_block(tokens, scope, shown=shown and holds)
    if end == "else":
        otherwise, end = _render_block(tokens, scope, shown=shown and not holds)
        text += otherwise
    assert end == f"/{name}", f"{end} ends {name}"
    return text


def _render_each(items: list[Any], tokens: Iterator[tuple[str, str]], scope: Scope, *, shown: bool) -> str:
    body: list[tuple[str, str]] = []
    for token in tokens:
        body.append(token)
        if token == ("tag", "/each"):
            break
    texts = [_render_block(iter(body), {**scope, "this": item}, shown=shown)[0] for item in items]
    return "".join(texts)


def _holds(name: str, arguments: list[str], scope: Scope) -> bool:
    match name, arguments:
        case "if", [variable]:
            return bool(scope.get(variable))
        case "unless", [variable]:
            return not scope.get(variable)
        case "contains", [item, variable]:
            return item.strip('"') in (scope.get(variable) or "")
        case _:
            raise AssertionError(f"{name} is no helper that the templates may use")


def _render_value(words: list[str], scope: Scope) -> str:
    match words:
        case ["escape_string", variable]:
            value = scope.get(variable)
            return "'" + str(value).replace("'", "''").replace("\n", "\n\n") + "'" if value else ""
        case [variable]:
            value = scope.get(variable)
            return "" if value is None else str(value)
        case _:
            raise AssertionError(f"{words} is no value")

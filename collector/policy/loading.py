"""Loads a policy: read, shape, replace variables, check, put together.

Promises: `load_policy` returns a whole policy or raises `PolicyError` with all problems. Only what is enabled is
looked at: a disabled input may hold anything. An input of a type that is not served is left out with a note, so the
policy of an agent that does more still runs. Does not connect to anything.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

from pydantic import ValidationError

from collector.policy.agreement import (
    LoadedInput,
    LoadedOutput,
    LoadedStream,
    check_agreement,
    check_files,
    check_monitoring,
    check_stream_files,
)
from collector.policy.document import Value, parse_document, read_text, take_values
from collector.policy.elasticsearch import ElasticsearchOutput
from collector.policy.ignored_keys import OTHER_FILES
from collector.policy.input_kinds import INPUT_KINDS, InputKind
from collector.policy.kinds import Switch
from collector.policy.literal_secrets import check_file_mode
from collector.policy.model import Policy, TopLevel
from collector.policy.monitoring import Agent
from collector.policy.problems import RefusedError, suggest
from collector.policy.processor_reading import read_processors
from collector.policy.processors import Processor
from collector.policy.report import Report
from collector.policy.section import Section, default_of, example_of, section_of
from collector.policy.shaping import replace_variables, shape_section
from collector.policy.source_map import KeyPath, show_key
from collector.policy.variables import NoVariables, Variables, read_file_sources

# Types of outputs that are served -> the section that holds their keys.
OUTPUT_TYPES: Mapping[str, type[ElasticsearchOutput]] = {"elasticsearch": ElasticsearchOutput}


def load_policy(path: Path, environ: Mapping[str, str]) -> Policy:
    """Return the policy in the file, with variables from `environ`.

    Raise `PolicyError` with every problem of the file: one for each key, in the order of the lines.
    """
    return load_with_text(path, environ)[0]


def load_with_text(path: Path, environ: Mapping[str, str]) -> tuple[Policy, str]:
    """Return the policy in the file and the text that it was; raises as `load_policy` does."""
    text = read_text(path)
    value, report = _parse_mapping(text, path)
    check_file_mode(path, value, report)
    return _Loading(report, environ).build_policy(value), text


def load_text(text: str, path: Path, environ: Mapping[str, str]) -> Policy:
    """Return the policy that is a text which was in the file once, without a look at the file.

    Raises as `load_policy` does.
    """
    value, report = _parse_mapping(text, path)
    return _Loading(report, environ).build_policy(value)


def _parse_mapping(text: str, path: Path) -> tuple[dict[str, Value], Report]:
    value, report = parse_document(text, path)
    if isinstance(value, dict):
        return value, report
    report.refuse(
        (),
        "the file holds no mapping",
        "Write outputs: and inputs: at the left margin, and what belongs to them below.",
    )
    report.raise_problems()
    return {}, report


def load_values(value: dict[str, Value], origin: str) -> Policy:
    """Return the policy that these values make; `origin` stands in messages in place of a file's name.

    For a policy that another program has read, such as the Elastic Agent under Fleet: it has replaced the variables,
    so a text is taken as it is. Raise `PolicyError` with every problem.
    """
    return _Loading(take_values(value, origin), None).build_policy(value)


class _Loading:
    """One load: the report that fills, and the variables. Without `environ` there are none."""

    def __init__(self, report: Report, environ: Mapping[str, str] | None) -> None:
        self._report = report
        self._environ = environ
        self._variables: Variables = NoVariables()

    def build_policy(self, value: dict[str, Value]) -> Policy:
        """Return the policy, or raise `PolicyError` with all that the report holds by then."""
        files: dict[str, Path] = {}
        if self._environ is not None:
            files = self._take_file_sources(value)
            self._variables = Variables(self._environ, files)
        self._refuse_other_files(value)
        given = shape_section(value, TopLevel, (), self._report) or {}
        for key, what in (("outputs", "a mapping of names to outputs"), ("inputs", "a list of inputs")):
            # A misspelt key has a problem of its own that names the right one.
            if key not in given and not any(other != key and suggest(other, [key]) for other in value):
                self._report.refuse((key,), self._say_missing((key,)), f"Write {key}: and below it {what}.")
        outputs = self._load_outputs(given.get("outputs"))
        inputs = self._load_inputs(given.get("inputs"))
        if "inputs" in given:
            check_agreement(inputs, outputs, self._report)
        agent = self._load_agent(given.get("agent"), outputs)
        sections = {name: output.section for name, output in outputs.items() if output.section is not None}
        whole = tuple(entry.section for entry in inputs if entry.section is not None)
        self._report.raise_problems()
        return Policy(
            outputs=sections, agent=agent, inputs=whole, notes=self._report.notes, files=tuple(files.values())
        )

    def _refuse_other_files(self, value: dict[str, Value]) -> None:
        """Raise `PolicyError` with one problem when the file is of another kind, not with one for each key."""
        for key, hint in OTHER_FILES.items():
            if key in value:
                self._report.refuse((key,), "belongs to another kind of file", hint)
                self._report.raise_problems()

    def _take_file_sources(self, value: dict[str, Value]) -> dict[str, Path]:
        """Return the files that variables may name; ``providers`` with nothing else in it needs no note."""
        providers = value.get("providers")
        files: dict[str, Path] = {}
        for name, file in read_file_sources(providers):
            if file is None:
                where = ("providers", "filesource", "sources", name, "path")
                self._report.refuse(where, "is not an absolute path", "Write the path of the file from / on.")
            else:
                files[name] = file
        if isinstance(providers, dict) and providers.keys() == {"filesource"}:
            del value["providers"]
        return files

    def _load_outputs(self, raw: Value) -> dict[str, LoadedOutput]:
        if raw is None:
            return {}
        if not isinstance(raw, dict) or not raw:
            self._report.refuse(
                ("outputs",), "is not a mapping of names to outputs", "Write default: and below it type and hosts."
            )
            return {}
        return {name: self._load_output(name, entry) for name, entry in raw.items()}

    def _load_output(self, name: str, raw: Value) -> LoadedOutput:
        path: KeyPath = ("outputs", name)
        kind = self._find_kind(raw, path, OUTPUT_TYPES)
        if kind is None:
            return LoadedOutput(None, served=self._report.has_problem(path))
        given = self._prepare(raw, kind, path)
        section = None if given is None else self._check(kind, given, path)
        if section is not None:
            check_files(section.ssl, (*path, "ssl"), self._report)
        return LoadedOutput(section, served=True)

    def _load_agent(self, shaped: Value, outputs: Mapping[str, LoadedOutput]) -> Agent:
        if not isinstance(shaped, dict):
            return Agent()
        path: KeyPath = ("agent",)
        given = cast("dict[str, object]", replace_variables(shaped, path, self._variables, self._report))
        agent = self._check(Agent, given, path) or Agent()
        check_monitoring(agent.monitoring, outputs, self._report)
        return agent

    def _load_inputs(self, raw: Value) -> list[LoadedInput]:
        if raw is None:
            return []
        if not isinstance(raw, list):
            self._report.refuse(("inputs",), "is not a list", "Begin each input with a dash.")
            return []
        loaded = (self._load_input(entry, ("inputs", index)) for index, entry in enumerate(raw))
        return [entry for entry in loaded if entry is not None]

    def _take_processors(
        self, given: Mapping[str, Value], kind: InputKind, path: KeyPath, before: tuple[Processor, ...] = ()
    ) -> dict[str, Any]:
        """Return the keys with their processors read; `before` are those that run earlier."""
        raw, where = given.get("processors"), (*path, "processors")
        return {**given, "processors": read_processors(raw, where, self._report, before, kind.sight)}

    def _load_input(self, raw: Value, path: KeyPath) -> LoadedInput | None:
        if self._is_disabled(raw, path):
            return None
        kind = self._find_kind(raw, path, INPUT_KINDS)
        if kind is None or not isinstance(raw, dict):
            return None
        given = self._prepare({key: value for key, value in raw.items() if key != "streams"}, kind.input, path) or {}
        given = {"id": default_of(kind.input.model_fields["id"]), **self._take_processors(given, kind, path)}
        loaded = LoadedInput(path, given, self._load_streams(raw.get("streams"), kind, given, (*path, "streams")))
        sections = [stream.section for stream in loaded.streams]
        whole = [section for section in sections if section is not None]
        section = self._check(kind.input, {**given, "streams": whole}, path)
        loaded.section = section
        return loaded

    def _load_streams(self, raw: Value, kind: InputKind, parent: dict[str, Any], path: KeyPath) -> list[LoadedStream]:
        if not isinstance(raw, list):
            what = "is not a list" if raw is not None else self._say_missing(path)
            self._report.refuse(path, what, f"Begin each stream with a dash, and write {kind.needs} below.")
            return []
        loaded: list[LoadedStream] = []
        for index, entry in enumerate(raw):
            place = (*path, index)
            if not (self._is_disabled(entry, place) or self._is_for_others(entry, kind, place)):
                loaded.append(self._load_stream(entry, kind, parent, place))
        return loaded

    def _is_for_others(self, raw: Value, kind: InputKind, path: KeyPath) -> bool:
        """Tell whether another program is meant, and note it."""
        purpose = kind.find_other_purpose(raw) if isinstance(raw, dict) else None
        if purpose is not None:
            self._report.explain(str(path), path, purpose)
        return purpose is not None

    def _load_stream(self, raw: Value, kind: InputKind, parent: dict[str, Any], path: KeyPath) -> LoadedStream:
        given = self._prepare(raw, kind.stream, path)
        if given is None:
            return LoadedStream(path, {}, None)
        inherited, own = parent.get("data_stream"), given.get("data_stream")
        if isinstance(inherited, dict):
            given["data_stream"] = {**inherited, **(own if isinstance(own, dict) else {})}
        input_id = parent.get("id")
        whole = self._take_processors(given, kind, path, parent["processors"])
        complete = kind.complete(whole, input_id if isinstance(input_id, str) else "")
        section = self._check(kind.stream, complete, path)
        if section is not None:
            check_stream_files(section, path, self._report)
        return LoadedStream(path, complete, section)

    def _prepare(self, raw: Value, kind: type[Section], path: KeyPath) -> dict[str, Value] | None:
        """Return the keys that the section uses, without variables; None when there is no mapping."""
        shaped = shape_section(raw, kind, path, self._report)
        if shaped is None:
            return None
        return {
            key: replace_variables(value, (*path, key), self._variables, self._report) for key, value in shaped.items()
        }

    def _is_disabled(self, raw: Value, path: KeyPath) -> bool:
        """Tell whether ``enabled`` is false, and note it.

        A wrong value counts as enabled: the check of the key will name it.
        """
        if not isinstance(raw, dict) or raw.get("enabled") is None:
            return False
        value = replace_variables(raw["enabled"], (*path, "enabled"), self._variables, self._report)
        try:
            disabled = not Switch().check(value)
        except RefusedError:
            return False
        if disabled:
            self._report.explain(str(path), path, "it has enabled: false")
        return disabled

    def _find_kind[K](self, raw: Value, path: KeyPath, kinds: Mapping[str, K]) -> K | None:
        """Return what the table has for the ``type``; None when it is wrong (a problem) or not served (a note)."""
        if not isinstance(raw, dict):
            self._report.refuse(path, "is not a mapping", "Write keys below it, indented, each with its value.")
            return None
        where = (*path, "type")
        name = raw.get("type")
        if not isinstance(name, str):
            what = self._say_missing(where) if name is None else "is not a text"
            self._report.refuse(where, what, f"Write type: {next(iter(kinds))}.")
        elif name in kinds:
            return kinds[name]
        elif guess := suggest(name, kinds, cutoff=0.85):
            self._report.refuse(where, "{shown} is not a type that is known here", guess)
        else:
            served = ", ".join(kinds)
            self._report.explain(
                f"{path[0]}.{name}", path, f"its type is {show_key(name)}, and {served} is what this collector serves"
            )
        return None

    def _check[S: Section](self, kind: type[S], given: Mapping[str, object], path: KeyPath) -> S | None:
        """Return the section, or None when one of its values is wrong; every problem goes into the report."""
        self._check_missing(kind, given, path)
        try:
            section = kind.model_validate(given)
        except ValidationError as error:
            self._explain_errors(error, kind, path)
            return None
        self._check_contradictions(section, path)
        return section

    def _check_missing(self, kind: type[Section], given: Mapping[str, object], path: KeyPath) -> None:
        for found in kind.find_missing(given):
            if not self._report.has_problem((*path, *found.key)):
                self._report.refuse((*path, *found.key), found.what, found.hint)
        for key, field in kind.model_fields.items():
            below, value = section_of(field), given.get(key)
            if below is not None and isinstance(value, dict):
                self._check_missing(below, cast("dict[str, object]", value), (*path, key))

    def _check_contradictions(self, section: Section, path: KeyPath) -> None:
        for found in section.find_contradictions():
            self._report.refuse((*path, *found.key), found.what, found.hint)
        for key in type(section).model_fields:
            below = getattr(section, key)
            if isinstance(below, Section):
                self._check_contradictions(below, (*path, key))

    def _explain_errors(self, error: ValidationError, kind: type[Section], path: KeyPath) -> None:
        """Put what pydantic found into the report, in our words; its own would show the value."""
        for detail in error.errors(include_url=False, include_input=False):
            where = (*path, *detail["loc"])
            if self._report.has_problem(where):
                continue
            cause = detail.get("ctx", {}).get("error")
            if isinstance(cause, RefusedError):
                self._report.refuse(where, cause.what, cause.hint)
            elif detail["type"] == "missing":
                self._report.refuse(where, self._say_missing(where), _show_example(kind, detail["loc"]))
            else:
                self._report.refuse(where, "{shown} cannot stand here", _show_example(kind, detail["loc"]))

    def _say_missing(self, path: KeyPath) -> str:
        return "has no value" if self._report.source.has(path) else "is missing"


def _show_example(kind: type[Section], place: KeyPath) -> str:
    """Return how the key is written."""
    key = str(place[0])
    field = kind.model_fields.get(key)
    example = example_of(field) if field else ""
    return f"Write {key}: {example}." if example else f"Write a value for {key}."

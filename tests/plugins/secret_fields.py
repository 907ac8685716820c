"""Which keys of a policy hold secrets, as the policy's own model says."""

from collections.abc import Iterator

from collector.policy import ElasticsearchOutput
from collector.policy.input_kinds import INPUT_KINDS
from collector.policy.kinds import SecretsByName, SecretText
from collector.policy.model import TopLevel
from collector.policy.section import Section, kind_of, section_of


def secret_fields() -> set[str]:
    """Each as its section and key: ``ElasticsearchOutput.api_key``."""
    sections: list[type[Section]] = [TopLevel, ElasticsearchOutput]
    for kind in INPUT_KINDS.values():
        sections += [kind.input, kind.stream]
    return {field for section in sections for field in _secrets_of(section)}


def _secrets_of(section: type[Section]) -> Iterator[str]:
    for key, field in section.model_fields.items():
        below = section_of(field)
        if below is not None:
            yield from _secrets_of(below)
        elif isinstance(kind_of(field), SecretText | SecretsByName) or "Secret" in str(field.annotation):
            yield f"{section.__name__}.{key}"

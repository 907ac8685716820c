"""Every field that the logs of Elastic's own azure_openai package export is exported under the same name, and means it.

The list is that package's field files, read in 2026; types may be wider (prompts are text here and keyword there). What
a field means is the key of Azure's record whose value it takes over, as that package's pipeline does.
"""

import json
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from plugins.fields_of_documents import leaves

from collector.assets.catalogue import load_catalogue
from collector.assets.mappings import build_mappings

type Document = dict[str, Any]

CASES = Path(__file__).parent / "cases"


def names(text: str) -> list[str]:
    return text.split()


TOP = names(
    "asset_identity caller_ip_address category correlation_id deployment_version event is_request_success location "
    "operation_name result_signature sku tenant truncated"
)
PROPERTIES = names(
    "api_id api_name api_revision backend_id backend_method backend_protocol backend_response_code backend_time "
    "backend_url cache client_protocol client_tls_cipher_suite client_tls_version model_deployment_name model_name "
    "model_version object_id operation_id request_length request_time response_length response_time stream_type "
    "backend_request_body.model backend_request_body.messages.role backend_request_body.messages.content"
)
RESPONSE = names(
    "id model object created system_fingerprint usage.input_tokens usage.output_tokens usage.total_tokens "
    "choices.index choices.finish_reason choices.logprobs choices.message.role choices.message.content "
    "prompt_filter_results.prompt_index error.code error.message error.param error.status error.innererror.code "
    "content_filtered_categories.category_name content_filtered_categories.severity "
    "error.innererror.content_filtered_categories.category_name "
    "error.innererror.content_filtered_categories.severity"
)
FOUR = [
    f"{category}.{leaf}"
    for category in ("hate", "self_harm", "sexual", "violence")
    for leaf in ("filtered", "severity")
]
FOUND = [f"{category}.{leaf}" for category in ("jailbreak", "profanity") for leaf in ("detected", "filtered")]
ANSWER_ONLY = names(
    "protected_material_text.detected protected_material_text.filtered protected_material_code.detected "
    "protected_material_code.filtered protected_material_code.citation.url protected_material_code.citation.license "
    "ungrounded_material.detected ungrounded_material.filtered ungrounded_material.details.completion_start_offset "
    "ungrounded_material.details.completion_end_offset"
)
BLOCKLISTS = ["custom_blocklists.id", "custom_blocklists.filtered"]
SHARED = names(
    "azure.resource.authorization_rule azure.resource.group azure.resource.id azure.resource.name "
    "azure.resource.namespace azure.resource.provider azure.resource.type azure.subscription_id cloud.provider "
    "cloud.account.id source.ip source.geo.city_name source.geo.continent_name source.geo.country_iso_code "
    "source.geo.country_name source.geo.location source.geo.region_iso_code source.geo.region_name source.as.number "
    "source.as.organization.name http.request.method http.response.status_code url.domain url.original url.path "
    "url.query url.scheme log.level event.duration event.outcome event.original data_stream.type "
    "data_stream.dataset data_stream.namespace"
)

BODY = "azure.open_ai.properties.backend_response_body"
NAMES = [
    *(f"azure.open_ai.{name}" for name in TOP),
    *(f"azure.open_ai.properties.{name}" for name in PROPERTIES),
    *(f"{BODY}.{name}" for name in RESPONSE),
    *(f"{BODY}.choices.content_filter_results.{name}" for name in (*FOUR, *FOUND, *ANSWER_ONLY, *BLOCKLISTS)),
    *(f"{BODY}.prompt_filter_results.content_filter_results.{name}" for name in (*FOUR, *FOUND)),
    *(f"{BODY}.error.innererror.content_filter_result.{name}" for name in (*FOUR, *FOUND, *BLOCKLISTS)),
    *SHARED,
]
NUMBERS = {"long", "double"}

MEANS = {
    "asset_identity": "AssetIdentity",
    "deployment_version": "DeploymentVersion",
    "sku": "Sku",
    "tenant": "Tenant",
    **{name: name for name in names("category event location truncated")},
    **dict(
        zip(
            names("caller_ip_address correlation_id is_request_success operation_name result_signature"),
            names("callerIpAddress correlationId isRequestSuccess operationName resultSignature"),
            strict=True,
        )
    ),
}
"""Name below ``azure.open_ai`` -> key of the record."""

PROPERTIES_MEAN = dict(
    zip(
        [name for name in PROPERTIES if "." not in name],
        names(
            "apiId apiName apiRevision backendId backendMethod backendProtocol backendResponseCode backendTime "
            "backendUrl cache clientProtocol clientTlsCipherSuite clientTlsVersion modelDeploymentName modelName "
            "modelVersion objectId operationId requestLength requestTime responseLength responseTime streamType"
        ),
        strict=True,
    )
)
"""Name below ``azure.open_ai.properties`` -> key of the record's properties."""

ANSWER_MEANS = {
    **{(name,): (name,) for name in names("id model object created system_fingerprint")},
    ("usage", "input_tokens"): ("usage", "prompt_tokens"),
    ("usage", "output_tokens"): ("usage", "completion_tokens"),
    ("usage", "total_tokens"): ("usage", "total_tokens"),
    **{("choices", name): ("choices", name) for name in names("index finish_reason content_filter_results")},
    ("choices", "message", "role"): ("choices", "message", "role"),
    ("choices", "message", "content"): ("choices", "message", "content"),
    ("prompt_filter_results", "prompt_index"): ("prompt_filter_results", "prompt_index"),
}
"""Path below ``backend_response_body`` -> path in the answer."""

ERROR_MEANS = {
    **{("error", name): ("error", name) for name in names("code message param status")},
    ("error", "innererror", "code"): ("error", "innererror", "code"),
    ("error", "innererror", "content_filter_result", "hate"): (
        "error",
        "innererror",
        "content_filter_result",
        "hate",
    ),
}


@cache
def golden() -> dict[str, tuple[Document, Document]]:
    """Records and their documents by case."""
    return {
        str(path.parent.relative_to(CASES)): (
            json.loads(path.read_text()),
            json.loads((path.parent / "expected.json").read_text()),
        )
        for path in CASES.glob("*/*/record.json")
    }


def follow(value: Any, path: tuple[str, ...]) -> Any:
    for key in path:
        inner = value[0] if isinstance(value, list) else value
        value = inner[key]
    return value


def test_every_name_is_in_the_catalogue() -> None:
    assert set(NAMES) - {field.name for field in load_catalogue()} == set()


def test_every_name_stands_in_a_golden_document() -> None:
    seen = {field for path in CASES.glob("*/*/expected.json") for field, _ in leaves(json.loads(path.read_text()))}
    assert [name for name in NAMES if not any(f"{field}.".startswith(f"{name}.") for field in seen)] == []


def spelled(value: object) -> str:
    """A value without its type: a key of the wrong type becomes a text, ticks as a float a whole number."""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return value if isinstance(value, str) else json.dumps(value)


def taken(names_and_keys: dict[str, str], inner: str | None) -> dict[str, list[tuple[str, object, object]]]:
    """By name: case, value in the record and value in the document, wherever both are there."""
    found: dict[str, list[tuple[str, object, object]]] = {name: [] for name in names_and_keys}
    for case, (record, document) in golden().items():
        source = record if inner is None else record.get(inner)
        fields = document.get("azure", {}).get("open_ai", {})
        fields = fields if inner is None else fields.get(inner, {})
        for name, key in names_and_keys.items():
            if isinstance(source, dict) and key in source and name in fields:
                found[name].append((case, source[key], fields[name]))
    return found


@pytest.mark.parametrize(("meanings", "inner"), [(MEANS, None), (PROPERTIES_MEAN, "properties")])
def test_a_field_takes_over_the_value_of_its_key(meanings: dict[str, str], inner: str | None) -> None:
    found = taken(meanings, inner)
    assert [name for name, values in found.items() if not values] == []
    others = [
        (name, *each) for name, values in found.items() for each in values if spelled(each[1]) != spelled(each[2])
    ]
    assert others == []


@pytest.mark.parametrize(
    ("case", "meanings"),
    [("gateway/chat", ANSWER_MEANS), ("gateway/prompt_filtered_blocklists_as_object", ERROR_MEANS)],
)
def test_a_field_of_an_answer_takes_over_the_value_of_its_key(
    case: str, meanings: dict[tuple[str, ...], tuple[str, ...]]
) -> None:
    record, document = golden()[case]
    answer = json.loads(record["properties"]["backendResponseBody"])
    kept = document["azure"]["open_ai"]["properties"]["backend_response_body"]
    for path, key in meanings.items():
        assert follow(kept, path) == follow(answer, key), path


@pytest.mark.parametrize("name", ["request_length", "response_length", "request_time", "response_time"])
def test_numbers_are_numbers(name: str) -> None:
    (field,) = (field for field in load_catalogue() if field.name == f"azure.open_ai.properties.{name}")
    assert field.type in NUMBERS


def test_the_gateways_mapping_has_the_names_that_bodies_fill() -> None:
    level = build_mappings("aoai.gateway", dynamic=True)
    for part in f"{BODY}.error.innererror.content_filter_result.hate.severity".split("."):
        level = level["properties"][part]  # type: ignore[index, assignment]
    assert level["type"] == "keyword"

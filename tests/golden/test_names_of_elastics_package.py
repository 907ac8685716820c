"""Every field that the logs of Elastic's own azure_openai package export is exported under the same name.

The list is that package's field files, read in 2026; types may be wider (prompts are text here and keyword there).
"""

import pytest

from collector.assets.catalogue import load_catalogue
from collector.assets.mappings import build_mappings


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


def test_every_name_is_in_the_catalogue() -> None:
    assert set(NAMES) - {field.name for field in load_catalogue()} == set()


@pytest.mark.parametrize("name", ["request_length", "response_length", "request_time", "response_time"])
def test_numbers_are_numbers(name: str) -> None:
    (field,) = (field for field in load_catalogue() if field.name == f"azure.open_ai.properties.{name}")
    assert field.type in NUMBERS


def test_the_gateways_mapping_has_the_names_that_bodies_fill() -> None:
    level = build_mappings("aoai.gateway", dynamic=True)
    for part in f"{BODY}.error.innererror.content_filter_result.hate.severity".split("."):
        level = level["properties"][part]  # type: ignore[index, assignment]
    assert level["type"] == "keyword"

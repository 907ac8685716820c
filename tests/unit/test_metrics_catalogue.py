"""The metric catalogue: complete by the documentation's tables, without doubles, under the names stock agents use."""

import pytest

from collector.azure_monitor.metrics import (
    Aggregation,
    Unit,
    canonical_dimension,
    find_metric,
    load_metrics,
    metrics_of,
    property_name,
)

ACCOUNTS = "Microsoft.CognitiveServices/accounts"
ENDPOINTS = "Microsoft.MachineLearningServices/workspaces/onlineEndpoints"
SEEN_FROM_STOCK_AGENTS = {
    "AzureOpenAIRequests": "azure_openairequests",
    "AzureOpenAIProvisionedManagedUtilizationV2": "azure_openaiprovisioned_managed_utilization_v2",
    "AzureOpenAITimeToResponse": "azure_openaitime_toresponse",
    "AzureOpenAIContextTokensCacheMatchRate": "azure_openaicontext_tokens_cache_match_rate",
    "ProcessedPromptTokens": "processed_prompt_tokens",
    "RAIHarmfulRequests": "raiharmful_requests",
    "ModelDeploymentName": "model_deployment_name",
    "ApiName": "api_name",
    "StatusCode": "status_code",
    "Percentage CPU": "percentage_cpu",
    "Disk Read Operations/Sec": "disk_read_operations_per_sec",
}
"""Names that pipelines of Elastic's packages and documents of stock agents have."""
FIELDS_OF_ELASTICS_PACKAGE = {
    "requests": Aggregation.TOTAL,
    "generated_tokens": Aggregation.TOTAL,
    "active_tokens": Aggregation.TOTAL,
    "processed_prompt_tokens": Aggregation.TOTAL,
    "token_transaction": Aggregation.TOTAL,
    "fine_tuned_training_hours": Aggregation.TOTAL,
    "time_to_response": Aggregation.AVERAGE,
    "context_tokens_cache_match_rate": Aggregation.AVERAGE,
    "provisioned_managed_utilization_v2": Aggregation.AVERAGE,
    "raiharmful_requests": Aggregation.TOTAL,
    "rairejected_requests": Aggregation.TOTAL,
    "raitotal_requests": Aggregation.TOTAL,
}


@pytest.mark.parametrize(
    ("family", "count"),
    [
        ("azure_openai", 18),
        ("models", 19),
        ("cognitive_services", 12),
        ("content_safety", 7),
        ("online_endpoints", 11),
        ("online_deployments", 14),
    ],
)
def test_a_family_has_as_many_metrics_as_the_documentation_lists(family: str, count: int) -> None:
    assert len([metric for metric in load_metrics() if metric.family == family]) == count


def test_a_name_stands_once_in_its_namespace_and_so_does_what_a_stock_agent_makes_of_it() -> None:
    names = [(metric.namespace, metric.name.lower()) for metric in load_metrics()]
    sent = [(metric.namespace, property_name(metric.name)) for metric in load_metrics()]
    assert len(set(names)) == len(names)
    assert len(set(sent)) == len(sent)


def test_two_metrics_never_share_a_field() -> None:
    fields = [metric.field for metric in load_metrics()]
    assert len(set(fields)) == len(fields)


@pytest.mark.parametrize(("name", "expected"), SEEN_FROM_STOCK_AGENTS.items())
def test_names_are_those_of_a_stock_agent(name: str, expected: str) -> None:
    assert property_name(name) == expected


@pytest.mark.parametrize(("name", "aggregation"), FIELDS_OF_ELASTICS_PACKAGE.items())
def test_the_fields_of_elastics_package_are_there(name: str, aggregation: Aggregation) -> None:
    [metric] = [metric for metric in load_metrics() if metric.field == f"azure.open_ai.{name}"]
    assert metric.elastic
    assert aggregation in metric.aggregations


def test_only_what_elastics_package_exports_is_marked_so() -> None:
    marked = {metric.field.removeprefix("azure.open_ai.") for metric in load_metrics() if metric.elastic}
    assert marked == FIELDS_OF_ELASTICS_PACKAGE.keys()


def test_lists_of_dimensions_are_written_out() -> None:
    requests = find_metric(ACCOUNTS, "azureopenairequests")
    assert requests is not None
    assert requests.dimensions == (
        "ApiName",
        "OperationName",
        "Region",
        "StreamType",
        "ModelDeploymentName",
        "ModelName",
        "ModelVersion",
        "StatusCode",
        "IsSpillover",
        "ServiceTierRequest",
        "ServiceTierResponse",
    )
    assert all(not name.startswith("$") for metric in load_metrics() for name in metric.dimensions)


def test_no_metric_is_split_by_the_same_dimension_twice() -> None:
    assert [metric.name for metric in load_metrics() if len(set(metric.dimensions)) != len(metric.dimensions)] == []


def test_a_namespace_spells_a_dimension_in_one_way() -> None:
    spellings = {(metric.namespace, name) for metric in load_metrics() for name in metric.dimensions}
    assert len({(namespace, name.lower()) for namespace, name in spellings}) == len(spellings)


def test_dimensions_of_answers_get_azures_spelling_back() -> None:
    assert canonical_dimension(ACCOUNTS, "modeldeploymentname") == "ModelDeploymentName"
    assert canonical_dimension(ACCOUNTS.lower(), "statuscode") == "StatusCode"
    assert canonical_dimension(ENDPOINTS, "statuscode") == "statusCode"
    assert canonical_dimension(ACCOUNTS, "somethingnew") == "somethingnew"


def test_a_quantity_of_opentelemetry_is_taken_from_an_aggregation_that_is_kept() -> None:
    wrong = [
        metric.name
        for metric in load_metrics()
        if metric.gen_ai is not None and metric.gen_ai.aggregation not in metric.aggregations
    ]
    assert wrong == []


def test_times_become_seconds_under_opentelemetrys_names() -> None:
    divisors = {
        metric.gen_ai.divisor
        for metric in load_metrics()
        if metric.gen_ai is not None and metric.unit is Unit.MILLISECONDS
    }
    assert divisors == {1000}


def test_tokens_of_prompts_have_one_source_under_opentelemetrys_name() -> None:
    def sources(field: str) -> list[str]:
        return [metric.name for metric in load_metrics() if metric.gen_ai is not None and metric.gen_ai.field == field]

    assert sources("gen_ai.usage.input_tokens") == ["ProcessedPromptTokens"]
    assert sources("gen_ai.usage.output_tokens") == ["GeneratedTokens"]


def test_a_namespace_is_found_in_any_case() -> None:
    assert len(metrics_of(ENDPOINTS.lower())) == len(metrics_of(ENDPOINTS)) == 11
    assert find_metric(ACCOUNTS.upper(), "TOKENTRANSACTION") is not None
    assert find_metric(ACCOUNTS, "NoSuchMetric") is None

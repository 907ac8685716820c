"""What the metrics engine says to others: calls as Azure takes them, resources by their ids."""

from datetime import UTC, datetime

from collector.azure_monitor.metrics import Aggregation
from collector.inputs.azure_metrics.ports import Call
from collector.inputs.azure_metrics.resources import Deployment, Resource

ACCOUNT = "/subscriptions/0000-AB/resourceGroups/RG-Demo/providers/Microsoft.CognitiveServices/accounts/aoai-1"


def call(*dimensions: str) -> Call:
    return Call("s", "eastus", "n", ("/r",), ("m",), (Aggregation.TOTAL,), dimensions, start=29551680, end=29551683)


def test_a_call_is_split_by_every_dimension_and_asks_for_every_series() -> None:
    split = call("Region", "ModelName")
    assert split.filter == "Region eq '*' and ModelName eq '*'"
    assert split.top == 2147483647


def test_a_call_without_dimensions_has_neither_filter_nor_top() -> None:
    assert (call().filter, call().top) == (None, None)


def test_the_minutes_of_a_call_are_moments_of_utc() -> None:
    assert call().starts_at == datetime(2026, 3, 10, 0, 0, tzinfo=UTC)
    assert call().ends_at == datetime(2026, 3, 10, 0, 3, tzinfo=UTC)


def test_a_resource_tells_its_parts_from_its_id() -> None:
    resource = Resource(ACCOUNT, "Microsoft.CognitiveServices/accounts", "eastus")
    assert (resource.subscription_id, resource.group, resource.name) == ("0000-ab", "RG-Demo", "aoai-1")
    assert resource.key == ACCOUNT.lower()


def test_a_deployment_is_found_in_any_case() -> None:
    chat = Deployment("Chat-Prod", "gpt-4o")
    resource = Resource(ACCOUNT, "t", "eastus", deployments={"chat-prod": chat})
    assert resource.deployment("CHAT-prod") is chat
    assert resource.deployment("other") is None

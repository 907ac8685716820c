"""Writes calls as Azure does: RequestResponse with its empty twin, token usage, GatewayLogs, Audit.

Shapes follow public fixtures and consumers: properties as an escaped string in some records and an object in others,
statuses as strings, ``durationMs`` now and then negative beside right ticks, bodies of API Management as texts.
"""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from collector.demo.calls import write_json, write_time
from collector.demo.fleet import CHAT, EMBEDDINGS
from collector.scenario.calls import Call, KeyListing
from collector.scenario.findings import DETECTED, HARMS, Finding
from collector.scenario.prices import Usage
from collector.scenario.world import GATEWAY_ID, GATEWAY_NAME, GATEWAY_REGION

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_TICKS_AT_EPOCH: Final = 621_355_968_000_000_000
_TICKS_PER_MICROSECOND: Final = 10
_API: Final = "2024-10-21"
_ACCOUNT_OF_USAGE: Final = "aoai-shop-eu"
"""The account whose diagnostic setting has the category of token usage as well."""
_PATHS: Final = {CHAT: "chat/completions", EMBEDDINGS: "embeddings"}
_NEGATIVE_DURATION: Final = "f"
"""Calls whose correlation id starts so have ``durationMs`` below zero: one in sixteen, more than at Azure."""


def write_records(call: Call) -> Iterator[str]:
    """Yield what Azure Monitor exports of a call; nobody may count records for calls."""
    if call.through_gateway:
        yield write_json(_gateway_log(call))
    if call.refused_at_gateway:
        return
    yield write_json(_request_response(call, _properties(call)))
    if call.writes_usage and call.deployment is not None:  # a twin of a refusal is unheard of: docs/decisions/0008
        yield write_json(_request_response(call, {"callerObjectId": ""}))
    if call.usage is not None and call.place.resource.name == _ACCOUNT_OF_USAGE:
        yield write_json(_token_usage(call, call.usage))


def write_key_listing(listing: KeyListing) -> str:
    """Write the audit record."""
    record = {
        "Tenant": listing.place.resource.region,
        "category": "Audit",
        "operationName": listing.operation,
        "properties": {"objectId": listing.object_id},
        "resourceId": listing.place.resource.id,
        "time": write_time(listing.at),
    }
    return write_json(record)


def _envelope(call: Call, category: str, properties: Mapping[str, Any]) -> dict[str, Any]:
    in_text = int(call.correlation_id[0], 16) % 2 == 0
    return {
        "Tenant": call.place.resource.region,
        "category": category,
        "correlationId": call.correlation_id,
        "location": call.place.resource.region,
        "operationName": call.operation,
        "properties": write_json(properties) if in_text else dict(properties),
        "resourceId": call.place.resource.id,
        "time": write_time(call.at),
    }


def _request_response(call: Call, properties: Mapping[str, Any]) -> dict[str, Any]:
    milliseconds = call.latency // timedelta(milliseconds=1)
    negative = call.correlation_id.startswith(_NEGATIVE_DURATION)
    return _envelope(call, "RequestResponse", properties) | {
        "callerIpAddress": "10.0.0.***" if call.through_gateway else call.caller.address,
        "durationMs": -milliseconds if negative else milliseconds,
        "event": "ShoeboxCallResult",
        "resultSignature": str(call.status),
    }


def _properties(call: Call) -> dict[str, Any]:
    answered = _ticks(call.answered)
    caller = "callerObjectId" if call.writes_usage else "objectId"
    properties: dict[str, Any] = {
        "apiName": f"Azure OpenAI API version {_API}",
        "requestTime": answered - call.latency // timedelta(microseconds=1) * _TICKS_PER_MICROSECOND,
        "responseTime": answered,
        "requestLength": call.request_bytes,
        "responseLength": call.response_bytes,
        caller: call.caller_id or "",
    }
    if call.deployment is not None:
        properties |= {
            "streamType": "Streaming" if call.streamed else "Non-Streaming",
            "modelDeploymentName": call.deployment,
            "modelName": call.model,
            "modelVersion": call.place.deployment.model.version,
        }
    if (usage := call.logged_usage) is not None:
        properties |= {"promptTokens": usage.input_tokens, "completionTokens": usage.output_tokens}
    return properties


def _token_usage(call: Call, usage: Usage) -> dict[str, Any]:
    properties = {
        "promptTokens": [usage.input_tokens],
        "cachedTokens": [usage.cached_tokens],
        "generatedTokens": [usage.output_tokens],
        "modelDeploymentName": call.deployment,
        "modelName": call.model,
        "modelVersion": call.place.deployment.model.version,
    }
    return _envelope(call, "AzureOpenAIRequestUsage", properties) | {"event": "ShoeboxAzureOpenAIRequestUsage"}


def _ticks(at: datetime) -> int:
    return (at - _EPOCH) // timedelta(microseconds=1) * _TICKS_PER_MICROSECOND + _TICKS_AT_EPOCH


def _gateway_log(call: Call) -> dict[str, Any]:
    path = f"deployments/{call.place.deployment.name}/{_PATHS.get(call.operation, 'images/generations')}"
    address = f"openai/{path}?api-version={_API}"
    properties: dict[str, Any] = {
        "apiId": "azure-openai",
        "apiRevision": "1",
        "operationId": call.operation,
        "cache": "none",
        "method": "POST",
        "url": f"https://{GATEWAY_NAME}.azure-api.net/{address}",
        "requestSize": call.request_bytes,
        "responseCode": call.status,
        "responseSize": call.response_bytes,
    }
    if call.team is not None:
        properties |= {"apimSubscriptionId": call.team, "productId": call.caller.product}
    properties |= _refusal(call) if call.refused_at_gateway else _backend(call, address)
    return {
        "DeploymentVersion": "0.48.2706.0",
        "Level": 4,
        "Sku": "StandardV2",
        "callerIpAddress": call.caller.address,
        "category": "GatewayLogs",
        "correlationId": f"{call.correlation_id[:-1]}{'0' if call.correlation_id[-1] != '0' else '1'}",
        "durationMs": call.gateway_ms,
        "isRequestSuccess": not call.failed,
        "location": GATEWAY_REGION,
        "operationName": "Microsoft.ApiManagement/GatewayLogs",
        "properties": properties,
        "resourceId": GATEWAY_ID,
        "resultType": "Failed" if call.failed else "Succeeded",
        "serviceName": GATEWAY_NAME,
        "time": write_time(call.answered),
        "truncated": 0,
    }


def _refusal(call: Call) -> dict[str, Any]:
    """What API Management writes of a call that it refused itself."""
    throttled = call.failure_class == "throttled"
    source, reason = (
        ("llm-token-limit", "TokenLimitExceeded") if throttled else ("authorization", "SubscriptionKeyNotFound")
    )
    return {
        "lastError": {"elapsed": 1, "source": source, "scope": "api", "section": "inbound", "reason": reason},
        "responseBody": write_json({"statusCode": call.status, "message": reason}),
    }


def _backend(call: Call, address: str) -> dict[str, Any]:
    return {
        "backendMethod": "POST",
        "backendResponseCode": call.status,
        "backendTime": call.gateway_ms - call.overhead_ms,
        "backendUrl": f"https://{call.place.resource.name}.openai.azure.com/{address}",
        "backendResponseBody": write_json(_error_body(call) if call.failed else _answer_body(call)),
    }


def _error_body(call: Call) -> dict[str, Any]:
    finding = call.finding
    if finding is None:
        return {"error": {"code": str(call.status), "message": f"The call ended with {call.status}."}}
    inner = {"code": "ResponsibleAIPolicyViolation", "content_filter_result": _filter_results(finding, in_prompt=True)}
    return {"error": {"code": "content_filter", "param": "prompt", "status": call.status, "innererror": inner}}


def _answer_body(call: Call) -> dict[str, Any]:
    body: dict[str, Any] = {"model": call.place.model}
    if call.usage is not None:
        body["usage"] = {
            "prompt_tokens": call.usage.input_tokens,
            "completion_tokens": call.usage.output_tokens,
            "total_tokens": call.usage.input_tokens + call.usage.output_tokens,
            "prompt_tokens_details": {"cached_tokens": call.usage.cached_tokens},
        }
    if call.operation != CHAT:
        return body
    finding = call.finding
    choice = {"index": 0, "finish_reason": "content_filter" if call.cut else "stop"}
    return body | {
        "object": "chat.completion",
        "choices": [choice | {"content_filter_results": _filter_results(finding, in_prompt=False)}],
        "prompt_filter_results": [
            {"prompt_index": 0, "content_filter_results": _filter_results(finding, in_prompt=True)}
        ],
    }


def _filter_results(finding: Finding | None, *, in_prompt: bool) -> dict[str, Any]:
    """What the API says of a prompt or an answer: of each harm how severe it is, of attacks whether there was one."""
    results: dict[str, Any] = {harm: {"filtered": False, "severity": "safe"} for harm in HARMS}
    if in_prompt:
        results |= {attack: {"filtered": False, "detected": False} for attack in DETECTED}
    if finding is not None and finding.in_prompt == in_prompt:
        found: dict[str, Any] = {"filtered": finding.filtered}
        if finding.severity is not None:
            found["severity"] = finding.severity
        elif finding.blocklist is not None:
            found["details"] = [{"id": finding.blocklist, "filtered": finding.filtered}]
        else:
            found["detected"] = True
        results[finding.category] = found
    return results

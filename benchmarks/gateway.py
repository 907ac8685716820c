"""Records of API Management (``GatewayLogs``) that carry the bodies of a call."""

import random
import string
from typing import Any, Final
from uuid import UUID

from benchmarks.bodies import make_answer, make_request

_ANSWER_CHARACTERS: Final = 7400
"""With what stands around it, an answer of 8 KB."""
_PROPERTIES: Final = {
    "apiId": "azure-openai-api",
    "backendId": "aoai-pool",
    "backendMethod": "POST",
    "backendResponseCode": 200,
    "backendTime": 1023,
    "backendUrl": "https://aoai.openai.azure.com/openai/deployments/chat-prod/chat/completions?api-version=2024-10-21",
    "operationId": "ChatCompletions_Create",
    "responseCode": 200,
}


def make_gateway_record(**properties: Any) -> dict[str, Any]:
    """Return a record with these properties beside those that all have."""
    return {
        "callerIpAddress": "203.0.113.25",
        "category": "GatewayLogs",
        "correlationId": "00000001-1111-4222-8333-000000000001",
        "properties": _PROPERTIES | properties,
        "resourceId": "/SUBSCRIPTIONS/0/RESOURCEGROUPS/RG/PROVIDERS/MICROSOFT.APIMANAGEMENT/SERVICE/APIM-DEMO",
        "time": "2026-03-10T09:01:03.5611234Z",
    }


def make_call(source: random.Random) -> dict[str, Any]:
    """Return a record with a request and an answer of 8 KB each; no two have the same text, id, time and duration."""
    word = "".join(source.choices(string.ascii_lowercase, k=len("Eternal")))
    request = make_request().replace("Eternal", word)
    answer = make_answer(_ANSWER_CHARACTERS).replace("Eternal", word)
    record = make_gateway_record(
        requestBody=request, responseBody=answer, backendTime=source.randrange(200, 9000), requestSize=len(request)
    )
    second = f"{source.randrange(60):02}:{source.randrange(60):02}.{source.randrange(10**7):07}"
    return record | {
        "correlationId": str(UUID(int=source.getrandbits(128))),
        "durationMs": source.randrange(20, 9000),
        "time": f"2026-03-10T09:{second}Z",
    }

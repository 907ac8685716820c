"""Calls of an account in one minute, and what they are in terms of Azure Monitor's metrics.

The catalogue (`collector/azure_monitor/metrics.yml`) says which metrics there are; this says what calls contribute to
each. The generator makes `Calls` of made-up traffic; who has traffic of their own makes them of that.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from collector.emulators.azure_monitor.observations import Observation, Sample

_OK: Final = 200
_CLIENT_ERRORS: Final = 400
_TOO_MANY: Final = 429
_SERVER_ERRORS: Final = 500
_NOTHING: Final = Sample(0, 1, 0, 0)


@dataclass(frozen=True, slots=True)
class Calls:
    """The calls of one minute that have the same values of all dimensions.

    Attributes:
        time_to_response: milliseconds until the answer began, one measurement a call.
        time_to_last_byte: milliseconds until the answer was complete.
        input_tokens: of all prompts.
        output_tokens: of all answers.
        bytes_in: of all requests.
        bytes_out: of all answers.
        cache_match_rate: the share of prompt tokens from the cache, in percent.
    """

    region: str
    deployment: str
    model: str
    version: str
    status: int
    stream_type: str
    time_to_response: Sample
    time_to_last_byte: Sample
    operation: str = "ChatCompletions_Create"
    api: str = "Azure OpenAI API version 2024-10-21"
    input_tokens: int = 0
    output_tokens: int = 0
    bytes_in: int = 0
    bytes_out: int = 0
    cache_match_rate: float = 0.0
    spillover: bool = False
    tier: str = "default"

    @property
    def count(self) -> int:
        """How many calls these are."""
        return self.time_to_response.count

    def observe(self) -> Observation:
        """Return them as an observation."""
        succeeded = _OK <= self.status < _CLIENT_ERRORS
        return Observation(self._name(), self._count_calls() | (self._count_tokens() if succeeded else {}))

    def _name(self) -> dict[str, str]:
        return {
            "ApiName": self.api,
            "OperationName": self.operation,
            "Region": self.region,
            "StreamType": self.stream_type,
            "ModelDeploymentName": self.deployment,
            "ModelName": self.model,
            "ModelVersion": self.version,
            "StatusCode": str(self.status),
            "IsSpillover": str(self.spillover),
            "ServiceTierRequest": self.tier,
            "ServiceTierResponse": self.tier,
            "FeatureName": self.operation.partition("_")[0],
            "UsageChannel": "API",
            "ContextLength": "Standard",
            "RatelimitKey": f"openai.{self.deployment}",
        }

    def _count_calls(self) -> dict[str, Sample]:
        calls, available = Sample.counted(self.count), self._rate(succeeded=self.status < _SERVER_ERRORS)
        return {
            "AzureOpenAIRequests": calls,
            "ModelRequests": calls,
            "TotalCalls": calls,
            "TotalTokenCalls": _NOTHING,
            "RAITotalRequests": calls,
            "SuccessfulCalls": self._count_if(_OK <= self.status < _CLIENT_ERRORS),
            "TotalErrors": self._count_if(self.status >= _CLIENT_ERRORS),
            "ClientErrors": self._count_if(_CLIENT_ERRORS <= self.status < _SERVER_ERRORS),
            "ServerErrors": self._count_if(self.status >= _SERVER_ERRORS),
            "BlockedCalls": self._count_if(self.status == _TOO_MANY),
            "DataIn": Sample.counted(self.bytes_in),
            "DataOut": Sample.counted(self.bytes_out),
            "AzureOpenAIAvailabilityRate": available,
            "ModelAvailabilityRate": available,
            "SuccessRate": self._rate(succeeded=self.status < _CLIENT_ERRORS),
            "AzureOpenAITimeToResponse": self.time_to_response,
            "TimeToResponse": self.time_to_response,
            "Latency": self.time_to_last_byte,
        }

    def _count_tokens(self) -> dict[str, Sample]:
        prompt, answer = Sample.counted(self.input_tokens), Sample.counted(self.output_tokens)
        both = Sample.counted(self.input_tokens + self.output_tokens)
        first = _divide(self.time_to_response, max(1, self.input_tokens // max(1, self.count)))
        between = _divide(self.time_to_last_byte, max(1, self.output_tokens // max(1, self.count)))
        speed = self._repeat(self.output_tokens / max(0.001, self.time_to_last_byte.total / 1000))
        return {
            "ProcessedPromptTokens": prompt,
            "InputTokens": prompt,
            "GeneratedTokens": answer,
            "OutputTokens": answer,
            "TokenTransaction": both,
            "TotalTokens": both,
            "AzureOpenAINormalizedTTFTInMS": first,
            "NormalizedTimeToFirstToken": first,
            "AzureOpenAINormalizedTBTInMS": between,
            "NormalizedTimeBetweenTokens": between,
            "AzureOpenAITTLTInMS": self.time_to_last_byte,
            "TimeToLastByte": self.time_to_last_byte,
            "AzureOpenAITokenPerSecond": speed,
            "TokensPerSecond": speed,
            "AzureOpenAIContextTokensCacheMatchRate": self._repeat(self.cache_match_rate),
        }

    def _count_if(self, condition: bool) -> Sample:
        return Sample.counted(self.count) if condition else _NOTHING

    def _rate(self, *, succeeded: bool) -> Sample:
        return self._repeat(100.0 if succeeded else 0.0)

    def _repeat(self, value: float) -> Sample:
        return Sample(value * self.count, self.count, value, value)


@dataclass(frozen=True, slots=True)
class Throughput:
    """How much of a provisioned deployment's throughput was in use in a minute, in percent and in tokens."""

    region: str
    deployment: str
    model: str
    version: str
    utilization: Sample
    active_tokens: int
    stream_type: str = "Non-Streaming"

    def observe(self) -> Observation:
        """Return it as an observation."""
        names = {
            "Region": self.region,
            "ModelDeploymentName": self.deployment,
            "ModelName": self.model,
            "ModelVersion": self.version,
            "StreamType": self.stream_type,
        }
        samples: Mapping[str, Sample] = {
            "AzureOpenAIProvisionedManagedUtilization": self.utilization,
            "AzureOpenAIProvisionedManagedUtilizationV2": self.utilization,
            "ProvisionedUtilization": self.utilization,
            "ActiveTokens": Sample.counted(self.active_tokens),
        }
        return Observation(names, samples)


def _divide(sample: Sample, by: int) -> Sample:
    return Sample(sample.total / by, sample.count, sample.minimum / by, sample.maximum / by)

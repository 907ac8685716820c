"""What Azure says, told in words: each cause has a sentence and a fix, and no page of text is passed on."""

import re
from pathlib import Path

import pytest
from azure.core.exceptions import AzureError, ClientAuthenticationError, HttpResponseError, ServiceRequestError
from azure.identity import CredentialUnavailableError

from collector.inputs.azure_metrics.gaps import GapReason
from collector.inputs.azure_metrics.ports import Refusal, Refused, Throttled, Unavailable
from collector.inputs.azure_metrics.refusals import (
    Cause,
    explain_failure,
    read_error,
    read_retry_after,
    refuse,
)
from collector.inputs.azure_metrics.source import translate

PAGE = (Path(__file__).parents[2] / "docs" / "metrics.md").read_text(encoding="utf-8")
ROWS = dict(re.findall(r"^\| `(\w+)` \| (.+) \|$", PAGE, re.MULTILINE))


def test_every_cause_has_a_documented_fix() -> None:
    assert {cause.value for cause in Cause} <= set(ROWS)


def test_every_reason_of_the_gap_ledger_is_explained() -> None:
    assert {reason.value for reason in GapReason} <= set(ROWS)


@pytest.mark.parametrize("cause", Cause)
def test_every_cause_is_said_in_a_sentence_of_its_own(cause: Cause) -> None:
    assert len(str(refuse(cause))) > 20
    assert len({str(refuse(each)) for each in Cause}) == len(Cause)


def test_words_of_azure_are_cut() -> None:
    assert len(str(refuse(Cause.BAD_REQUEST, "x" * 100_000))) < 500


@pytest.mark.parametrize(
    ("message", "cause"),
    [
        ("AADSTS7000215: Invalid client secret provided.", Cause.WRONG_SECRET),
        ("AADSTS7000222: The provided client secret keys are expired.", Cause.EXPIRED_SECRET),
        ("AADSTS700016: Application not found.", Cause.UNKNOWN_APPLICATION),
        ("AADSTS90002: Tenant not found.", Cause.UNKNOWN_TENANT),
        ("AADSTS700027: The certificate is not registered.", Cause.WRONG_CERTIFICATE),
        ("AADSTS700024: Client assertion is not within its valid time range.", Cause.CLOCK_SKEW),
        ("AADSTS500011: The resource principal was not found in the tenant.", Cause.WRONG_CLOUD),
        ("AADSTS53003: Access has been blocked by Conditional Access policies.", Cause.LOGIN_REFUSED),
        ("something without a code", Cause.LOGIN_REFUSED),
    ],
)
def test_a_refused_login_is_told_by_its_code(message: str, cause: Cause) -> None:
    assert explain_failure(ClientAuthenticationError(message=message)).kind is cause


@pytest.mark.parametrize(
    ("error", "cause"),
    [
        (CredentialUnavailableError(message="no managed identity endpoint found"), Cause.NO_IDENTITY),
        (ServiceRequestError("Cannot connect to host management.azure.com:443"), Cause.BLOCKED_NETWORK),
        (ServiceRequestError("SSL: CERTIFICATE_VERIFY_FAILED"), Cause.UNTRUSTED_CERTIFICATE),
        (HttpResponseError("odd"), Cause.UNAVAILABLE),
    ],
)
def test_a_request_without_an_answer_says_why(error: AzureError, cause: Cause) -> None:
    assert explain_failure(error).kind is cause


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b'{"code": "BadRequest", "message": "m"}', "BadRequest"),
        (b'{"error": {"code": "AuthorizationFailed", "message": "m"}}', "AuthorizationFailed"),
        (b'{"error": "invalid_client"}', ""),
        (b"<html>", ""),
        (b"[]", ""),
        (b"\xff", ""),
    ],
)
def test_both_forms_of_an_error_are_read(body: bytes, code: str) -> None:
    assert read_error(body)[0] == code


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"Retry-After": "17"}, 17.0),
        ({"retry-after": "0"}, 0.0),
        ({"Retry-After": "Sat, 21 Nov 2026 10:00:30 GMT", "Date": "Sat, 21 Nov 2026 10:00:00 GMT"}, 30.0),
        ({"Retry-After": "Sat, 21 Nov 2026 09:00:00 GMT", "Date": "Sat, 21 Nov 2026 10:00:00 GMT"}, 0.0),
        ({"Retry-After": "soon"}, None),
        ({}, None),
    ],
)
def test_how_long_to_wait_is_a_number_or_a_date(headers: dict[str, str], seconds: float | None) -> None:
    assert read_retry_after(headers) == seconds


def test_the_engine_hears_of_every_cause_in_its_own_words() -> None:
    told = {cause: translate(refuse(cause)) for cause in Cause}
    refused = {cause: error.refusal for cause, error in told.items() if isinstance(error, Refused)}
    assert isinstance(told[Cause.THROTTLED], Throttled)
    assert {cause for cause, error in told.items() if isinstance(error, Unavailable)} == {
        Cause.BLOCKED_NETWORK,
        Cause.UNTRUSTED_CERTIFICATE,
        Cause.UNAVAILABLE,
    }
    assert refused[Cause.MISSING_ROLE] is refused[Cause.MISSING_ROLE_ON_SUBSCRIPTION] is Refusal.ROLE
    assert refused[Cause.UNKNOWN_SUBSCRIPTION] is refused[Cause.UNKNOWN_RESOURCE] is Refusal.NOT_FOUND
    assert refused[Cause.BAD_REQUEST] is Refusal.QUERY
    assert refused[Cause.WRONG_SECRET] is refused[Cause.CLOCK_SKEW] is Refusal.LOGIN

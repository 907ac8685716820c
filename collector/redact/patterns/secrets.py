"""Secrets by shape: keys and tokens of the big vendors, connection strings, signed URLs, private keys.

The vendors document their prefixes for scanners such as ours. The examples are put together from parts, so that no
scanner takes this file for a leak.
"""

from collections.abc import Iterator
from typing import Final

from collector.policy.expressions import Span
from collector.redact.patterns.pattern import Pattern

_HEX: Final = "0123456789abcdef"
_MIXED: Final = "aZ3bY4cX"
"""Letters of both cases and digits, to fill examples with."""
_LONG: Final = 32


def _with_a_digit(text: bytes, span: Span) -> Iterator[Span]:
    """Yield what can't be a word: it holds a digit, or is longer than words are."""
    value = text[span[0] : span[1]]
    if any(byte in b"0123456789" for byte in value) or len(value) >= _LONG:
        yield span


_JWT_HEAD: Final = "eyJ" + "hbGciOiJIUzI1NiJ9"

SECRETS: Final = (
    Pattern(
        "private_key",
        r"-----BEGIN (?:[A-Z0-9]+ )*PRIVATE KEY(?: BLOCK)?-----"
        r"[^-]*(?:-----END (?:[A-Z0-9]+ )*PRIVATE KEY(?: BLOCK)?-----)?",
        found=(
            "-----BEGIN " + "PRIVATE KEY-----\nMIIE\n-----END PRIVATE KEY-----",
            "-----BEGIN " + "RSA PRIVATE KEY-----\nMIIE",
        ),
        left=("-----BEGIN CERTIFICATE-----\nMIIE", "-----BEGIN PUBLIC KEY-----"),
    ),
    Pattern(
        "connection_string",
        r"(?:[A-Za-z][A-Za-z ]{1,40}=[^;\s\"'<>][^;\r\n\"'<>]{0,300}; ?)+"
        r"(?i:AccountKey|SharedAccessKey|SharedSecretValue|SharedAccessSignature|Password|Pwd)=[^;\s\"'<>]+"
        r"(?:; ?[A-Za-z][A-Za-z ]{1,40}=[^;\s\"'<>]+)*",
        found=(
            "DefaultEndpointsProtocol=https;AccountName=demo;AccountKey="
            + _MIXED * 8
            + "==;EndpointSuffix=core.windows.net",
            "Endpoint=sb://demo.servicebus.windows.net/;SharedAccessKeyName=listen;SharedAccessKey=" + _MIXED * 5 + "=",
            "Server=tcp:db.example,1433;User ID=sa;Password=" + "hunter2;Encrypt=true",
        ),
        left=("a=1;b=2;c=3", "Password=; Server=x"),
        hint=r"(?i:Key|SharedSecretValue|Signature|Password|Pwd)=",
    ),
    Pattern(
        "url_credentials",
        r"\b[A-Za-z][A-Za-z0-9+.-]{1,30}://([^\s/:@\"'<>?#]*:[^\s/@\"'<>?#]+)@",
        found=("https://user:pa55@host.example/x", "postgres://app:s3cret@db:5432/main", "redis://:topsecret@cache"),
        left=("https://host.example:8080/x", "https://host/path:with@at", "mailto:a"),
        alone=False,
        hint="://",
    ),
    Pattern(
        "jwt",
        r"eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]*\.[A-Za-z0-9_-]*(?:\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+)?",
        found=(_JWT_HEAD + ".eyJ" + "zdWIiOiIxIn0." + _MIXED * 4, _JWT_HEAD + ".eyJ" + "zdWIiOiIxIn0."),
        left=("eyJhbGciOiJIUzI1NiJ9", "eyJ.a.b"),
        hint="eyJ",
    ),
    Pattern(
        "sas_signature",
        r"\b(?i:sig)=([A-Za-z0-9+/%]{40,}(?:=|%3[Dd])*)",
        found=("sv=2024-11-04&sp=r&sig=" + _MIXED * 5 + "abc%3D", "sig=" + _MIXED * 5 + "abc="),
        left=("sig=abc", "design=" + _MIXED * 6),
        alone=False,
    ),
    Pattern(
        "url_secret",
        r"[?&](?i:access_token|id_token|refresh_token|api[-_]?key|subscription-key|client_secret|code|token|key)=([A-Za-z0-9._~%+/-]{12,}=*)",
        found=("https://x.example/?api-key=" + _HEX * 2, "https://x.example/cb?state=1&code=0.AXoA" + _MIXED * 3),
        left=("https://x.example/?key=name", "https://x.example/?token=authentication"),
        confirm=_with_a_digit,
        alone=False,
    ),
    Pattern(
        "authorization",
        r"(?i)\b(?:bearer|basic|apikey|sharedkey(?:lite)?)[ :]+([A-Za-z0-9._~+/=:-]{12,})",
        found=("Bearer " + _MIXED * 4, "Authorization: Basic " + "dXNlcjpwYTU1d29yZA==", "ApiKey " + _MIXED * 6),
        left=("Bearer of good tidings", "basic responsibilities", "Basic authentication"),
        confirm=_with_a_digit,
        alone=False,
    ),
    Pattern(
        "api_key",
        r"(?i)\b(?:x-|azure[-_]|openai[-_]|aws[-_]|ocp-apim-)*(?:api[-_ ]?key|subscription[-_]key|access[-_]key"
        r"|account[-_]?key|client[-_]?secret|secret[-_]?key|secret[-_]?access[-_]?key|auth[-_]?token|access[-_]?token"
        r"|password|passwd|pwd)"
        r"[\\\"']{0,3} ?(?:[:=]|is) ?[\\\"']{0,3}([A-Za-z0-9!#$%&*+./=?@^_~-]{8,})",
        found=(
            "api-key: " + _HEX * 2,
            'OPENAI_API_KEY="' + _HEX * 2 + '"',
            '{\\"apiKey\\": \\"' + _MIXED * 3 + '\\"}',
            "password is hunter2hunter2",
        ),
        left=("api_key = get_key_from_vault", "the password is required", "access key: unknown"),
        confirm=_with_a_digit,
        alone=False,
    ),
    Pattern("azure_key", r"[A-Za-z0-9+/]{86}==", (_MIXED * 10 + "aZ3bY4" + "==",), (_MIXED * 10 + "==",), hint="=="),
    Pattern(
        "azure_key",
        r"[A-Za-z0-9]{52}JQQJ99[A-Za-z0-9]{26}",
        (_MIXED * 6 + "aZ3b" + "JQQJ99" + "B" * 26,),
        ("JQQJ99" + "B" * 26,),
        hint="JQQJ99",
    ),
    Pattern(
        "azure_key",
        r"[A-Za-z0-9+/]{33}\+A(?:EhB|SbB|RmC|IoT)[A-Za-z0-9+/]{5,6}=",
        (_MIXED * 4 + "a+AEhB" + "Y4cXa=",),
        ("x+AEhBY4cXa=",),
        hint=r"\+A(?:EhB|SbB|RmC|IoT)",
    ),
    Pattern(
        "azure_key",
        r"[A-Za-z0-9_~.-]{3}[78]Q~[A-Za-z0-9_~.-]{31,34}",
        ("aZ3" + "8Q~" + _MIXED * 4,),
        ("8Q~short",),
        hint="[78]Q~",
    ),
    Pattern(
        "openai_key",
        r"sk-(?:proj-|svcacct-|admin-|None-)?[A-Za-z0-9_-]{20,}",
        ("sk-" + _MIXED * 6, "sk-proj-" + _MIXED * 7),
        ("sk-short", "sk-learn-is-a-library"),
        _with_a_digit,
    ),
    Pattern(
        "aws_key",
        r"(?:AKIA|ASIA|ABIA|ACCA)[A-Z2-7]{16}",
        ("AKIA" + "Q3EGRIM4PLQ7WXYZ",),
        ("AKIAshort", "AKIA" + "0" * 16),
    ),
    Pattern("google_key", r"AIza[A-Za-z0-9_-]{35}", ("AIza" + _MIXED * 4 + "aZ3",), ("AIzashort",)),
    Pattern(
        "google_key",
        r"GOCSPX-[A-Za-z0-9_-]{28}|ya29\.[A-Za-z0-9_-]{20,}",
        ("GOCSPX-" + _MIXED * 3 + "aZ3b", "ya29." + _MIXED * 5),
        ("ya29.short",),
    ),
    Pattern(
        "github_token",
        r"gh[pousr]_[A-Za-z0-9]{36,}|github_pat_[A-Za-z0-9_]{22,}",
        ("ghp_" + _MIXED * 4 + "aZ3b", "github_pat_" + _MIXED * 4),
        ("ghp_short",),
    ),
    Pattern(
        "gitlab_token", r"gl(?:pat|dt|rt|cbt|ptt|oas)-[A-Za-z0-9_-]{20,}", ("glpat-" + _MIXED * 3,), ("glpat-short",)
    ),
    Pattern(
        "slack_token",
        r"xox[abeoprs]-[A-Za-z0-9-]{10,}|xapp-\d-[A-Za-z0-9-]{10,}",
        ("xoxb-" + "123456789012-" + _MIXED * 3,),
        ("xoxb-short",),
    ),
    Pattern(
        "slack_token",
        r"hooks\.slack\.com/services/([A-Z0-9]+/[A-Z0-9]+/[A-Za-z0-9]+)",
        ("https://hooks.slack.com/services/" + "T00000000/B00000000/" + _MIXED * 3,),
        ("https://hooks.slack.com/services/",),
    ),
    Pattern(
        "stripe_key",
        r"(?:sk|rk|whsec)_(?:live_|test_)?[A-Za-z0-9]{16,}",
        ("sk_" + "live_" + _MIXED * 3, "rk_" + "test_" + _MIXED * 3),
        ("sk_live_", "sk_learn"),
        _with_a_digit,
    ),
    Pattern("twilio_key", r"(?:SK|AC)[0-9a-f]{32}", ("SK" + _HEX * 2,), ("SK0123",)),
    Pattern(
        "sendgrid_key",
        r"SG\.[A-Za-z0-9_-]{22}\.[A-Za-z0-9_-]{43}",
        ("SG." + _MIXED * 2 + "aZ3bY4." + _MIXED * 5 + "aZ3",),
        ("SG.short.short",),
    ),
    Pattern("npm_token", r"npm_[A-Za-z0-9]{36}", ("npm_" + _MIXED * 4 + "aZ3b",), ("npm_install",)),
    Pattern("pypi_token", r"pypi-[A-Za-z0-9_-]{50,}", ("pypi-" + "AgEIcHlwaS5vcmc" + _MIXED * 6,), ("pypi-publish",)),
    Pattern("huggingface_token", r"hf_[A-Za-z]{34}", ("hf_" + "abcdefghijklmnopqrstuvwxyzABCDEFGH",), ("hf_hub",)),
    Pattern("databricks_token", r"dapi[0-9a-f]{32}(?:-\d)?", ("dapi" + _HEX * 2,), ("dapi0",)),
    Pattern("elastic_key", r"ess[au]_[A-Za-z0-9+/=_-]{20,}", ("essu_" + _MIXED * 5,), ("essu_short",)),
    Pattern("digitalocean_token", r"do[opr]_v1_[0-9a-f]{64}", ("dop_v1_" + _HEX * 4,), ("dop_v1_0",)),
    Pattern("shopify_token", r"shp(?:at|ca|pa|ss)_[0-9a-fA-F]{32}", ("shpat_" + _HEX * 2,), ("shpat_0",)),
    Pattern("telegram_token", r"\d{8,10}:AA[A-Za-z0-9_-]{33}", ("123456789:AA" + _MIXED * 4 + "a",), ("12:34:56",)),
)

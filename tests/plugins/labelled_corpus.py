"""Texts as people write them into prompts, each labelled with the secret or personal datum in it, or with none.

Made from a seed, so that no scanner takes this repository for a leak. Check digits are computed here, by the
definitions of their standards and not by the code under test.
"""

import base64
import random
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from string import ascii_letters, ascii_lowercase, ascii_uppercase, digits, hexdigits
from typing import Final

SEED: Final = 20261121
SIZE: Final = 2_000
_ALPHANUMERIC: Final = ascii_letters + digits
_BASE64: Final = _ALPHANUMERIC + "+/"


@dataclass(frozen=True)
class Item:
    """One text."""

    text: str
    kind: str | None
    """What is in it; none for a text that must stay as it is."""
    value: str
    """The part that must not stay; empty without a kind."""


def make_corpus(seed: int = SEED, size: int = SIZE) -> list[Item]:
    """Return the items: as many with something to find as without, in random order."""
    source = random.Random(seed)
    kinds = list(_FOUND.items())
    items = [_item(source, *kinds[number % len(kinds)]) for number in range(size // 2)]
    harmless = list(_HARMLESS)
    items += [
        Item(_around(source, harmless[number % len(harmless)](source)), None, "") for number in range(size - len(items))
    ]
    source.shuffle(items)
    return items


def _item(source: random.Random, kind: str, make: Callable[[random.Random], str]) -> Item:
    made = make(source)
    before, _, rest = made.partition("«")
    value, _, after = rest.partition("»")
    value = value or made
    text = before + value + after if rest else made
    return Item(_around(source, text), kind, value)


_SENTENCES: Final = (
    "Please write a polite answer to {}.",
    "{}",
    "My details: {}, and I have waited since Monday!",
    "Bitte prüfe folgende Angabe: {}, danke.",
    "次の情報を確認してください {} です。",
    "| customer | {} |",
    "Summarise this ticket:\n{}\nThanks",
    "He said '{}' twice.",
    'config = {{"value": "{}"}}',
    "({})",
    "{}; {{next}}",
)


def _around(source: random.Random, text: str) -> str:
    return source.choice(_SENTENCES).format(text)


def _pick(source: random.Random, alphabet: str, count: int) -> str:
    return "".join(source.choices(alphabet, k=count))


def _number(source: random.Random, count: int) -> str:
    return _pick(source, digits, count)


def _mail(source: random.Random) -> str:
    first, last = (source.choice(("ann", "jürgen", "o'neil", "li.wei", "maria_r", "x-1")) for _ in range(2))
    host = source.choice(("example.com", "mail.example.co.uk", "bücher.example", "sub.dept.example.org"))
    return f"{first}.{last}{source.randrange(100)}@{host}"


def _phone(source: random.Random) -> str:
    shape = source.choice(
        (
            "+49 17{0} {1}{2}",
            "+1 (55{0}) 01{0}-{2}",
            "(21{0}) 55{0}-{2}",
            "21{0}-55{0}-{2}",
            "+44 20 7{1} {2}",
            "06 1{0} 3{0} 5{0} 7{0}",
            "0171/23{0}{2}",
            "+86 138 {2} {2}",
            "0049 89 {1}{2}",
        )
    )
    return shape.format(source.randrange(2, 9), 100 + source.randrange(899), 1000 + source.randrange(8999))


def _with_luhn(body: str) -> str:
    """Append the digit that makes the sum of the digits, every second doubled from the right, a multiple of ten."""
    for check in digits:
        total = 0
        for place, digit in enumerate(reversed(body + check)):
            doubled = int(digit) * 2 if place % 2 else int(digit)
            total += doubled // 10 + doubled % 10
        if total % 10 == 0:
            return body + check
    raise AssertionError


def _card(source: random.Random) -> str:
    prefix, length = source.choice((("4", 16), ("51", 16), ("37", 15), ("6011", 16), ("3530", 16), ("2223", 16)))
    card = _with_luhn(prefix + _number(source, length - len(prefix) - 1))
    sizes = (4, 6, 5) if length == 15 else (4, 4, 4, 4)
    parts, place = [], 0
    for size in sizes:
        parts.append(card[place : place + size])
        place += size
    return source.choice(("", " ", "-")).join(parts)


def _iban(source: random.Random) -> str:
    country, shape = source.choice(
        (("DE", "d" * 18), ("GB", "a" * 4 + "d" * 14), ("FR", "d" * 20 + "aa" + "d"), ("NL", "aaaa" + "d" * 10))
    )
    account = "".join(source.choice(digits if each == "d" else ascii_uppercase) for each in shape)
    letters = "".join(str(int(each, 36)) for each in account + country + "00")
    iban = f"{country}{98 - int(letters) % 97:02}{account}"
    return " ".join(iban[place : place + 4] for place in range(0, len(iban), 4)) if source.random() < 0.5 else iban


def _ip(source: random.Random) -> str:
    if source.random() < 0.6:
        return ".".join(str(source.randrange(1, 255)) for _ in range(4))
    return "2001:db8:" + ":".join(f"{source.randrange(1, 0xFFFF):x}" for _ in range(6))


def _jwt(source: random.Random) -> str:
    parts = ('{"alg":"RS256","typ":"JWT"}', f'{{"sub":"{_number(source, 8)}","name":"x"}}')
    head, claims = (base64.urlsafe_b64encode(part.encode()).decode().rstrip("=") for part in parts)
    return f"{head}.{claims}.{_pick(source, _ALPHANUMERIC + '-_', 43)}"


def _connection_string(source: random.Random) -> str:
    key = _pick(source, _BASE64, 86) + "=="
    password = _pick(source, _ALPHANUMERIC, 14)
    return source.choice(
        (
            f"AccountName=acme{source.randrange(99)};AccountKey=«{key}»",
            f"Endpoint=sb://acme.example/;SharedAccessKeyName=listen;SharedAccessKey=«{_pick(source, _BASE64, 43)}=»",
            f"Server=db{source.randrange(9)}.example;Database=crm;User ID=sa;Password=«{password}»",
            f"AccountEndpoint=https://acme.documents.example:443/;AccountKey=«{key}»;",
        )
    )


def _url_credentials(source: random.Random) -> str:
    scheme = source.choice(("https", "postgres", "amqp", "mongodb+srv", "redis"))
    password = _pick(source, _ALPHANUMERIC + "!$", 12)
    return f"{scheme}://«app{source.randrange(9)}:{password}»@db{source.randrange(9)}.example/x"


def _signed_url(source: random.Random) -> str:
    signature = _pick(source, _ALPHANUMERIC, 42) + "%3D"
    return f"https://acme.blob.core.windows.net/c/f.txt?sv=2024-11-04&se=2026-12-01&sr=b&sp=r&sig=«{signature}»"


def _vendor(*makers: Callable[[random.Random], str]) -> Callable[[random.Random], str]:
    return lambda source: source.choice(makers)(source)


_cloud_key = _vendor(
    lambda source: _pick(source, _BASE64, 86) + "==",
    lambda source: _pick(source, _ALPHANUMERIC, 52) + "JQQJ99" + _pick(source, _ALPHANUMERIC, 26),
    lambda source: _pick(source, ascii_letters, 3) + "8Q~" + _pick(source, _ALPHANUMERIC, 34),
    lambda source: "AKIA" + _pick(source, ascii_uppercase + "234567", 16),
    lambda source: "AIza" + _pick(source, _ALPHANUMERIC + "_-", 34) + "a",
)
_model_key = _vendor(
    lambda source: "sk-" + _pick(source, _ALPHANUMERIC, 47) + "7",
    lambda source: "sk-proj-" + _pick(source, _ALPHANUMERIC, 60) + "7",
    lambda source: "sk-ant-api03-" + _pick(source, _ALPHANUMERIC, 80) + "7",
    lambda source: "hf_" + _pick(source, ascii_letters, 34),
)
_developer_token = _vendor(
    lambda source: "ghp_" + _pick(source, _ALPHANUMERIC, 36),
    lambda source: "github_pat_" + _pick(source, _ALPHANUMERIC, 59),
    lambda source: "glpat-" + _pick(source, _ALPHANUMERIC, 20),
    lambda source: "npm_" + _pick(source, _ALPHANUMERIC, 36),
    lambda source: "pypi-AgEIcHlwaS5vcmc" + _pick(source, _ALPHANUMERIC, 60),
)
_service_token = _vendor(
    lambda source: f"xoxb-{_number(source, 12)}-{_number(source, 12)}-{_pick(source, _ALPHANUMERIC, 24)}",
    lambda source: "sk_live_" + _pick(source, _ALPHANUMERIC, 23) + "7",
    lambda source: f"SG.{_pick(source, _ALPHANUMERIC, 22)}.{_pick(source, _ALPHANUMERIC, 43)}",
    lambda source: "dapi" + _pick(source, hexdigits.lower()[:16], 32),
)


def _header(source: random.Random) -> str:
    return source.choice(
        (
            f"Authorization: Bearer «{_pick(source, _ALPHANUMERIC + '-_', 40)}1»",
            f"api-key: «{_pick(source, '0123456789abcdef', 32)}»",
            f"Ocp-Apim-Subscription-Key: «{_pick(source, '0123456789abcdef', 32)}»",
            f"AZURE_OPENAI_API_KEY=«{_pick(source, '0123456789abcdef', 32)}»",
            f"password: «{_pick(source, _ALPHANUMERIC, 11)}1»",
        )
    )


def _private_key(source: random.Random) -> str:
    body = "\n".join(_pick(source, _BASE64, 64) for _ in range(3))
    return f"-----BEGIN PRIVATE KEY-----\n{body}\n-----END PRIVATE KEY-----"


def _social_security(source: random.Random) -> str:
    return f"{source.randrange(1, 665):03}-{source.randrange(1, 99):02}-{source.randrange(1, 9999):04}"


def _cpf(source: random.Random) -> str:
    body = _number(source, 9)
    for length in (10, 11):
        rest = sum(int(digit) * weight for digit, weight in zip(body, range(length, 1, -1), strict=True)) % 11
        body += str(0 if rest < 2 else 11 - rest)
    return f"{body[:3]}.{body[3:6]}.{body[6:9]}-{body[9:]}"


def _dni(source: random.Random) -> str:
    number = source.randrange(10**7, 10**8)
    return f"{number}{'TRWAGMYFPDXBNJZSQVHLCKE'[number % 23]}"


def _personnummer(source: random.Random) -> str:
    number = _with_luhn(
        f"{source.randrange(100):02}{source.randrange(1, 13):02}{source.randrange(1, 29):02}{_number(source, 3)}"
    )
    return f"{number[:6]}-{number[6:]}"


def _nir(source: random.Random) -> str:
    born, place = f"{source.randrange(100):02}{source.randrange(1, 13):02}", f"{source.randrange(1, 96):02}"
    body = f"{source.choice('12')}{born}{place}{_number(source, 6)}"
    return f"{body}{97 - int(body) % 97:02}"


_national_id = _vendor(_social_security, _cpf, _dni, _personnummer, _nir)

_FOUND: Final[dict[str, Callable[[random.Random], str]]] = {
    "mail": _mail,
    "phone": _phone,
    "card": _card,
    "iban": _iban,
    "ip": _ip,
    "jwt": _jwt,
    "connection string": _connection_string,
    "URL with credentials": _url_credentials,
    "signed URL": _signed_url,
    "cloud key": _cloud_key,
    "model key": _model_key,
    "developer token": _developer_token,
    "service token": _service_token,
    "header": _header,
    "private key": _private_key,
    "national id": _national_id,
}


def _not_a_card(source: random.Random) -> str:
    card = _with_luhn("4" + _number(source, 14))
    return card[:-1] + str((int(card[-1]) + 1) % 10)


_HARMLESS: Final[tuple[Callable[[random.Random], str], ...]] = (
    lambda source: str(uuid.UUID(int=source.getrandbits(128), version=4)),
    lambda source: f"{source.randrange(1990, 2030)}-{source.randrange(1, 13):02}-{source.randrange(1, 29):02}",
    lambda source: f"2026-11-21T{source.randrange(24):02}:{source.randrange(60):02}:{source.randrange(60):02}.123Z",
    lambda source: f"version {source.randrange(9)}.{source.randrange(99)}.{source.randrange(999)}",
    lambda source: f"{source.random() * 1000:.6f} and {source.randrange(10**6):,} units",
    lambda source: f"order {_number(source, 8)} of {source.randrange(1, 500)} pieces",
    _not_a_card,
    lambda source: "sha256:" + _pick(source, "0123456789abcdef", 64),
    lambda source: "commit " + _pick(source, "0123456789abcdef", 40),
    lambda source: f"def f{source.randrange(99)}(x: int) -> int: return x * {source.randrange(99)}",
    lambda source: f"order by 1 where id = {source.randrange(10**5)}",
    lambda source: f"std::vector<int> v{source.randrange(99)}; a::b(c::d);",
    lambda source: (
        f"https://docs.example/{_pick(source, ascii_lowercase, 8)}/page-{source.randrange(99)}?lang=de&page=2"
    ),
    lambda source: f"logo@{source.randrange(2, 4)}x.png and getty@tty{source.randrange(9)}.service",
    lambda source: f"the password is required, {source.randrange(9)} tokens have expired, and the api key is unknown",
    lambda source: f"Basic authentication is a basic responsibility of all {source.randrange(9)} bearers",
    lambda source: f"chapter {source.randrange(20)}, pages {source.randrange(100)}-{source.randrange(100, 200)}",
    lambda source: f"€ {source.randrange(10**4)}.{source.randrange(100):02} or {source.randrange(100)} %",
    lambda source: f"IBAN DE00 {_number(source, 4)} {_number(source, 4)} is not complete",
    lambda source: (
        f"temperature {source.random():.2f}, top_p {source.random():.2f}, max_tokens {source.randrange(4096)}"
    ),
)

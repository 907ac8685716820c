"""A policy in which every secret of the model is a canary, and a search that finds one however it is written.

Each output and each stream fails in its own way, but for the first of both, which work.
"""

import base64
import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import quote, quote_plus

import trustme
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    PrivateFormat,
    load_pem_private_key,
)

APPLICATION: Final = "11111111-1111-4111-8111-111111111111"
NOBODY: Final = "127.0.0.1:9"
"""The port of the discard service: nobody listens there."""
_LINE: Final = 2
"""Which line of a private key is looked for; the first says what it is."""


@dataclass
class Canaries:
    """The canaries by the fields that they stand in."""

    planted: dict[str, str] = field(default_factory=dict)

    def plant(self, *fields: str) -> str:
        """A new canary, for these fields."""
        canary = f"c4nary+{os.urandom(6).hex()}/'é\\7"
        self.planted.update(dict.fromkeys(fields, canary))
        return canary

    def plant_plain(self, *fields: str) -> str:
        """One of letters, digits and what base64 has, where nothing else can be."""
        canary = base64.b64encode(b"\xfb\xef" + os.urandom(25)).decode()
        self.planted.update(dict.fromkeys(fields, canary))
        return canary

    def plant_key(self, field_name: str, password: str = "") -> tuple[str, str]:
        """A certificate and its private key, encrypted if there is a password."""
        leaf = trustme.CA(key_type=trustme.KeyType.RSA).issue_cert("aoai", key_type=trustme.KeyType.RSA)
        key = leaf.private_key_pem.bytes()
        if password:
            private = load_pem_private_key(key, None)
            key = private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(password.encode()))
        self.planted[field_name] = key.decode().splitlines()[_LINE]
        return leaf.cert_chain_pems[0].bytes().decode(), key.decode()

    def find_in(self, outputs: Mapping[str, str]) -> list[str]:
        """Where a canary is, and whose: for each output and field."""
        return [
            f"{name}: {where}"
            for name, text in outputs.items()
            for where, canary in self.planted.items()
            if any(form in text for form in forms_of(canary))
        ]


def forms_of(text: str) -> Iterator[str]:
    """The ways in which a text may be written; in base64 as a part of a longer one, wherever that begins."""
    coded = quote(text, safe="")
    yield from (text, coded, coded.lower(), quote(text), quote_plus(text))
    yield from (json.dumps(text)[1:-1], json.dumps(text, ensure_ascii=False)[1:-1], repr(text)[1:-1])
    for data in (text.encode(), coded.encode()):
        yield data.hex()
        for before, mixed in ((0, 0), (1, 2), (2, 3)):
            whole = (before + len(data)) * 8 // 6
            for encode in (base64.b64encode, base64.urlsafe_b64encode):
                yield encode(bytes(before) + data)[mixed:whole].decode()


def outputs_of(canaries: Canaries, working: str, refusing: str, untrusted: str) -> dict[str, Any]:
    """Four outputs: one that works, one that refuses the login, one not to be trusted, one behind a broken proxy."""
    passphrase = canaries.plant("Ssl.key_passphrase")
    certificate, key = canaries.plant_key("Ssl.key", passphrase)
    return {
        "default": {
            "type": "elasticsearch",
            "hosts": [working],
            "username": "aoai",
            "password": canaries.plant("ElasticsearchOutput.password"),
            "headers": {"X-Site-Token": canaries.plant_plain("ElasticsearchOutput.headers")},
        },
        "refusing": {
            "type": "elasticsearch",
            "hosts": [refusing],
            "api_key": f"id:{canaries.plant_plain('ElasticsearchOutput.api_key')}",
        },
        "untrusted": {
            "type": "elasticsearch",
            "hosts": [untrusted],
            "service_token": canaries.plant_plain("ElasticsearchOutput.service_token"),
            "ssl": {"certificate": certificate, "key": key, "key_passphrase": passphrase},
        },
        "proxied": {
            "type": "elasticsearch",
            "hosts": ["http://search.invalid:9200"],
            "proxy_url": f"http://aoai:{quote(canaries.plant('ElasticsearchOutput.proxy_url'), safe='')}@{NOBODY}",
            "proxy_headers": {"X-Token": canaries.plant_plain("ElasticsearchOutput.proxy_headers")},
        },
    }


def hub_streams(canaries: Canaries, hub: str, good: str) -> Iterator[dict[str, Any]]:
    """The first works with ``good``, a connection string; others lack a login, a storage account, a consumer group."""
    section = "EventHubStream"
    reads = {"eventhub": hub, "connection_string": good}
    yield {"id": "works"} | reads | {"content_hash_key": canaries.plant(f"{section}.content_hash_key")}
    address, _, _ = good.partition("SharedAccessKey=")
    wrong = canaries.plant_plain(f"{section}.connection_string")
    refused = f"{address}SharedAccessKey={wrong};UseDevelopmentEmulator=true"
    yield {"id": "wrong-key", "consumer_group": "other"} | reads | {"connection_string": refused}
    for name, storage in _storages(canaries, section).items():
        yield {"id": name, "consumer_group": name} | reads | storage
    for name, login in _logins(canaries, section).items():
        yield {"id": name, "eventhub": name, "eventhub_namespace": "127.0.0.1", "transport": "websocket"} | login


def metrics_streams(canaries: Canaries) -> Iterator[dict[str, Any]]:
    """Those that lack a login, and those that lack their storage account."""
    section = "AzureMetricsStream"
    logins, storages = _logins(canaries, section), _storages(canaries, section)
    for name, keys in logins.items():
        yield {"id": f"metrics-{name}", "subscription_id": APPLICATION} | keys
    for name, keys in storages.items():
        yield {"id": f"metrics-{name}", "subscription_id": APPLICATION} | logins["login-by-secret"] | keys


def _storages(canaries: Canaries, section: str) -> dict[str, dict[str, Any]]:
    """Storage accounts that nobody answers for."""
    account = {"storage_account": "aoai", "storage_account_endpoint": f"https://{NOBODY}"}
    in_string = canaries.plant_plain(f"{section}.storage_account_connection_string")
    whole = f"AccountName=aoai;AccountKey={in_string};BlobEndpoint=http://{NOBODY}/aoai"
    signature = quote(canaries.plant_plain(f"{section}.storage_account_sas_token"), safe="")
    return {
        "storage-by-key": account | {"storage_account_key": canaries.plant_plain(f"{section}.storage_account_key")},
        "storage-by-signature": account | {"storage_account_sas_token": f"sv=2024-11-04&sig={signature}"},
        "storage-by-string": {"storage_account_connection_string": whole},
    }


def _logins(canaries: Canaries, section: str) -> dict[str, dict[str, Any]]:
    """Logins at a host that does not answer, one of them behind a proxy that does not."""
    entra = {"tenant_id": "example.org", "client_id": APPLICATION, "authority_host": f"https://{NOBODY}"}
    password = canaries.plant(f"{section}.client_certificate_password")
    certificate, key = canaries.plant_key(f"{section}.client_certificate", password)
    by_certificate = {
        "auth_type": "client_certificate",
        "client_certificate": certificate + key,
        "client_certificate_password": password,
        "proxy_url": f"http://aoai:{quote(canaries.plant(f'{section}.proxy_url'), safe='')}@{NOBODY}",
    }
    secret = canaries.plant(f"{section}.client_secret")
    return {
        "login-by-secret": entra | {"auth_type": "client_secret", "client_secret": secret},
        "login-by-certificate": entra | by_certificate,
    }

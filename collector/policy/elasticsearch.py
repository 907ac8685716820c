"""The output ``elasticsearch``: where documents go, and how they are packed.

Promises: key names are the Elastic Agent's; each default carries its reason. Does not promise that the server answers.
"""

import base64
from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Annotated, ClassVar, Literal, override
from urllib.parse import urlsplit

from collector.policy.elasticsearch_access import (
    ApiKeyText,
    BearerToken,
    CloudId,
    HostUrl,
    ProxyUrl,
    decode_cloud_id,
    find_host_problems,
    find_login_problems,
    is_id_and_key,
)
from collector.policy.ignored_keys import OUTPUT_IGNORED, OUTPUT_REFUSED
from collector.policy.kinds import (
    Choice,
    Duration,
    ListOf,
    SecretsByName,
    SecretText,
    Size,
    Switch,
    Text,
    WholeNumber,
)
from collector.policy.secret import Secret
from collector.policy.section import Contradiction, Section, setting
from collector.policy.tls import Ssl


class Backoff(Section):
    """``backoff``: how long to wait before a bulk is tried again.

    The wait is drawn from nothing up to a step that doubles from init to max, and tries go on without end.
    """

    init: Annotated[timedelta, Duration("10ms", "10m")] = setting(
        timedelta(seconds=1),
        "The longest wait after the first failure.",
        reason="the Elastic Agent's default: a server's queue drains in it, and nobody sees it",
    )
    max: Annotated[timedelta, Duration("10ms", "1h")] = setting(
        timedelta(seconds=8),
        "The longest wait. While a server takes nothing, all bulks together ask it once in each wait.",
        reason="a server that comes back is found within 10s; the Elastic Agent's 60s would leave it idle for a minute",
    )

    @override
    def find_contradictions(self) -> Iterator[Contradiction]:
        if self.init > self.max:
            yield Contradiction(("init",), "is longer than backoff.max", "Write an init that is at most max.")


class ElasticsearchOutput(Section):
    """An output of type ``elasticsearch``."""

    ignored_keys: ClassVar[Mapping[str, str]] = OUTPUT_IGNORED
    refused_keys: ClassVar[Mapping[str, str]] = OUTPUT_REFUSED
    aliases: ClassVar[Mapping[str, str]] = {"cloud.id": "cloud_id"}

    type: Annotated[Literal["elasticsearch"], Choice(("elasticsearch",))] = setting(
        ..., "The kind of output.", reason="required: it tells which keys follow", example="elasticsearch"
    )
    hosts: Annotated[tuple[str, ...], ListOf(HostUrl(), needed=True)] = setting(
        (),
        "The nodes to send to, in turn; one that fails is passed over for a while. Without a scheme http:// is meant, "
        "without a port 9200, also after https://, as in the Elastic Agent: write :443 for Elastic Cloud.",
        reason="required: a guess would send logs to the wrong place",
        example='["https://elasticsearch.example.org:9200"]',
        derived="required, unless cloud_id is given",
    )
    cloud_id: Annotated[str | None, CloudId()] = setting(
        None,
        "The deployment in Elastic Cloud to send to, in place of hosts. May be written cloud.id.",
        reason="clusters outside Elastic Cloud have none",
        example='"${env.CLOUD_ID}"',
    )
    api_key: Annotated[Secret | None, ApiKeyText()] = setting(
        None,
        "An API key, as id:key or encoded.",
        reason="a cluster on this machine may have no security",
        example='"${env.API_KEY}"',
    )
    username: Annotated[str | None, Text()] = setting(
        None,
        "The user, for basic authentication. Needs password.",
        reason="an API key is the better way",
        example="aoai",
    )
    password: Annotated[Secret | None, SecretText()] = setting(
        None, "The password of username.", reason="goes with username", example='"${env.ES_PASSWORD}"'
    )
    service_token: Annotated[Secret | None, BearerToken()] = setting(
        None,
        "The token of a service account, sent as a bearer token.",
        reason="an API key can be limited to what a collector needs, a service account cannot",
        example='"${env.SERVICE_TOKEN}"',
    )
    ssl: Ssl = setting(
        Ssl(), "How the server is known, and how this side shows itself.", reason="every key of it has a default"
    )
    timeout: Annotated[timedelta, Duration("1s", "10m")] = setting(
        timedelta(seconds=90),
        "How long one request may take before it is sent again.",
        reason="the Elastic Agent's default: longer than Elasticsearch's own wait of 60s for a shard",
    )
    headers: Annotated[dict[str, Secret], SecretsByName()] = setting(
        {},
        "HTTP headers for every request, for a gateway in between. Their values are treated as secrets.",
        reason="Elasticsearch itself needs none",
        example='{X-Tenant: "a"}',
    )
    proxy_url: Annotated[Secret | None, ProxyUrl()] = setting(
        None,
        "The HTTP proxy that leads to the hosts. What goes to hosts with https:// passes it in a tunnel (CONNECT), and "
        "the proxy reads none of it. A user name and a password in the address are shown to the proxy.",
        reason="as in the Elastic Agent, the variables HTTP_PROXY, HTTPS_PROXY and NO_PROXY are followed without it; "
        "this machine's own addresses never are behind a proxy that way",
        example="http://proxy.example.org:3128",
    )
    proxy_headers: Annotated[dict[str, Secret], SecretsByName()] = setting(
        {},
        "HTTP headers for the proxy when a tunnel is asked for. Their values are treated as secrets.",
        reason="most proxies need none",
        example='{X-Site: "a"}',
    )
    proxy_disable: Annotated[bool, Switch()] = setting(
        False,
        "true passes over proxy_url and the variables HTTP_PROXY and HTTPS_PROXY.",
        reason="the Elastic Agent's default",
    )
    path: Annotated[str, Text()] = setting(
        "",
        "A path before that of every request, for hosts that name none.",
        reason="most clusters answer at /",
        example="/es",
    )
    compression_level: Annotated[int, WholeNumber(0, 9)] = setting(
        1,
        "How hard request bodies are compressed with gzip; 0 sends them as they are. The compressor has three levels: "
        "4 to 9 compress as 3.",
        reason="the Elastic Agent's default: level 1 takes most of the gain for the least time",
    )
    bulk_max_size: Annotated[int, WholeNumber(1, 100_000)] = setting(
        1600,
        "The most records in one bulk.",
        reason="the Elastic Agent's default preset: 1,600 records of about 2 KiB make a body of 3 MiB",
    )
    bulk_max_bytes: Annotated[int, Size("64KiB", "90MiB")] = setting(
        5 * 2**20,
        "The most bytes in one bulk, before compression. A single larger record is sent alone.",
        reason="Elasticsearch's advice is 5 to 15 MiB; above 100 MiB it refuses the request (http.max_content_length)",
    )
    flush_timeout: Annotated[timedelta, Duration("1ms", "1m")] = setting(
        timedelta(milliseconds=100),
        "How old the first record of a bulk may get before the bulk is sent, full or not.",
        reason="Azure delivers logs minutes late, so 100ms more is not seen, and a busy hub fills bulks sooner",
    )
    worker: Annotated[int, WholeNumber(1, 64)] = setting(
        4,
        "How many bulks are in flight at once.",
        reason="4 bulks of 5MiB hide the round trip and keep a node's write queue short",
    )
    backoff: Backoff = setting(
        Backoff(), "How long to wait before a bulk is tried again.", reason="every key of it has a default"
    )
    max_in_flight_bytes: Annotated[int, Size("1MiB", "64GiB")] = setting(
        32 * 2**20,
        "The most bytes of records taken in and not yet settled. At that mark nothing more is read from the hub.",
        reason="half as much again as 4 bulks of 5MiB hold, and an eighth of the 256MiB that the process may use",
    )
    max_in_flight_records: Annotated[int, WholeNumber(1, 10_000_000)] = setting(
        24_000,
        "The most records taken in and not yet settled, however small they are. At that mark nothing more is read from "
        "the hub.",
        reason="nearly four times what 4 bulks of 1,600 hold; records of a usual size reach max_in_flight_bytes at "
        "about the same mark",
    )

    @property
    def urls(self) -> tuple[str, ...]:
        """The nodes as whole URLs: `hosts`, with `path` where a host has none, or what `cloud_id` stands for."""
        if self.cloud_id is not None:
            return (decode_cloud_id(self.cloud_id),)
        path = "/" + self.path.strip("/") if self.path.strip("/") else ""
        return tuple(host + path if not urlsplit(host).path else host for host in self.hosts)

    @property
    def encoded_api_key(self) -> Secret | None:
        """The API key in the form that stands after ``Authorization: ApiKey``, or None."""
        if self.api_key is None:
            return None
        text = self.api_key.reveal()
        return Secret(base64.b64encode(text.encode()).decode()) if is_id_and_key(text) else self.api_key

    @override
    @classmethod
    def find_missing(cls, given: Mapping[str, object]) -> Iterator[Contradiction]:
        yield from find_host_problems(given)
        yield from find_login_problems(given)

    @override
    def find_contradictions(self) -> Iterator[Contradiction]:
        secure = [host for host in self.urls if host.startswith("https://")]
        if secure and not self.ssl.enabled:
            yield Contradiction(
                ("ssl", "enabled"),
                "is false, but a host has https://",
                "Remove the key; to check no certificate, write ssl.verification_mode: none.",
            )
        if self.ssl != Ssl() and self.ssl.enabled and not secure:
            yield Contradiction(
                ("ssl",), "is given, but no host has https://", "Write https:// before the hosts, or remove ssl."
            )
        if self.max_in_flight_bytes < self.bulk_max_bytes:
            yield Contradiction(
                ("max_in_flight_bytes",),
                "is smaller than bulk_max_bytes, so no bulk could ever be full",
                "Write at least the size of one bulk.",
            )
        if self.max_in_flight_records < self.bulk_max_size:
            yield Contradiction(
                ("max_in_flight_records",),
                "is smaller than bulk_max_size, so no bulk could ever be full",
                "Write at least the number of records of one bulk.",
            )

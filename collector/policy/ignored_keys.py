"""Keys of the Elastic Agent that are in many policies and not used here, each with the reason.

Promises: a policy that Kibana shows loads without a change, and nobody has to guess which of its keys have an effect.
Ignored keys change nothing that matters here; refused keys would change what is collected or how it is sent, so they
are never passed over. Key names: `elastic-agent.yml` as Kibana writes it, Elastic's reference of the Elasticsearch
output and of the azure-eventhub input.
"""

from collections.abc import Mapping
from types import MappingProxyType

_FLEET = "Fleet's own information about the policy; the collector needs none of it"
_PLANNING = (
    "the collector has no queue of its own: the event hub is the buffer, max_in_flight_bytes bounds what is taken in"
)
_SANITISE = "a malformed event is always repaired where that can be done honestly, and becomes a dead letter where not"

POLICY_IGNORED: Mapping[str, str] = MappingProxyType(
    {
        "id": _FLEET,
        "name": _FLEET,
        "description": _FLEET,
        "revision": _FLEET,
        "dataset": _FLEET,
        "type": _FLEET,
        "namespaces": _FLEET,
        "meta": _FLEET,
        "signed": _FLEET,
        "fleet": "the collector is not enrolled in Fleet; it reads this file only",
        "output_permissions": "information for people: it says which privileges the API key needs",
        "secret_references": "the ids of Fleet's secrets; their values come as variables such as ${SECRET_0}",
        "download": "the collector does not upgrade itself",
        "logging": "settings of the Elastic Agent's own log",
        "use_output": "each input names its own output",
        "providers": "only providers.filesource is used, for ${filesource.NAME}",
    }
)

_AGENT = "a setting of the Elastic Agent's own process"

AGENT_IGNORED: Mapping[str, str] = MappingProxyType(
    {
        "id": _FLEET,
        "headers": _FLEET,
        "protection": _FLEET,
        "download": "the collector does not upgrade itself",
        "upgrade": "the collector does not upgrade itself",
        "logging": "the log goes to standard error; its level is --log-level",
        "features": _AGENT,
        "grpc": _AGENT,
        "internal": _AGENT,
        "limits": _AGENT,
        "process": _AGENT,
        "reload": _AGENT,
        "retry": _AGENT,
        "providers": "variables without a provider are taken from the environment",
    }
)

MONITORING_IGNORED: Mapping[str, str] = MappingProxyType(
    {
        "logs": "the log goes to standard error, as ECS JSON, for the log shipper of this machine",
        "traces": "the collector sends no traces of itself",
        "apm": "the collector sends no traces of itself",
        "diagnostics": "there is no Fleet Server to upload to",
        "failure_threshold": "health is what it is now; how long is too long is for the alert to say",
        "pprof": "a profiler of Go",
        "_runtime_experimental": _AGENT,
    }
)

MONITORING_HTTP_IGNORED: Mapping[str, str] = MappingProxyType(
    {"buffer": "numbers are not kept here: they are in /metrics now, and in the documents"}
)

POLICY_REFUSED: Mapping[str, str] = MappingProxyType(
    {"output": "Write outputs, a mapping of names to outputs.", "input": "Write inputs, a list."}
)

_FILEBEAT = "This is a configuration of Filebeat: write an Elastic Agent policy with outputs and inputs."

# A key that is only at the top of another kind of file -> what to do with that file.
OTHER_FILES: Mapping[str, str] = MappingProxyType(
    {
        "apiVersion": "This is a Kubernetes manifest: write what stands in it under agent.yml to a file of its own.",
        "item": "This is the answer of Kibana's API: write what stands under item, without item itself.",
        "filebeat": _FILEBEAT,
        "filebeat.inputs": _FILEBEAT,
    }
)

OUTPUT_IGNORED: Mapping[str, str] = MappingProxyType(
    {
        "id": _FLEET,
        "name": _FLEET,
        "is_default": _FLEET,
        "is_default_monitoring": _FLEET,
        "revision": _FLEET,
        "preset": "the collector's own defaults replace the Elastic Agent's presets; single keys can be set",
        "queue": _PLANNING,
        "workers": "the number of bulks in flight is worker",
        "loadbalance": "bulks always go to all hosts in turn",
        "max_retries": "a bulk is tried again without end: nothing is dropped",
        "escape_html": "JSON is written as Azure sent it",
        "allow_older_versions": "Elasticsearch 8.16 and later are served",
        "idle_connection_timeout": "the HTTP client decides when to close an idle connection",
        "otel": "the collector does not run as an OpenTelemetry Collector",
        "shipper": "Elastic has withdrawn the shipper",
        "write_to_logs_streams": "documents go to data streams by name",
        "non_indexable_policy": "a document that cannot be indexed always becomes a dead letter",
        "ca_sha256": "an earlier name of Fleet for the fingerprint; ssl.ca_trusted_fingerprint is used",
    }
)

OUTPUT_REFUSED: Mapping[str, str] = MappingProxyType(
    {
        "proxy_id": "Write the proxy's address as proxy_url.",
        "protocol": "Write http:// or https:// before each host in hosts.",
        "index": "Documents go to the data stream that the stream names in data_stream; remove the key.",
        "pipeline": "The data stream's template names its pipeline; remove the key.",
        "parameters": "Request parameters cannot be set; remove the key.",
        "kerberos": "Log in with api_key.",
        "service_token_path": 'Write service_token: "${filesource.NAME}" and name its file in providers.',
        "cloud": "Write cloud_id in place of cloud.id, and username and password in place of cloud.auth.",
    }
)

SSL_IGNORED: Mapping[str, str] = MappingProxyType(
    {
        "renegotiation": "TLS renegotiation is never allowed",
        "restart_on_cert_change": "certificates are read at start",
    }
)

_TLS_CHOICE = "Remove the key: Python's own choice of TLS 1.2 and later is used and cannot be changed."

SSL_REFUSED: Mapping[str, str] = MappingProxyType(
    {
        "supported_protocols": _TLS_CHOICE,
        "cipher_suites": _TLS_CHOICE,
        "curve_types": _TLS_CHOICE,
        "ca_sha256": "Write ca_trusted_fingerprint, with the fingerprint in hexadecimal digits.",
        "key_passphrase_path": 'Write key_passphrase: "${filesource.NAME}" and name its file in providers.',
    }
)

INPUT_IGNORED: Mapping[str, str] = MappingProxyType(
    {
        "revision": _FLEET,
        "name": _FLEET,
        "package_policy_id": _FLEET,
        "meta": _FLEET,
        "policy": _FLEET,
        "log_level": "the collector has one log level for all inputs",
    }
)

_CONDITION = "Conditions are not evaluated here: write enabled: true or enabled: false."

INPUT_REFUSED: Mapping[str, str] = MappingProxyType({"condition": _CONDITION})

STREAM_IGNORED: Mapping[str, str] = MappingProxyType(
    {
        "publisher_pipeline": "the collector never adds fields about its own host",
        "sanitize_newlines": _SANITISE,
        "sanitize_singlequotes": _SANITISE,
        "sanitize_options": _SANITISE,
        "sanitizers": _SANITISE,
        "resource_manager_endpoint": "no Azure Resource Manager is called; a cloud other than the public one is "
        "named with cloud: us_government or cloud: china",
        "processor_version": "there is one way of reading: with load balancing over partitions",
        "migrate_checkpoint": "checkpoints are kept in the layout of the Azure SDKs from the start",
        "partition_receive_timeout": "events are taken as they come; prefetch bounds how many",
        "partition_receive_count": "events are taken as they come; prefetch bounds how many",
        "meta": _FLEET,
        "release": _FLEET,
        "policy_template": _FLEET,
    }
)

STREAM_REFUSED: Mapping[str, str] = MappingProxyType(
    {
        "condition": _CONDITION,
        "index": "Write data_stream.dataset.",
        "pipeline": "The data stream's template names its pipeline; remove the key.",
    }
)

METRICS_STREAM_IGNORED: Mapping[str, str] = MappingProxyType(
    {
        "metricsets": "monitor is the one that is served",
        "add_cloud_metadata": "documents always say in which cloud, subscription and region their resource is",
        "default_resource_type": "the resources that are collected are of known types",
        "publisher_pipeline": "the collector never adds fields about its own host",
        "meta": _FLEET,
        "release": _FLEET,
        "policy_template": _FLEET,
    }
)

METRICS_STREAM_REFUSED: Mapping[str, str] = MappingProxyType(
    {
        "condition": _CONDITION,
        "index": "Write data_stream.dataset.",
        "pipeline": "The data stream's template names its pipeline; remove the key.",
        "resource_query": "Write resource_groups or resource_ids.",
        "timegrain": "Metrics are read at one minute, the finest that Azure Monitor has; remove the key.",
    }
)

DATA_STREAM_IGNORED: Mapping[str, str] = MappingProxyType(
    {"elasticsearch": "privileges for other datasets are Fleet's matter; the API key must hold them"}
)

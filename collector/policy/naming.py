"""Names that Azure and Elasticsearch check, checked before they do.

Promises: each kind holds the published rule of one name, with the page it is from. Does not promise that the thing
exists.
"""

import re
from dataclasses import dataclass
from typing import Any, override

from collector.policy.kinds import Text
from collector.policy.problems import RefusedError


@dataclass(frozen=True)
class Name(Text):
    """A text that a rule limits: `pattern` is the rule, `noun` and `rule` are the rule in words."""

    noun: str
    pattern: str
    rule: str
    advice: str = ""

    @override
    def check(self, value: object) -> str:
        text = super().check(value)
        if not re.fullmatch(self.pattern, text, re.ASCII):
            raise RefusedError(f"{{shown}} cannot be {self.noun}", f"{self.advice or 'Write'} {self.rule}.")
        return text

    @override
    def describe(self) -> str:
        return f"text: {self.rule}"

    @override
    def json_schema(self) -> dict[str, Any]:
        return {"type": "string", "pattern": rf"^(?:{self.pattern})$|\$\{{"}


# learn.microsoft.com, "Naming rules and restrictions for Azure resources", Microsoft.EventHub namespaces/eventhubs.
EVENT_HUB = Name(
    "the name of an event hub",
    r"[A-Za-z0-9](?:[A-Za-z0-9._-]{0,254}[A-Za-z0-9])?",
    "1 to 256 letters, digits, '.', '-' and '_', first and last a letter or digit",
)

# The same page, namespaces/eventhubs/consumergroups; "$Default" is the one that every hub has.
CONSUMER_GROUP = Name(
    "the name of a consumer group",
    r"\$[Dd]efault|[A-Za-z0-9](?:[A-Za-z0-9._-]{0,48}[A-Za-z0-9])?",
    "$Default, or 1 to 50 letters, digits, '.', '-' and '_', first and last a letter or digit",
)

# The same page, Microsoft.EventHub namespaces: the host is the namespace's name and the cloud's suffix. A private
# host is allowed.
EVENT_HUB_NAMESPACE = Name(
    "the fully qualified name of an Event Hubs namespace",
    r"[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?(?:\.[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?)+",
    "the host name alone, such as NAME.servicebus.windows.net",
)

# The same page, Microsoft.Storage storageAccounts and storageAccounts/blobServices/containers.
STORAGE_ACCOUNT = Name("the name of a storage account", r"[a-z0-9]{3,24}", "3 to 24 lower-case letters and digits")
MAXIMUM_CONTAINER = 63
CONTAINER = Name(
    "the name of a blob container",
    r"(?=.{3,63}$)[a-z0-9]+(?:-[a-z0-9]+)*",
    "3 to 63 lower-case letters, digits and single hyphens, first and last a letter or digit",
)

# Elastic, "Data stream naming scheme": no '-' in the parts, at most 100 bytes each; and the rules of index names.
DATASET = Name(
    "a dataset",
    r"[a-z0-9][a-z0-9_.]{0,99}",
    "1 to 100 lower-case letters, digits, '_' and '.', without '-', first a letter or digit",
)
NAMESPACE = Name(
    "a data stream namespace",
    r"[a-z0-9][a-z0-9_.]{0,99}",
    "1 to 100 lower-case letters, digits, '_' and '.', without '-', first a letter or digit",
)

# learn.microsoft.com, "Naming rules and restrictions for Azure resources", Microsoft.Resources resourceGroups.
RESOURCE_GROUP = Name(
    "the name of a resource group",
    r"[A-Za-z0-9_().-]{0,89}[A-Za-z0-9_()-]",
    "1 to 90 letters, digits, '_', '-', '.', '(' and ')', not ending in '.'",
)
_GUID = r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"
SUBSCRIPTION = Name(
    "the id of a subscription", _GUID, "the subscription's id, such as 33333333-3333-4333-8333-333333333333"
)

# Entra ID: a directory is named by its id or by a domain name; an application by its id.
TENANT = Name("an Entra ID tenant", r"[A-Za-z0-9][A-Za-z0-9.-]{2,252}", "the directory (tenant) id or its domain name")
CLIENT = Name(
    "the id of an application",
    _GUID,
    "the application (client) id, such as 11111111-1111-4111-8111-111111111111",
)


def derive_container(hub: str) -> str:
    """Return the container that a hub's checkpoints go to unless the policy names one: ``aoai-<hub>``.

    A hub's name may hold what a container's name may not: it is lower-cased, and runs of other characters become one
    hyphen. Two hubs may so share a container, which is harmless: a checkpoint's path holds the hub's name.
    """
    return "aoai-" + re.sub(r"[^a-z0-9]+", "-", hub.lower()).strip("-")

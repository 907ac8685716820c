"""The made-up world that the traffic comes from: resources, deployments, their models, and who calls them.

Everything here is invented; names and addresses are from ranges reserved for documentation. The shapes (upper-case
resource ids, regions as ``Tenant``, masked addresses, spelling of model names) are those of Azure's records.
"""

from dataclasses import dataclass

CHAT = "ChatCompletions_Create"
EMBEDDINGS = "Embeddings_Create"
IMAGES = "ImageGenerations_Create"


@dataclass(frozen=True, slots=True)
class Spread:
    """A heavy-tailed (log-normal) amount: half of all values lie under ``median``, ``sigma`` sets the tail."""

    median: float
    sigma: float


@dataclass(frozen=True, slots=True)
class Model:
    """A model as Azure names it, and how long and how big a successful call to it is."""

    name: str
    version: str
    operation: str
    latency_ms: Spread
    request_bytes: Spread
    response_bytes: Spread


@dataclass(frozen=True, slots=True)
class Deployment:
    """A model under the name its callers use. ``weight`` is its share of the traffic, ``streaming`` that of streams."""

    name: str
    model: Model
    weight: float
    streaming: float = 0.0


@dataclass(frozen=True, slots=True)
class Resource:
    """An Azure OpenAI account with its deployments.

    ``logs_usage``: whether records of its calls have tokens, as the newer form of `RequestResponse` does.
    """

    name: str
    region: str
    subscription: str
    group: str
    deployments: tuple[Deployment, ...]
    logs_usage: bool = True

    @property
    def id(self) -> str:
        """The resource id as diagnostic records spell it: all upper case."""
        return (
            f"/SUBSCRIPTIONS/{self.subscription}/RESOURCEGROUPS/{self.group}"
            f"/PROVIDERS/MICROSOFT.COGNITIVESERVICES/ACCOUNTS/{self.name}"
        ).upper()


@dataclass(frozen=True, slots=True)
class Caller:
    """Somebody who calls: an address with its last octet masked, and an Entra object id or, for key users, none."""

    address: str
    object_id: str
    weight: float


GPT_4O = Model("gpt-4o", "2024-08-06", CHAT, Spread(1_400, 0.75), Spread(2_600, 0.9), Spread(2_100, 0.6))
GPT_4O_MINI = Model("gpt-4o-mini", "2024-07-18", CHAT, Spread(620, 0.6), Spread(1_500, 0.8), Spread(1_700, 0.5))
GPT_41 = Model("gpt-4.1", "2025-04-14", CHAT, Spread(1_900, 0.8), Spread(9_000, 1.0), Spread(2_900, 0.7))
GPT_35 = Model("gpt-35-turbo", "0125", CHAT, Spread(480, 0.55), Spread(1_100, 0.7), Spread(1_350, 0.5))
O3_MINI = Model("o3-mini", "2025-01-31", CHAT, Spread(7_800, 0.85), Spread(3_400, 0.9), Spread(4_200, 0.8))
O1 = Model("o1", "2024-12-17", CHAT, Spread(16_000, 0.7), Spread(4_100, 0.9), Spread(5_200, 0.8))
EMBED_SMALL = Model("text-embedding-3-small", "1", EMBEDDINGS, Spread(48, 0.5), Spread(2_100, 0.8), Spread(33_000, 0.1))
EMBED_LARGE = Model("text-embedding-3-large", "1", EMBEDDINGS, Spread(95, 0.5), Spread(3_800, 0.9), Spread(66_000, 0.1))
DALL_E = Model("dall-e-3", "3.0", IMAGES, Spread(11_500, 0.3), Spread(240, 0.4), Spread(1_050, 0.1))

PRODUCTION = "00000000-0000-4000-8000-000000000001"
RESEARCH = "00000000-0000-4000-8000-000000000002"

RESOURCES = (
    Resource(
        "aoai-shop-us",
        "eastus",
        PRODUCTION,
        "rg-shop-llm",
        (
            Deployment("chat-prod", GPT_4O, 24, streaming=0.6),
            Deployment("chat-small", GPT_4O_MINI, 17, streaming=0.4),
            Deployment("search-embed", EMBED_SMALL, 19),
            Deployment("product-images", DALL_E, 0.8),
        ),
    ),
    Resource(
        "aoai-shop-eu",
        "westeurope",
        PRODUCTION,
        "rg-shop-llm-eu",
        (
            Deployment("chat-prod", GPT_4O, 13, streaming=0.6),
            Deployment("faq-legacy", GPT_35, 7, streaming=0.1),
            Deployment("docs-embed", EMBED_LARGE, 8),
        ),
    ),
    Resource(
        "aoai-lab-se",
        "swedencentral",
        RESEARCH,
        "rg-lab",
        (
            Deployment("agent-long", GPT_41, 6, streaming=0.8),
            Deployment("reason-mini", O3_MINI, 3.5),
            Deployment("reason-deep", O1, 0.7),
        ),
        logs_usage=False,
    ),
)

# The deployment that is throttled in a burst.
THROTTLED = ("aoai-shop-us", "chat-prod")


def _describe_callers() -> tuple[Caller, ...]:
    """Two dozen callers of very unequal size; every third signs in with a key and so has no object id."""
    networks = ("203.0.113", "198.51.100", "192.0.2")
    return tuple(
        Caller(
            address=f"{networks[number % 3]}.***" if number < len(networks) else f"10.{number}.{number * 7 % 250}.***",
            object_id="" if number % 3 == 0 else f"{number:08x}-1111-4222-8333-{number:012x}",
            weight=1 / (number + 1) ** 0.9,
        )
        for number in range(24)
    )


CALLERS = _describe_callers()

"""The bodies to install, for the server at hand."""

from dataclasses import dataclass
from functools import cache

from collector.assets.files import Body
from collector.assets.setup.kinds import Kind
from collector.assets.sources import component_templates, pipelines, templates


@dataclass(frozen=True, slots=True)
class ShippedBody:
    """One pipeline or template as this version has it."""

    kind: Kind
    name: str
    body: Body

    def __str__(self) -> str:
        return f"{self.kind} {self.name}"


@cache
def shipped_bodies(*, embedded: bool) -> tuple[ShippedBody, ...]:
    """Everything to install: for Elasticsearch with geography, or cut to what the embedded engine takes.

    Made once, since it takes a second: change nothing in it.
    """
    bodies = [ShippedBody(Kind.PIPELINE, name, body) for name, body in pipelines(geography=not embedded).items()]
    bodies += [ShippedBody(Kind.COMPONENT_TEMPLATE, name, body) for name, body in component_templates().items()]
    bodies += [ShippedBody(Kind.INDEX_TEMPLATE, name, body) for name, body in templates().items()]
    return tuple(_adapt(each) for each in bodies) if embedded else tuple(bodies)


def _adapt(shipped: ShippedBody) -> ShippedBody:
    # Only who runs the embedded engine needs what is in its room.
    from collector.engine.portability import adapt_pipeline, adapt_template  # noqa: PLC0415

    adapt = adapt_pipeline if shipped.kind is Kind.PIPELINE else adapt_template
    return ShippedBody(shipped.kind, shipped.name, adapt(shipped.body))

"""Which assets go into Kibana, and which into Fleet."""

from collector.assets.setup.asset import Asset
from collector.assets.setup.kibana.connection import Kibana
from collector.assets.setup.kibana.saved_objects import list_saved_objects
from collector.assets.setup.wishes import KibanaWishes


async def kibana_assets(kibana: Kibana, _wishes: KibanaWishes) -> list[Asset]:
    """Return what goes into a space: dashboards and what they need.

    Raises:
        RefusalError: the space cannot be looked at.
    """
    return await list_saved_objects(kibana)

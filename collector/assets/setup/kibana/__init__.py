"""Kibana's side of `setup`: what goes into a space, and what goes into Fleet.

Promises: dashboards, searches and data views are written by one import, carry our tag, and count as current while the
digest in that reference is the one that is shipped. Rules and SLOs carry a tag with the digest of what was shipped:
what a person changed is told and kept. Only published APIs are used, but for anomaly jobs and for deleting saved
objects, which have none that will stay. Every refusal of Kibana is told in its own words, with a fix.

Does not promise that an object changed through Kibana's API, with its references left as they are, is noticed. Was
never run against a Kibana of Elastic; the emulator in `collector/emulators/kibana` stands in for it.
"""

from collector.assets.setup.kibana.connection import Kibana, open_kibana
from collector.assets.setup.kibana.listing import fleet_assets, kibana_assets

__all__ = ["Kibana", "fleet_assets", "kibana_assets", "open_kibana"]

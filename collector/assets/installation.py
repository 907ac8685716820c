"""Brings a server to the pipelines and templates of this version, for those who need nothing else of `setup`."""

from elasticsearch import AsyncElasticsearch

from collector.assets.setup.elasticsearch.cluster import inspect
from collector.assets.setup.elasticsearch.listing import SHIPPED_KINDS, elasticsearch_assets
from collector.assets.setup.plan import Report, apply, plan_installation
from collector.assets.setup.wishes import ElasticsearchWishes


async def install(client: AsyncElasticsearch) -> Report:
    """Install pipelines, component templates and index templates; what is as shipped already is not written.

    May be repeated, also while documents arrive.

    Raises:
        AssetError: the server did not answer or refused an asset; others may be installed. Or Fleet has installed the
            package here; nothing is changed then.
    """
    cluster = await inspect(client, "Elasticsearch")
    report = await apply(
        await plan_installation(await elasticsearch_assets(cluster, ElasticsearchWishes(), SHIPPED_KINDS))
    )
    for result in report.results:
        if result.refusal is not None:
            raise result.refusal
    return report

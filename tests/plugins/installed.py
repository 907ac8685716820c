"""What the package ships, on the engine: installed once for all that only write documents.

Fixture: ``installed_assets``, to be asked for before the first document is written.
"""

import asyncio

import pytest
from elasticsearch import AsyncElasticsearch

from collector.assets.installation import install


@pytest.fixture(scope="session")
def installed_assets(engine_url: str) -> None:
    """Pipelines and templates."""

    async def run() -> None:
        async with AsyncElasticsearch(engine_url, request_timeout=60) as client:
            await install(client)

    asyncio.run(run())

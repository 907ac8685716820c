"""Waits until the output is ready to be written to: reachable, and with our templates and pipelines in place."""

import asyncio
import logging
from http import HTTPStatus
from typing import Any, Final

from elasticsearch import ApiError, AsyncElasticsearch

from collector.assets.errors import AssetError, AssetsUnreadableError
from collector.assets.presence import missing_assets
from collector.telemetry.trouble import Trouble

logger = logging.getLogger(__name__)

_SECONDS_BETWEEN_LOOKS: Final = 5.0


async def wait_until_ready(
    settings: dict[str, Any], trouble: Trouble, *, seconds_between_looks: float = _SECONDS_BETWEEN_LOOKS
) -> None:
    """Return when the assets that ``aoai-collector setup`` installs are there.

    Without them Elasticsearch would index records raw into a stream of its own making, and that could not be mended
    later. A key that may not look at templates is no hindrance: that is said once, and the collector goes on.
    """
    async with AsyncElasticsearch(**settings, max_retries=0) as client:
        while not await _is_ready(client, trouble):  # noqa: ASYNC110 - only asking again can tell
            await asyncio.sleep(seconds_between_looks)
    trouble.over()


async def _is_ready(client: AsyncElasticsearch, trouble: Trouble) -> bool:
    try:
        missing = await missing_assets(client)
    except AssetsUnreadableError as error:
        logger.warning(
            "the output's key may not look at templates, so they are taken to be there",
            extra={"error.message": str(error)},
        )
        return True
    except AssetError as error:
        trouble.report("Elasticsearch is not ready", str(error), grave=_is_refusal(error.__cause__))
        return False
    if missing:
        trouble.report(
            "templates or pipelines are missing: run `aoai-collector setup`", ", ".join(sorted(missing)), grave=True
        )
    return not missing


def _is_refusal(cause: BaseException | None) -> bool:
    """Tell whether credentials were refused, which does not mend itself."""
    return isinstance(cause, ApiError) and cause.status_code in (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN)

"""Asks the collector that runs on a data folder, over its control socket."""

import json
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final

import aiohttp

from collector.agent.control_socket import SOCKET, address_of

_HOST: Final = "http://collector"
_PATIENCE: Final = aiohttp.ClientTimeout(total=10)
_FOREVER: Final = aiohttp.ClientTimeout(total=None, sock_connect=5)


class NoCollectorError(Exception):
    """No collector answers; the message says why, and what to do."""


async def ask(data: Path, path: str, name: str = SOCKET) -> dict[str, Any]:
    """Return what the collector answers.

    Raises:
        NoCollectorError: none answers within 10 s.
    """
    return json.loads(await read(data, path, name))


async def read(data: Path, path: str, name: str = SOCKET) -> str:
    """Return the text of an answer; raises as `ask` does."""
    async with _get(data, path, (), _PATIENCE, name) as answer:
        return await answer.text()


@asynccontextmanager
async def follow(
    data: Path, path: str, parameters: Sequence[tuple[str, str]], name: str = SOCKET
) -> AsyncGenerator[AsyncIterator[bytes]]:
    """Give the lines that the collector answers, as they come and however long they are, until it ends.

    Raises:
        NoCollectorError: none answers, or it does not do what is asked.
    """
    async with _get(data, path, parameters, _FOREVER, name) as answer:
        yield _split_lines(answer.content)


async def _split_lines(content: aiohttp.StreamReader) -> AsyncIterator[bytes]:
    rest = b""
    async for chunk in content.iter_any():
        *lines, rest = (rest + chunk).split(b"\n")
        for line in lines:
            if line:
                yield line


@asynccontextmanager
async def _get(
    data: Path, path: str, parameters: Sequence[tuple[str, str]], patience: aiohttp.ClientTimeout, name: str
) -> AsyncGenerator[aiohttp.ClientResponse]:
    try:
        with address_of(data, name) as address:
            connector = aiohttp.UnixConnector(address)
            async with (
                aiohttp.ClientSession(connector=connector, timeout=patience) as session,
                session.get(_HOST + path, params=parameters) as answer,
            ):
                if not answer.ok:
                    raise NoCollectorError((await answer.text()).strip())
                yield answer
    except TimeoutError:
        raise NoCollectorError("the collector does not answer within 10 s: its event loop is stuck") from None
    except (OSError, aiohttp.ClientError) as error:
        raise NoCollectorError(_explain(error, data)) from None


def _explain(error: Exception, data: Path) -> str:
    cause = error.os_error if isinstance(error, aiohttp.ClientConnectorError) else error
    if isinstance(cause, PermissionError):
        return f"the collector on {data} is another user's: ask as that user, or as root"
    return f"no collector runs on {data}: give its --data, or start one with aoai-collector run"

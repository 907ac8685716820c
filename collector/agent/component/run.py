"""The component from the first word with the agent to the end."""

import asyncio
import logging
import signal
from collections.abc import Callable
from pathlib import Path

import elastic_agent_client.generated.elastic_agent_client_pb2 as protocol

from collector import __version__
from collector.agent.component.conversation import Conversation
from collector.agent.component.units import Units
from collector.agent.component.workload import Workload
from collector.agent.supervisor import exit_at_the_latest

logger = logging.getLogger(__name__)


async def run_component(info: protocol.StartUpInfo, data: Path) -> int:
    """Be the component in this process until the agent asks for the end with SIGTERM; return the exit code.

    0 after a signal; 1 when the agent does not know this process any more, or after a fault of ours.
    """
    stopping = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stopping.set)
    return await follow_agent(info, data, stopping, exit_at_the_latest)


async def follow_agent(
    info: protocol.StartUpInfo, data: Path, stopping: asyncio.Event, on_end: Callable[[int], None]
) -> int:
    """Do what the agent expects until `stopping` is set, or nothing can be done; return the exit code.

    `on_end` is given the code when the end begins.
    """
    units = Units()
    workload = Workload(units, data)
    conversation = Conversation(info, units, workload)
    logger.info("component starts", extra={"version": __version__, "agent.version": info.agent_info.version})
    stop = asyncio.create_task(stopping.wait())
    work = asyncio.create_task(workload.run())
    talk = asyncio.create_task(conversation.run())
    await asyncio.wait([stop, work, talk], return_when=asyncio.FIRST_COMPLETED)
    code = 0 if stop.done() else 1
    if talk.done():
        logger.error("component ends: nobody is there to talk with", extra={"error.message": str(talk.result())})
    if work.done():
        logger.critical("component fails", exc_info=work.exception() or work.result())
    on_end(code)
    stop.cancel()
    work.cancel()
    await asyncio.wait([work])
    await workload.end()
    await conversation.say_farewell()
    talk.cancel()
    await asyncio.wait([talk])
    return code

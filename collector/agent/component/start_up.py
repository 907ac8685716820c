"""What the Elastic Agent writes to the standard input of a component that it starts: where and how to reach it.

Source: elastic-agent-client.proto, message StartUpInfo.
"""

from typing import Final

import elastic_agent_client.generated.elastic_agent_client_pb2 as protocol
from google.protobuf.message import DecodeError

_NEEDED: Final = ("addr", "server_name", "token", "ca_cert", "peer_cert", "peer_key")


class StartUpError(Exception):
    """What stands on standard input does not lead to an agent that can be talked with; the text says why."""


def read_start_up(data: bytes) -> protocol.StartUpInfo:
    """Return what the agent wrote.

    Raises:
        StartUpError: it is nothing, or no such message, or that of an agent with another protocol.
    """
    if not data:
        raise StartUpError("nothing is on standard input: only an Elastic Agent can start this command")
    try:
        info = protocol.StartUpInfo.FromString(data)
    except DecodeError:
        raise StartUpError("standard input holds no start-up message of an Elastic Agent") from None
    if protocol.CheckinV2 not in info.services:
        version = info.agent_info.version or "of an unknown version"
        raise StartUpError(f"the Elastic Agent {version} does not offer the protocol CheckinV2: 8.16 and later do")
    missing = [name for name in _NEEDED if not getattr(info, name)]
    if missing:
        raise StartUpError(f"the start-up message of the Elastic Agent lacks {', '.join(missing)}")
    return info

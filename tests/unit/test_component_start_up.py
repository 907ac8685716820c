"""What a component reads from standard input leads to an agent, or to a reason why not."""

from typing import Any

import pytest
from elastic_agent_client.generated import elastic_agent_client_pb2 as protocol

from collector.agent.component.start_up import StartUpError, read_start_up

GOOD = {
    "addr": "localhost:6789",
    "server_name": "name",
    "token": "token",
    "ca_cert": b"ca",
    "peer_cert": b"certificate",
    "peer_key": b"key",
    "services": [protocol.CheckinV2],
    "agent_info": protocol.AgentInfo(version="8.4.0"),
}


def written(**changes: Any) -> bytes:
    return protocol.StartUpInfo(**GOOD | changes).SerializeToString()


def test_what_the_agent_wrote_is_read_whole() -> None:
    assert read_start_up(written()).addr == "localhost:6789"


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "nothing is on standard input: only an Elastic Agent can start this command"),
        (b"\xff\xfe", "standard input holds no start-up message of an Elastic Agent"),
        (written()[:-3], "standard input holds no start-up message of an Elastic Agent"),
        (
            written(services=[protocol.Checkin]),
            "the Elastic Agent 8.4.0 does not offer the protocol CheckinV2: 8.16 and later do",
        ),
        (written(token="", addr=""), "the start-up message of the Elastic Agent lacks addr, token"),
    ],
    ids=["nothing", "garbage", "half-a-message", "older-protocol", "no-address"],
)
def test_what_leads_nowhere_is_refused_with_a_reason(data: bytes, why: str) -> None:
    with pytest.raises(StartUpError) as refused:
        read_start_up(data)
    assert str(refused.value) == why

"""The connection to the Elastic Agent: gRPC over TLS with certificates on both sides.

Promises: whatever goes wrong on it is a `BrokenLinkError`, which says whether another try can help. The only module
that knows gRPC, which has no types of its own.
"""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Final, cast

import elastic_agent_client.generated.elastic_agent_client_pb2 as protocol
import elastic_agent_client.generated.elastic_agent_client_pb2_grpc as service  # pyright: ignore[reportMissingTypeStubs]
import grpc  # pyright: ignore[reportMissingTypeStubs]

_GRPC: Final = cast("Any", grpc)
_LARGEST_MESSAGE: Final = 100 * 2**20
"""The agent's own limit, for one that names none."""
_FINAL: Final = {
    "PERMISSION_DENIED": "the agent does not know this process any more",
    "UNAUTHENTICATED": "the agent does not know this process any more",
    "UNIMPLEMENTED": "the agent does not speak the protocol CheckinV2",
}


class BrokenLinkError(Exception):
    """The connection to the agent is gone; when it is `final`, no other will do better."""

    def __init__(self, reason: str, *, final: bool = False) -> None:
        super().__init__(reason)
        self.final = final


class Talk[Sent, Received]:
    """One call with messages both ways."""

    def __init__(self, call: Any) -> None:
        self._call = call
        self._turn = asyncio.Lock()

    async def send(self, message: Sent) -> None:
        """Send a message; raises `BrokenLinkError`."""
        try:
            async with self._turn:  # gRPC takes one message at a time
                await self._call.write(message)
        except (_GRPC.aio.AioRpcError, asyncio.InvalidStateError) as error:
            raise _explain(error) from None

    async def receive(self) -> Received:
        """Wait for a message and return it; raises `BrokenLinkError`, also when the agent ends the call."""
        try:
            message = await self._call.read()
        except (_GRPC.aio.AioRpcError, asyncio.InvalidStateError) as error:
            raise _explain(error) from None
        if message is _GRPC.aio.EOF:
            raise BrokenLinkError("the agent ended the call")
        if message is None:  # gRPC's word for a message that it could not read
            raise BrokenLinkError("the agent sent what is no message of its protocol")
        return message


@dataclass(frozen=True, slots=True)
class Link:
    """The two calls that an agent offers."""

    checkin: Talk[protocol.CheckinObserved, protocol.CheckinExpected]
    actions: Talk[protocol.ActionResponse, protocol.ActionRequest]


@asynccontextmanager
async def open_link(info: protocol.StartUpInfo) -> AsyncGenerator[Link]:
    """Connect to the agent that started this process, until the block ends; `Link` tells when that fails."""
    credentials = _GRPC.ssl_channel_credentials(
        root_certificates=info.ca_cert, private_key=info.peer_key, certificate_chain=info.peer_cert
    )
    options = (
        ("grpc.ssl_target_name_override", info.server_name),
        ("grpc.max_receive_message_length", info.max_message_size or _LARGEST_MESSAGE),
        ("grpc.max_send_message_length", info.max_message_size or _LARGEST_MESSAGE),
    )
    async with _GRPC.aio.secure_channel(info.addr, credentials, options=options) as channel:
        stub = cast("Any", service).ElasticAgentStub(channel)
        yield Link(Talk(stub.CheckinV2()), Talk(stub.Actions()))


def _explain(error: Any) -> BrokenLinkError:
    if not isinstance(error, _GRPC.aio.AioRpcError):
        return BrokenLinkError("the call is over")
    code = str(error.code().name)
    return BrokenLinkError(_FINAL.get(code, f"{code}: {error.details()}"), final=code in _FINAL)

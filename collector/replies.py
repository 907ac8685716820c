"""Replies of HTTP servers, up to a size.

Promise: no reply takes more memory than its limit and a copy, whatever it inflates to and however long it goes on; one
that is larger is an error like a broken connection. Does not bound the time: that is for the request's own time-out.
"""

from typing import ClassVar, Final, override

import aiohttp

LARGEST_REPLY: Final = 32 * 2**20
"""Bytes, inflated. The largest that is asked for, an answer of metrics, has some 5 MiB."""


class BoundedResponse(aiohttp.ClientResponse):
    """Give it to a session as its ``response_class``."""

    largest: ClassVar[int] = LARGEST_REPLY

    @override
    async def read(self) -> bytes:
        """Return the whole body.

        Raises:
            aiohttp.ClientPayloadError: it is larger than may be, or does not arrive whole.
        """
        if self._body is None:
            body = bytearray()
            async for piece in self.content.iter_any():
                body += piece
                if len(body) > self.largest:
                    self.close()
                    raise aiohttp.ClientPayloadError(f"the answer is larger than {self.largest // 2**20} MiB")
            self._body = bytes(body)
        return await super().read()


class LongResponse(BoundedResponse):
    """For pages of documents that hold whole events; the caller's memory is its own."""

    largest: ClassVar[int] = 2**30

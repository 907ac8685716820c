"""Checks shared access signatures as the service does, for the emulator's `authorize`.

    SharedAccessSignature sr=RESOURCE&sig=SIGNATURE&se=EXPIRY&skn=KEY_NAME

SIGNATURE is the Base64 of HMAC-SHA256 with the key over RESOURCE as it stands, still percent-encoded, a line feed and
EXPIRY in seconds since 1970; all values are percent-encoded.

Source: Microsoft Learn, "Authenticate access to Event Hubs resources using shared access signatures".
"""

import base64
import binascii
import hmac
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from hashlib import sha256
from urllib.parse import unquote

from collector.emulators.event_hubs.access import INVALID_TOKEN, TokenRefusedError, covers, path_of

SAS_TOKEN_TYPE = "servicebus.windows.net:sastoken"  # noqa: S105  # the name of a kind, no secret
_PREFIX = "SharedAccessSignature "
_MALFORMED = "MalformedToken: The token is malformed."


class SharedAccessKeys:
    """An `authorize` function that knows keys by their names and takes no token but signatures made with them."""

    def __init__(self, keys: Mapping[str, str], clock: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        """Take the keys by name, and a clock with a time zone for the expiry."""
        self._keys = dict(keys)
        self._clock = clock

    def __call__(self, audience: str, token_type: str, token: str) -> bool:
        """Return whether the token is a good signature for the audience.

        Raises:
            TokenRefusedError: when it is no signature, has expired, or is for something else.
        """
        if token_type != SAS_TOKEN_TYPE:
            raise TokenRefusedError(f"InvalidTokenType: The token type '{token_type}' is not supported.")
        fields = _parse(token)
        resource, expiry = fields["sr"], fields["se"]
        key = self._keys.get(unquote(fields["skn"]))
        if key is None or not hmac.compare_digest(_sign(key, resource, expiry), _decode_signature(fields["sig"])):
            return False
        self._check_expiry(expiry)
        if not covers(path_of(unquote(resource)), path_of(audience)):
            raise TokenRefusedError("InvalidAudience: The token's audience does not cover the resource.")
        return True

    def _check_expiry(self, expiry: str) -> None:
        try:
            moment = datetime.fromtimestamp(int(expiry), UTC)
        except (ValueError, OverflowError, OSError):
            raise TokenRefusedError(_MALFORMED) from None
        now = self._clock()
        if moment <= now:
            raise TokenRefusedError(
                f"ExpiredToken: The token is expired. Expiration time: '{moment:%Y-%m-%dT%H:%M:%SZ}', "
                f"current time: '{now.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}'."
            )


def _parse(token: str) -> dict[str, str]:
    """Return the fields as they stand, still percent-encoded."""
    if not token.startswith(_PREFIX):
        raise TokenRefusedError(_MALFORMED)
    fields = dict(part.split("=", 1) for part in token.removeprefix(_PREFIX).split("&") if "=" in part)
    if not {"sr", "sig", "se", "skn"} <= fields.keys():
        raise TokenRefusedError(_MALFORMED)
    return fields


def _sign(key: str, resource: str, expiry: str) -> bytes:
    return hmac.new(key.encode(), f"{resource}\n{expiry}".encode(), sha256).digest()


def _decode_signature(signature: str) -> bytes:
    try:
        return base64.b64decode(unquote(signature), validate=True)
    except (binascii.Error, ValueError):
        raise TokenRefusedError(INVALID_TOKEN) from None

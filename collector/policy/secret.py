"""A text that never prints.

Promises: no way of printing, formatting, copying or dumping a `Secret` shows its value; only `Secret.reveal` does, so
every use can be found by searching for that word. Does not promise to wipe the value from memory.
"""

import hmac
from typing import Any, NoReturn, Self, final

from pydantic import GetCoreSchemaHandler
from pydantic_core import CoreSchema, core_schema

MASK = "**********"


@final
class Secret:
    """A credential. Prints as ``Secret('**********')``; two are compared in constant time."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        """Return the value itself. Hand it to the client that needs it and keep it nowhere else."""
        return self._value

    def __repr__(self) -> str:
        return f"Secret('{MASK}')"

    def __str__(self) -> str:
        return MASK

    def __format__(self, format_spec: str) -> str:
        return format(MASK, format_spec)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Secret):
            return NotImplemented
        return hmac.compare_digest(self._value.encode(), other._value.encode())

    def __hash__(self) -> int:
        return hash((Secret, self._value))

    def __copy__(self) -> Self:
        return self

    def __deepcopy__(self, memo: object) -> Self:
        return self

    def __reduce__(self) -> NoReturn:
        raise TypeError("a Secret cannot be pickled")

    @classmethod
    def __get_pydantic_core_schema__(cls, source_type: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.is_instance_schema(
            cls, serialization=core_schema.plain_serializer_function_ser_schema(lambda _secret: MASK)
        )


# Keys whose values are secrets wherever they stand, also in parts of a policy that this collector does not use.
SECRET_KEYS = frozenset(
    {
        "api_key",
        "client_certificate",
        "client_certificate_password",
        "client_secret",
        "connection_string",
        "content_hash_key",
        "headers",
        "key",
        "key_passphrase",
        "password",
        "proxy_headers",
        "proxy_url",
        "sas_token",
        "secret",
        "service_token",
        "storage_account_connection_string",
        "storage_account_key",
        "storage_account_sas_token",
        "token",
    }
)

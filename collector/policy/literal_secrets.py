"""Refuses a policy that holds a secret and can be read by others.

Promises: a file whose secrets are all variables may be readable by anyone. A file with a secret written into it must
belong to the user that runs the collector and have mode 0600 or 0400; of a symbolic link its file counts. A connection
string of a development emulator is no secret: its key opens nothing, and the policy of the quick start must run as it
stands, whatever the mode of its file.
"""

import os
import stat
from collections.abc import Iterator
from pathlib import Path

from collector.policy.connection_string import holds_literal_key
from collector.policy.document import Value
from collector.policy.report import Report
from collector.policy.secret import SECRET_KEYS
from collector.policy.source_map import KeyPath
from collector.policy.variables import find_literals

_OWNER_ALONE = (0o600, 0o400)
_CONNECTION_STRINGS = {"connection_string", "storage_account_connection_string"}
_HEADERS = {"headers", "proxy_headers"}
# Keys whose value may be a path, which is no secret.
_PRIVATE_KEYS = {"key", "client_certificate"}
_CREDENTIAL_HEADERS = ("auth", "cookie", "key", "token", "secret")


def check_file_mode(path: Path, value: Value, report: Report) -> None:
    """Report every literal secret of the policy when its file is not that of the user who runs this, alone."""
    status = path.stat()
    mode = stat.S_IMODE(status.st_mode)
    if mode not in _OWNER_ALONE:
        what = f"holds a secret, and the mode of the file is {mode:04o}, not 0600 or 0400"
        hint = 'Write a variable, such as "${env.NAME}", or run chmod 600 on the file.'
    elif status.st_uid != os.geteuid():
        what = "holds a secret, and the file belongs to another user"
        hint = 'Write a variable, such as "${env.NAME}", or run chown on the file.'
    else:
        return
    for where in find_literal_secrets(value, ()):
        report.refuse(where, what, hint)


def find_literal_secrets(value: Value, path: KeyPath) -> Iterator[KeyPath]:
    """Yield the place of each secret that is written into the file, also in parts that are not used."""
    if isinstance(value, dict):
        for key, item in value.items():
            name = key.rpartition(".")[2]
            if name in SECRET_KEYS and isinstance(item, str):
                if _is_literal_secret(name, item):
                    yield (*path, key)
            elif name not in _HEADERS or not isinstance(item, dict):
                yield from find_literal_secrets(item, (*path, key))
            else:
                yield from _find_credential_headers(item, (*path, key))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from find_literal_secrets(item, (*path, index))


def _find_credential_headers(headers: dict[str, Value], path: KeyPath) -> Iterator[KeyPath]:
    for name, value in headers.items():
        named = any(word in name.lower() for word in _CREDENTIAL_HEADERS)
        if named and isinstance(value, str) and find_literals(value).strip():
            yield (*path, name)


def _is_literal_secret(key: str, text: str) -> bool:
    if key in _CONNECTION_STRINGS:
        return holds_literal_key(text)
    literal = find_literals(text).strip()
    if key in _PRIVATE_KEYS:
        # The path of a private key is no secret; the key itself is.
        return "-----BEGIN " in literal
    if key == "proxy_url":
        # The address of a proxy is no secret; who uses it is.
        return "@" in literal
    return bool(literal)

"""From the login's options to the settings of a client.

Promises: key and password come from the environment alone, since every user of a machine can read the arguments of a
process.
"""

import os
from pathlib import Path
from typing import Any, Final

from collector.agent.cluster_login import LoginError, cluster_settings, refuse_ambiguity
from collector.assets.setup.wishes import Login
from collector.commands.options import fail
from collector.output.elasticsearch.connection import LOGINS
from collector.policy.secret import Secret

API_KEY: Final = "AOAI_SETUP_API_KEY"
PASSWORD: Final = "AOAI_SETUP_PASSWORD"  # noqa: S105 - the name of a variable


def log_in(url: str, username: str | None, ca: Path | None) -> dict[str, Any]:
    """Return the arguments of ``AsyncElasticsearch``, or end the command when an option cannot be used."""
    try:
        return cluster_settings(
            url, api_key=os.environ.get(API_KEY), username=username, password=os.environ.get(PASSWORD), ca=ca
        )
    except LoginError as error:
        fail(str(error))


def find_credentials(username: str | None) -> dict[str, Any] | None:
    """Return those arguments of ``AsyncElasticsearch`` that say who it is, or end the command as `log_in` does.

    None without a login.
    """
    settings = log_in("http://localhost", username, None)
    return {name: settings[name] for name in LOGINS if name in settings} or None


def log_in_to_kibana(url: str, username: str | None, ca: Path | None) -> Login:
    """Return the same login for Kibana, or end the command when it is none."""
    api_key, password = os.environ.get(API_KEY), os.environ.get(PASSWORD)
    try:
        refuse_ambiguity(api_key=api_key, username=username, password=password)
    except LoginError as error:
        fail(str(error))
    return Login(
        url,
        api_key=Secret(api_key) if api_key else None,
        username=username,
        password=Secret(password) if username and password else None,
        authority=ca,
    )

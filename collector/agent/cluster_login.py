"""How `aoai-collector setup` reaches the cluster: its options, as an output of a policy that has nothing else.

Promise: the options mean what the same keys of a policy mean, because the same code reads them. No message shows a
credential.
"""

from pathlib import Path
from typing import Any, Final

from pydantic import ValidationError

from collector.output.elasticsearch.connection import client_settings
from collector.policy import ElasticsearchOutput
from collector.policy.problems import RefusedError

_OPTIONS: Final = {
    "hosts": "--elasticsearch",
    "api_key": "the API key",
    "password": "AOAI_SETUP_PASSWORD",
    "ssl": "--ca",
}
"""Keys of an output -> what sets them here."""


class LoginError(Exception):
    """The options cannot be used; the message says which one, and what to write."""


def cluster_settings(
    url: str, *, api_key: str | None, username: str | None, password: str | None, ca: Path | None
) -> dict[str, Any]:
    """Return the keyword arguments of ``AsyncElasticsearch`` for the options; a password counts with a username only.

    Raises:
        LoginError: an option is wrong, or two of them exclude each other, or the file of `ca` cannot be used.
    """
    refuse_ambiguity(api_key=api_key, username=username, password=password)
    given: dict[str, object] = {"type": "elasticsearch", "hosts": url}
    given |= {"username": username, "password": password} if username else {}
    given |= {"api_key": api_key} if api_key else {}
    given |= {"ssl": {"certificate_authorities": [str(ca.absolute())]}} if ca else {}
    try:
        output = ElasticsearchOutput.model_validate(given)
    except ValidationError as error:
        raise LoginError(_explain(error)) from None
    for problem in output.find_contradictions():
        raise LoginError(f"{_name(problem.key)} {problem.what}. {problem.hint}")
    try:
        return client_settings(output)
    except OSError as error:
        raise LoginError(str(error)) from error


def refuse_ambiguity(*, api_key: str | None, username: str | None, password: str | None) -> None:
    """See that the options are one login, or none.

    Raises:
        LoginError: they are half of one, or two.
    """
    if username and not password:
        raise LoginError("--username needs a password: set AOAI_SETUP_PASSWORD in the environment")
    if username and api_key:
        raise LoginError("--username and an API key are two ways to log in: leave one")


def _explain(error: ValidationError) -> str:
    detail = error.errors(include_url=False, include_input=False)[0]
    cause = detail.get("ctx", {}).get("error")
    name = _name(detail["loc"])
    if not isinstance(cause, RefusedError):
        return f"{name} cannot be used"
    return f"{name}: {cause.what.replace('{shown}', 'the value')}. {cause.hint}".strip()


def _name(place: tuple[int | str, ...]) -> str:
    return _OPTIONS.get(str(place[0]), str(place[0]))

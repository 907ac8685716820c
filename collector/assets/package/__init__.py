"""The Elastic package ``aoai``: what of ``integration/`` is built, and the archive that Kibana installs.

Promises: `built_files` is made from ``ingest-pipelines/``, ``catalogue/``, ``dashboards/``, the table of metrics and
the texts that people write in ``integration/`` itself (manifests, changelog, the template of the page, sample events);
the same sources give the same bytes. `build_package` writes nothing else. `pack` gives the same archive, byte for
byte, whenever and wherever it is made.

Does not promise that Kibana takes it: package-spec's own validator is run by hand (docs/package.md), our list of its
rules in ``tests/assets/``. Installs nothing.
"""

"""What the package ships into Elasticsearch, Kibana and Fleet: built from its sources, compared, installed, removed.

Promises: bodies of pipelines and templates are built from ``ingest-pipelines/`` and ``catalogue/`` alone, the same in a
checkout and in an installed wheel. `install` brings a server to exactly these and can be repeated at will;
``setup/`` does so for everything that is shipped, and back. Templates and pipelines named ``...@custom`` belong to the
user: they are referred to and never written. `missing_assets` only reads.

Does not promise anything about data streams that exist already: they take new mappings with their next rollover.
"""

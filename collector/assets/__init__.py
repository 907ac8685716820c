"""What the package ships into Elasticsearch: ingest pipelines, component templates, index templates.

Promises: the bodies are built from ``ingest-pipelines/`` and ``catalogue/`` alone, the same in a checkout and in an
installed wheel. `install` brings a server to exactly these bodies, can be repeated at will, and says for each asset
whether it was created, updated or unchanged. Templates named ``...@custom`` and the pipeline
``logs-aoai.logs@custom`` belong to the user: they are referred to and never written. `missing_assets` only reads.

Does not promise anything about data streams that exist already: they take new mappings and a new pipeline with their
next rollover. Installs nothing into Kibana.
"""

"""The assets that live in Elasticsearch: pipelines, templates, data streams, roles, and the collector's API key.

Promises: `elasticsearch_assets` lists what this version ships and what an earlier one left; nothing named ``@custom``
and nothing without our mark is among what it writes or removes. Documents are deleted on request only. What a server
answers becomes a `RefusalError` with what to do about it.

Does not promise anything about Elasticsearch Serverless, which nobody has tried.
"""

"""What the ingest pipelines cost: ``python -m benchmarks.pipelines`` measures and writes ``results/PIPELINES.md``.

Each pipeline is timed as the engine runs it, for documents as the collector writes them, in bulk requests whose
documents are dropped at the end: nothing is indexed, so nothing else is measured. What a processor costs is the
difference between the pipeline that stops after it and the one that stops before it; the engine's own statistics
count whole milliseconds or, for bulks, nonsense. Everything is measured in turn in one run, so that a change of the
machine's speed meets all, and beside a yardstick: the JSON of the record and of its properties, and the time.

The engine is one of its own, with the optimising compiler on, or the Elasticsearch that
``AOAI_TEST_ELASTICSEARCH_URL`` names.
"""

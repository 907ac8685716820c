"""Azure Monitor: what the service offers, as data.

Promise: every metric of Azure OpenAI and of Azure Machine Learning's online endpoints is described once, in
``metrics.yml``, with Azure's names, units, aggregations and dimensions, and with the field that holds it in our
documents.

Not here: asking Azure (``collector.inputs.azure_metrics``), mapping (``ingest-pipelines``), standing in for Azure
(``collector.emulators``). This room imports no other.
"""

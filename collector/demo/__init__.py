"""The main job on one machine: made-up Azure traffic through the real collector into a real engine.

What this room promises: the daemon that runs is the product's own (``aoai-collector run`` as a process, with a policy
file); it takes log records from an event hub and metrics of the same calls from Azure Monitor, both emulated; what a
person sees is computed by queries on the engine; and what was fed is written down by the generator, so that ``--once``
can say of every single record, and of every final value of a metric, whether it arrived. It leaves nothing running, and
no file behind but the page of dashboards that it was asked for.

What it does not: it talks to no Azure account and to no Elasticsearch but its own engine, and its traffic is realistic
in shape and proportion but measured from nobody.
"""

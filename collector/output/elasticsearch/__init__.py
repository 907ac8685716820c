"""The Elasticsearch output: bulk bodies, their sending, and what each answer means.

    add() -> builder (count, bytes, age) -> queue -> workers -> _bulk -> outcome per item -> settle()
                                                       ^                        |
                                                       +---- backoff <- again --+-> dead letter -> file

Source of the protocol: Elasticsearch reference, "Bulk API", and the bulk response of 8.16 and 9.x.
"""

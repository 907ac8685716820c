"""A pipeline tried on one document, on the engine."""

from elasticsearch import Elasticsearch


class Simulation:
    """Runs processors over one document on the engine and gives its fields back."""

    def __init__(self, client: Elasticsearch) -> None:
        self._client = client

    def run(self, processors: list[dict], source: dict) -> dict:
        answer = self._client.ingest.simulate(
            pipeline={"processors": processors}, docs=[{"_source": source, "_id": "1", "_index": "i"}]
        )
        (doc,) = answer["docs"]
        if "error" in doc:
            raise SimulationError(doc["error"]["root_cause"][0]["reason"])
        return doc["doc"]["_source"]


class SimulationError(Exception):
    """A processor failed; the message is the engine's reason."""

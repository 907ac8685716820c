"""The kinds of asset. Imports nothing, so that the command line can name them at once."""

from enum import StrEnum


class Kind(StrEnum):
    """The kinds of asset, in Elastic's words."""

    PIPELINE = "ingest pipeline"
    COMPONENT_TEMPLATE = "component template"
    INDEX_TEMPLATE = "index template"
    DATA_STREAM = "data stream"
    ROLE = "role"
    API_KEY = "API key"
    TAG = "tag"
    DATA_VIEW = "data view"
    SEARCH = "saved search"
    DASHBOARD = "dashboard"
    RULE = "alert rule"
    SLO = "SLO"
    ML_MODULE = "ML module"
    PACKAGE = "package"
    AGENT_POLICY = "agent policy"
    PACKAGE_POLICY = "package policy"

    @property
    def option(self) -> str:
        """How ``--only`` spells it: ``api-key``."""
        return self.value.lower().replace(" ", "-")

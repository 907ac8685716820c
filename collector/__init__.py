"""Azure OpenAI observability on the Elastic Stack: the collector daemon and what it ships.

``docs/architecture.md`` draws the data path and says which room promises what.
"""

__version__ = "0.1.0"

"""``python -m collector`` is ``aoai-collector``."""

from collector.cli import main

main()

"""How many documents and bytes requests become: each kind of record through the pipelines into the embedded engine.

``python -m benchmarks.sizing`` measures and writes ``results/SIZING.md``; ``docs/sizing.md`` gives advice from it.
"""

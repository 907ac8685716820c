"""Benchmarks: what the collector costs, as ratios measured in one run.

``make bench`` runs every case and writes ``results/SUMMARY.md``. Times never decide a test; only ratios are quoted.
"""

"""Benchmark that compares the redirect with its peers, interleaved in one run: `make bench`.

``python -m loadtest.bench`` measures every variant of :mod:`loadtest.bench.variants` in closed and
in open loop, and writes the figures as JSON, as tables and as a picture.
"""

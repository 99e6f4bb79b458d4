"""Benchmark that compares the redirect with its peers, interleaved in one run: `make bench`.

``python -m loadtest.bench`` measures every variant of :mod:`loadtest.bench.servers.variants` in
closed and in open loop (``load/``), on cores of its own (``machine/``), and writes the figures as
JSON, as tables and as a picture (``report/``). ``peers/`` has the sources of the others.
"""

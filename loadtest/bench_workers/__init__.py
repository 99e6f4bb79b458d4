"""Benchmark that compares the consumers with a straightforward one: `make bench-workers`.

``python -m loadtest.bench_workers`` drains the same backlog by each, and by the bare reads and
inserts that no consumer can undercut.
"""

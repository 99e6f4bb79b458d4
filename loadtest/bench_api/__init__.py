"""Benchmark of the console's interface over many links, held to targets: ``make bench-api``."""

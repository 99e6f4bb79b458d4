"""Benchmark of the console's pages over many clicks and links: ``make bench-console``."""

"""What is measured and how it is drawn, for every room of the load tests.

:class:`~loadtest.common.latencies.Latencies` is a histogram that processes can add up,
:class:`~loadtest.common.measurements.Measurements` is all that one run counted.
"""

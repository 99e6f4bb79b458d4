"""Consumer that takes entries from the stream to ClickHouse, each step in a file of its own.

:func:`workers.consumer.bootstrap.boot` runs one process, and
:class:`workers.consumer.consumer.Consumer` is its loop: read
(:class:`workers.consumer.source.Source`), examine and enrich
(:class:`workers.consumer.processor.Processor`), gather (:class:`workers.consumer.batcher.Batcher`),
insert and acknowledge (:class:`workers.consumer.sink.Sink`).
"""

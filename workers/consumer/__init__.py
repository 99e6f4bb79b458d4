"""Consumer that takes entries from the stream to ClickHouse, each step in a file of its own.

:func:`workers.consumer.bootstrap.boot` runs one process. Its steps read
(:class:`workers.consumer.source.Source`), gather (:class:`workers.consumer.batcher.Batcher`) what
is decoded and enriched (:class:`workers.consumer.processor.Processor`), insert and acknowledge
(:class:`workers.consumer.sink.Sink`). Each is made with the next one's ``submit``, which takes on
what it hands on; :class:`workers.consumer.consumer.Consumer` is the loop that has them go on, by
``poll``. Whatever else has to know what happens is a hook that a step is given, as ``on_stored``.
"""

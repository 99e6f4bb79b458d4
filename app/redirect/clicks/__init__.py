"""Recording that puts each click into Redis within a budget, or else into the spool.

:class:`app.redirect.clicks.click_sink.ClickSink` owns the order Redis, disk, memory:
:class:`app.redirect.clicks.recorder.Recorder` decides for each click,
:class:`app.redirect.clicks.backpressure.Backpressure` tells when Redis has no room,
:class:`app.redirect.clicks.memory_buffer.MemoryBuffer` keeps what the disk refuses, and
:class:`app.redirect.clicks.drain.Drain` brings the spool back to Redis.
:class:`app.redirect.clicks.to_redis.ClicksToRedis` is what clicks need of one Redis, and
:class:`app.redirect.clicks.to_cluster.ClicksToCluster` of a cluster.
"""

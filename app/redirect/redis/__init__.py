"""Redis connection that all requests of a worker process share, in pipelines.

:class:`app.redirect.redis.pipeline.Pipeline` takes commands and calls back with replies, or with a
:class:`app.redirect.redis.replies.PipelineError`; whatever else it needs is behind it.
:func:`app.redirect.redis.connection.connect` opens a connection of one's own,
:class:`app.redirect.redis.reconnect.Reconnecting` keeps it open, and
:func:`app.redirect.redis.resp.encode_command` writes a command.
"""

"""Live clicks over HTTP: one reader of the streams, and one loop over all connections that watch.

gunicorn has a thread for each request at work, which no open page may keep. So a connection is
taken out of its hands once the answer has begun
(:mod:`app.console.live.handover`) and is written to by
:class:`app.console.live.connections.Connections`, with all others in one thread.
:class:`app.console.live.broadcast.Broadcast` reads the streams for all of them and hands what it
sees to :class:`app.console.live.channel.Channel`, one for each question.
"""

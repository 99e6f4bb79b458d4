"""Checks of Redis: whether it keeps what it is given, follows its master and empties its stream.

:func:`app.health.redis.server.redis_checks` asks the server, :mod:`app.health.redis.stream` the
group and its consumers, :func:`app.health.redis.sentinels.sentinel_checks` Sentinels, if there are
any; :func:`app.health.redis.advice.advice` says what to do about an error.
"""

"""Redis or Valkey as everybody reaches it, off the redirect's hot path and on it.

:func:`~app.stores.redis.client.connect` opens connections, or on the hot path
:class:`~app.stores.redis.address.Address` says where to, which Sentinels or
:class:`~app.stores.redis.cluster_locator.ClusterLocator` complete;
:class:`~app.stores.redis.connection.RedisConnection` sends a command once, whatever happens;
:class:`~app.stores.redis.server.FailoverDetector` tells when to leave a server, and
:func:`~app.stores.redis.errors.translated` tells "try again" from "refused".
"""

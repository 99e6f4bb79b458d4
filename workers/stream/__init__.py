"""Stream of clicks that consumers share: read, claimed, leased and acknowledged, in Lua if need be.

:class:`workers.stream.stream.Stream` reads (XREADGROUP) and dead-letters;
:class:`workers.stream.lease.Fence` records batches before their insert and acknowledges them
after it (XACK, in ``lua/commit.lua``); :class:`workers.stream.admin.StreamAdmin` trims.
:class:`workers.stream.names.Names` says what all of them are called in Redis.
"""

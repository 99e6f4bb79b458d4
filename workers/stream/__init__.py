"""Stream of clicks that consumers share: read, claimed, leased and acknowledged, in Lua if need be.

:class:`workers.stream.stream.Stream` reads (XREADGROUP) and buries;
:class:`workers.stream.lease.Fence` writes batches down before their insert and acknowledges them
after it (XACK, in ``lua/commit.lua``); :class:`workers.stream.admin.Upkeep` trims.
:class:`workers.stream.names.Names` says what all of them are called in Redis.
"""

"""Replay that processes clicks again, by today's rules, without changing any count.

The command is :func:`workers.replay.command.replay`, and :func:`workers.replay.replay.make_replay`
puts together what it runs: over the entries that the stream still holds, then over stored rows.
:class:`workers.replay.checkpoint.Notebook` keeps how far it came.
"""

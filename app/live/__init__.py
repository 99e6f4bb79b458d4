"""Clicks as they come, for who watches: read from the streams without being a member of the group.

:class:`app.live.stream_tail.StreamTail` reads, for `hopline tail` and the console alike,
:class:`app.live.click_judge.ClickJudge` says who followed a link, and :mod:`app.live.event` writes
what is seen as Server-Sent Events.
"""

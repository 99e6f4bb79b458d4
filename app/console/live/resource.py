"""Endpoint that shows clicks as they come: GET /api/v1/clicks/live, Server-Sent Events."""

from collections.abc import Mapping, Sequence
from socket import socket
from typing import ClassVar

import falcon

from app.console.api.links.bulk.upload import limit_silence
from app.console.api.operation import Events, Operation, Operations, Parameter
from app.console.api.problem import InvalidParameter, InvalidParameters
from app.console.api.rights import Rights, caller_of
from app.console.live.admission import Viewer
from app.console.live.broadcast import Broadcast
from app.console.live.channel import Question
from app.console.live.connections import Connection
from app.console.live.handover import HandedOver, connection_of
from app.keys.caller import Caller
from app.links.precondition import Precondition
from app.links.store import LinkStore
from app.links.validation import InvalidLink, read_tag
from app.live.event import read_id
from app.live.stream_tail import Places
from app.reports.scope import OutOfScope
from app.reports.spellings import read_parameters

PATH = "/api/v1/clicks/live"
MEDIA_TYPE = "text/event-stream"
_HEADER = "Last-Event-ID"
_NAMES = ("code", "tag", "humans", "after")
_FLAG = ("0", "1")
_RETRY_SECONDS = 5
#: Milliseconds after which a browser asks again that was hung up on.
_RETRY = b"retry: 2000\n\n"

LIVE: Operations = {
    "GET": Operation(
        parameters=(
            Parameter("code", "query", "Only clicks of the link with this code."),
            Parameter("tag", "query", "Only clicks of links that carry this tag."),
            Parameter("humans", "query", "1 for clicks of people alone.", {"enum": list(_FLAG)}),
            Parameter(
                "after",
                "query",
                f"The same as {_HEADER}, which counts more, for who can't send a header.",
            ),
            Parameter(
                _HEADER,
                "header",
                "id of the last event that was seen: what was missed since comes first.",
            ),
        ),
        answers={200: Events(MEDIA_TYPE)},
        headers={"X-Accel-Buffering": "no: proxies are to send on what comes at once."},
        problems=("invalid-parameter", "link-not-found", "out-of-scope"),
    )
}


class LiveClicks:
    """Shows clicks as they come.

    Args:
        streams: of clicks.
    """

    rights: ClassVar[Rights] = {"GET": "clicks:read"}

    def __init__(self, broadcast: Broadcast, links: LinkStore, streams: Sequence[str]) -> None:
        self._broadcast = broadcast
        self._links = links
        self._streams = streams

    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        """Show clicks as they come, as Server-Sent Events: click, tick and end.

        The answer is gone on with by others than the thread that began it.
        """
        question, after = self._answer_as(req, resp)
        connection = connection_of(req)
        if not self._broadcast.reserve():
            raise falcon.HTTPServiceUnavailable(
                description="As many watch clicks as can.", retry_after=_RETRY_SECONDS
            )
        try:
            viewer = Viewer(caller_of(req), req.context.session)
            joining = self._broadcast.begin(question, viewer, after)
        except BaseException:
            self._broadcast.give_back()
            raise
        is_chunked = req.env.get("SERVER_PROTOCOL") != "HTTP/1.0"
        limit_silence(req)

        def go_on(taken: socket) -> None:
            watcher = Connection(taken, is_chunked=is_chunked, on_end=self._broadcast.left)
            self._broadcast.join(joining, watcher)

        resp.stream = HandedOver(
            connection, _RETRY + joining.first, go_on, self._broadcast.give_back
        )

    def on_head(self, req: falcon.Request, resp: falcon.Response) -> None:
        """Say what GET would, without any click."""
        self._answer_as(req, resp)

    def _answer_as(
        self, req: falcon.Request, resp: falcon.Response
    ) -> tuple[Question, Places | None]:
        texts = read_parameters(req.query_string)
        question = self._question(texts, caller_of(req))
        header = req.get_header(_HEADER)
        last = header or texts.get("after", [""])[0]
        try:
            after = read_id(last, self._streams) if last else None
        except ValueError as error:
            raise InvalidParameter(_HEADER if header else "after", str(error)) from None
        resp.content_type = MEDIA_TYPE
        resp.set_header("X-Accel-Buffering", "no")
        return question, after

    def _question(self, texts: Mapping[str, Sequence[str]], caller: Caller) -> Question:
        faults = {name: f"is none of {', '.join(_NAMES)}" for name in texts if name not in _NAMES}
        faults |= {name: "give it once" for name, given in texts.items() if len(given) > 1}
        code, tag, humans = (texts.get(name, [""])[0] for name in _NAMES[:3])
        if humans and humans not in _FLAG:
            faults.setdefault("humans", f"{humans!r} is none of {', '.join(_FLAG)}")
        try:
            tag = read_tag(tag)
        except InvalidLink as error:
            faults.setdefault("tag", error.faults["tag"])
        if faults:
            raise InvalidParameters(faults)
        if code and caller.tags:
            Precondition(tags=caller.tags).require_before(self._links.get(code))
        if tag and caller.tags and tag not in caller.tags:
            raise OutOfScope(f"This key sees only links with the tag {' or '.join(caller.tags)}.")
        return Question(code, tag, humans == "1", caller.tags)

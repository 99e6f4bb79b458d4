"""Routes that clicks take over a cluster: to one shard at a time, where its slot is served.

Rule 1: any shard does for any click. One whose primary is away, slow or full, or refuses, is passed
        over at once and another takes the click, within the same budget. Who submits a click hears
        of a failure only when no shard takes it.
Rule 2: MOVED and ASK mean that nothing was done; a click follows such a word once. After that, or
        where it leads to nobody known, it goes to another shard.
Rule 3: a click of which nobody knows whether it was taken, since the connection ended, is sent to
        another shard as well. Its id makes it one.
"""

import time
from collections.abc import Callable

import gevent
import hiredis

from app.redirect.clicks.backpressure import is_for_good
from app.redirect.clicks.shard_choice import ShardChoice
from app.redirect.redis.cluster.primaries import Primaries
from app.redirect.redis.cluster.primary import Primary
from app.redirect.redis.replies import OnReply, PipelineBroken, PipelineError
from app.redirect.visits.xadd_encoder import END, XaddEncoder
from app.stores.redis.cluster import slot_of

_REDIRECTIONS = ("MOVED ", "ASK ")
#: What of the errors that stand for good is said of one shard, and not of the click.
_OF_SHARD = (*_REDIRECTIONS, "WRONGTYPE", "NOPERM")
#: A shard that refused a click is passed over for so long.
_REST_SECONDS = 1.0
#: Where a command has its second argument, among the lines that it is divided into.
_KEY_LINE = 4


class ShardRoute:
    """A shard, and what is known of it.

    Attributes:
        has_room: whether clicks may go there, as far as backlog and memory are concerned.
        rests_until: when it may be tried again after it refused one, in monotonic seconds.
    """

    def __init__(self, stream: str) -> None:
        self.stream = stream
        self.slot = slot_of(stream)
        self.has_room = False
        self.rests_until = 0.0


class ShardRoutes:
    """Takes clicks for whichever shard takes them.

    Attributes:
        routes: one for each shard.
        connected: tells whether any primary is connected to.
        server_number: as of a pipeline, over all primaries.
    """

    def __init__(
        self,
        primaries: Primaries,
        choice: ShardChoice,
        encoder: XaddEncoder,
        *,
        budget_seconds: float,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Make routes that nothing is sent over before each shard was looked at.

        Args:
            choice: of the shard that clicks are made for.
            encoder: has that choice tell it, and makes clicks that were made for another anew.
            budget_seconds: a primary that lets a command wait for longer is slow.
        """
        self.routes = [ShardRoute(stream) for stream in choice.streams]
        self.connected = _AnyConnected(primaries)
        self.server_number = 0
        self.primaries = primaries
        self._of_key = {route.stream.encode(): route for route in self.routes}
        self._choice = choice
        self._encoder = encoder
        self._budget_seconds = budget_seconds
        self._clock = clock
        primaries.on_joined.append(
            lambda joined: joined.pipeline.on_new_server.append(self._note_server)
        )
        primaries.on_left.append(lambda _: self._note_server())

    @property
    def heard_at(self) -> float:
        """When the last reply came from any primary, in monotonic seconds."""
        return max((each.pipeline.heard_at for each in self.primaries.all), default=0.0)

    def oldest_age(self) -> float:
        """Return for how long the oldest command has waited where the next click would go."""
        current = self.taker(self._current)
        if current is not None:
            return current.pipeline.oldest_age()
        reached = filter(None, map(self._reached, self.routes))
        return min((each.pipeline.oldest_age() for each in reached), default=0.0)

    def submit_click(self, command: bytes, on_reply: OnReply) -> None:
        """Queue a click; ``on_reply`` is called as :meth:`Pipeline.submit_click` does.

        Raises:
            PipelineError: no shard takes it.
        """
        _Attempt(self, command, on_reply).send()

    def make_room(self) -> None:
        """Let what was submitted leave before more is; blocks the calling greenlet."""
        current = self.taker(self._current)
        if current is None:
            gevent.sleep(0)
        else:
            current.pipeline.make_room()

    def look(self) -> None:
        """Move on to another shard if it is time to, or if this one takes nothing."""
        self._choice.look([self.taker(route) is not None for route in self.routes])

    def taker(self, route: ShardRoute) -> Primary | None:
        """Return the primary that takes a shard's clicks now; None if none does."""
        return None if self._clock() < route.rests_until else self._well(route)

    def find(self, command: bytes) -> tuple[ShardRoute, Primary, bytes]:
        """Return where a click can go, and the click as it goes there.

        Raises:
            PipelineBroken: nowhere.
        """
        route = self._of_key.get(command.split(END, _KEY_LINE + 1)[_KEY_LINE])
        primary = self.taker(route) if route is not None else None
        if route is not None and primary is not None:
            return route, primary, command
        self.look()
        # Where all have refused one, each click asks one of them again, and is told why.
        for take in (self.taker, self._well):
            for route in (self._current, *self.routes):
                primary = take(route)
                if primary is not None:
                    return route, primary, self._encoder.readdress(command, route.stream)
        raise PipelineBroken("no primary of the cluster takes clicks")

    def let_rest(self, route: ShardRoute) -> None:
        """Pass a shard over for a while."""
        route.rests_until = self._clock() + _REST_SECONDS

    @property
    def _current(self) -> ShardRoute:
        return self.routes[self._choice.at]

    def _well(self, route: ShardRoute) -> Primary | None:
        """Return the primary of a shard with room, if it is there and quick."""
        primary = self._reached(route)
        if primary is None or primary.pipeline.oldest_age() > self._budget_seconds:
            return None
        return primary

    def _reached(self, route: ShardRoute) -> Primary | None:
        primary = self.primaries.of_slot[route.slot] if route.has_room else None
        return None if primary is None or primary.is_away else primary

    def _note_server(self) -> None:
        self.server_number += 1


class _Attempt:
    """A click on its way to a shard, and to another if that one doesn't take it."""

    __slots__ = ("_asked", "_command", "_is_redirected", "_on_reply", "_route", "_routes", "_tries")

    def __init__(self, routes: ShardRoutes, command: bytes, on_reply: OnReply) -> None:
        self._routes = routes
        self._command = command
        self._on_reply = on_reply
        self._tries = len(routes.routes)
        self._is_redirected = False

    def send(self) -> None:
        """Submit it where it can go.

        Raises:
            PipelineError: nowhere.
        """
        refusal: PipelineError = PipelineBroken("every shard was tried")
        while self._tries:
            self._tries -= 1
            self._route, self._asked, self._command = self._routes.find(self._command)
            try:
                self._asked.pipeline.submit_click(self._command, self._take)
            except PipelineError as error:
                # Too much waits there, or it has no replica.
                self._routes.let_rest(self._route)
                refusal = error
            else:
                return
        raise refusal

    def _take(self, reply: object) -> None:
        if isinstance(reply, hiredis.ReplyError):
            goes_on = self._follow(reply) or self._go_elsewhere(reply)
        else:
            goes_on = isinstance(reply, PipelineBroken) and self._go_elsewhere(reply)
        if not goes_on:
            self._on_reply(PipelineBroken(str(reply)) if _is_redirection(reply) else reply)

    def _follow(self, reply: hiredis.ReplyError) -> bool:
        if self._is_redirected:
            return False
        self._is_redirected = True
        target = self._routes.primaries.follow(
            reply, self._asked, self._command, self._take, is_click=True
        )
        if target is not None:
            self._asked = target
        return target is not None

    def _go_elsewhere(self, reply: object) -> bool:
        if is_for_good(reply) and not str(reply).startswith(_OF_SHARD):
            # It is the click that Redis doesn't want, and no shard would.
            return False
        self._routes.let_rest(self._route)
        try:
            self.send()
        except PipelineError:
            return False
        return True


def _is_redirection(reply: object) -> bool:
    return str(reply).startswith(_REDIRECTIONS)


class _AnyConnected:
    def __init__(self, primaries: Primaries) -> None:
        self._primaries = primaries

    def is_set(self) -> bool:
        return not all(each.is_away for each in self._primaries.all)

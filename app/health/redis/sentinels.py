"""Checks of Sentinels: whether each is one, all agree, and another master could be promoted."""

import ipaddress
import socket
from collections.abc import Iterator, Mapping, Sequence

from app.health.check import Check, fail, ok, warn
from app.health.redis.advice import advice
from app.health.redis.sentinel_view import TIMEOUT_SECONDS, SentinelView, look
from app.stores.redis.address import Address, parse_url
from app.stores.redis.asking import ask_once
from app.stores.redis.errors import RedisError
from app.stores.redis.sentinel import Answer, MasterUnknown, elect, told

#: Sentinels and replicas of which one may go, and things go on.
_LEAST_SENTINELS = 3
_LEAST_REPLICAS = 2
#: Sooner, a fork or a slow disk is taken for an end; later, clicks wait in the spools for long.
_LEAST_DOWN_AFTER_MS = 500
_MOST_DOWN_AFTER_MS = 30_000
_LOOPBACK = ("localhost", "ip6-localhost")
_FORGET = "have those that are gone for good forgotten: SENTINEL RESET, one Sentinel after another"
_LOGIN = (
    "set ?sentinel_username= and &sentinel_password= in HOPLINE_REDIS_URL as sentinel.conf has it"
)
_CUT_OFF = "see whether it is paused or busy, or the network there cut off"
#: What a Sentinel says instead of a master's place, in small letters, and what to do.
_ADVICE = (
    ("is no sentinel", "name its Sentinel in HOPLINE_REDIS_URL, mostly port 26379"),
    ("knows no master", "write the name that SENTINEL MASTERS shows into HOPLINE_REDIS_URL"),
    ("authentication required", _LOGIN),
    ("hello must be called with", _LOGIN),
    ("username-password", _LOGIN),
    ("no permissions", "grant it: deploy/redis/sentinel.conf has what Hopline's user needs"),
    ("doesn't answer", _CUT_OFF),
    ("timeout", _CUT_OFF),
    ("timed out", _CUT_OFF),
)


def sentinel_checks(url: str) -> Iterator[Check]:
    """Yield the findings about the Sentinels of a URL, none where it has none."""
    address = parse_url(url)
    if address.sentinels is None:
        return
    views = [look(address, end) for end in address.sentinels.ends]
    yield judge_answers(views)
    answering = [view for view in views if view.answer.master is not None]
    if not answering:
        return
    yield judge_quorum(answering, len(views))
    yield judge_watch(answering)
    yield judge_down_after(answering)
    yield judge_replicas(answering)
    yield judge_places(answering)
    yield _reach(address, answering)


def judge_answers(views: Sequence[SentinelView]) -> Check:
    """Judge whom the Sentinels name."""
    name = "sentinels"
    answers = [view.answer for view in views]
    try:
        master = elect(answers, len(answers))
    except MasterUnknown as error:
        return fail(name, str(error), _mend(answers))
    others = [answer for answer in answers if answer.master != master]
    if not others:
        return ok(name, "all {} name {}:{}".format(len(answers), *master))
    agreeing = len(answers) - len(others)
    text = f"{agreeing} of {len(answers)} agree; {'; '.join(map(told, others))}"
    return warn(name, text, _mend(others))


def _mend(answers: Sequence[Answer]) -> str:
    silent = [answer.why.lower() for answer in answers if answer.master is None]
    for words, what in _ADVICE:
        if any(words in why for why in silent):
            return what
    if silent:
        return advice(RedisError(silent[0])) or "start it; " + _FORGET
    return "see what cuts off the one that is wrong, and have it forget: SENTINEL RESET"


def judge_quorum(views: Sequence[SentinelView], named: int) -> Check:
    """Judge whether the Sentinels could have a master promoted now, and after one of them is gone.

    Args:
        named: how many HOPLINE_REDIS_URL names.
    """
    name = "sentinel quorum"
    objecting = [view for view in views if view.objection]
    if objecting:
        text = f"{objecting[0].place} could promote nobody: {objecting[0].objection}"
        return fail(name, text, "bring the other Sentinels back, and see that they find each other")
    known = {int(view.master["num-other-sentinels"]) + 1 for view in views}
    if known != {named}:
        numbers = " or ".join(map(str, sorted(known)))
        text = f"the Sentinels know of {numbers}, and HOPLINE_REDIS_URL names {named}"
        return warn(name, text, f"name every one that there is, and {_FORGET}")
    if named < _LEAST_SENTINELS:
        text = f"of {named} Sentinels none may go, or nobody replaces a master"
        return warn(name, text, "run three, on three hosts")
    quorums = {int(view.master["quorum"]) for view in views}
    if len(quorums) > 1 or min(quorums) <= named // 2:
        numbers = " and ".join(map(str, sorted(quorums)))
        wanted = named // 2 + 1
        text = f"the quorum is {numbers} of {named} Sentinels, so that too few call a master gone"
        return warn(name, text, f"SENTINEL SET NAME quorum {wanted} at each of them")
    return ok(name, f"{quorums.pop()} of {named} have to call a master gone")


def judge_watch(views: Sequence[SentinelView]) -> Check:
    """Judge whether the Sentinels reach the master, and how soon they give it up."""
    name = "sentinel watch"
    flags = {view.place: set(view.master["flags"].split(",")) for view in views}
    if any("failover_in_progress" in held for held in flags.values()):
        return warn(name, "another master is being promoted", "look again in a minute")
    if any("o_down" in held for held in flags.values()):
        return fail(name, "the Sentinels call the master gone", "see its log, and the Sentinels'")
    apart = [place for place, held in flags.items() if held - {"master"}]
    if apart:
        text = f"{', '.join(apart)} does not reach the master: {_others(flags[apart[0]])}"
        mend = "see the network between them, and sentinel auth-user and auth-pass"
        return warn(name, text, mend)
    return ok(name, "each reaches the master")


def _others(flags: set[str]) -> str:
    return ",".join(sorted(flags - {"master"}))


def judge_down_after(views: Sequence[SentinelView]) -> Check:
    """Judge how soon the Sentinels give a master up."""
    name = "sentinel patience"
    held = {int(view.master["down-after-milliseconds"]) for view in views}
    shown = " or ".join(f"{one / 1000:g} s" for one in sorted(held))
    text = f"a master is called gone after {shown}"
    mend = "SENTINEL SET NAME down-after-milliseconds 5000 at each of them"
    if len(held) > 1:
        return warn(name, text, mend)
    if min(held) < _LEAST_DOWN_AFTER_MS:
        return warn(name, f"{text}, which a slow disk or a fork may take", mend)
    if max(held) > _MOST_DOWN_AFTER_MS:
        return warn(name, f"{text}; until then clicks wait in the spools", mend)
    return ok(name, text)


def judge_replicas(views: Sequence[SentinelView]) -> Check:
    """Judge whether there is somebody to promote, and somebody left to copy to then."""
    name = "sentinel replicas"
    replicas = max((view.replicas for view in views), key=len)
    fit = [one for one in replicas if _is_fit(one)]
    if replicas and not fit:
        mend = "see the replicas' logs, and that replica-priority isn't 0 at all of them"
        return fail(name, f"none of {len(replicas)} replicas could be promoted", mend)
    if not replicas:
        mend = "give the master two replicas: deploy/README.md"
        return fail(name, "the master has no replica that could be promoted", mend)
    if len(fit) < len(replicas):
        unfit = ", ".join(_place(one) for one in replicas if not _is_fit(one))
        return warn(name, f"{unfit} could not be promoted", f"see its log, or {_FORGET}")
    if len(fit) < _LEAST_REPLICAS:
        text = (
            "with one replica a master takes nothing, or takes what is lost, when that one is away"
        )
        return warn(name, text, "give the master a second one: deploy/README.md")
    return ok(name, f"{len(fit)} that could be promoted")


def _is_fit(replica: Mapping[str, str]) -> bool:
    is_away = {"s_down", "o_down", "disconnected"} & set(replica["flags"].split(","))
    is_linked = replica.get("master-link-status", "ok") == "ok"
    return not is_away and is_linked and replica.get("slave-priority") != "0"


def _place(server: Mapping[str, str]) -> str:
    return f"{server['ip']}:{server['port']}"


def judge_places(views: Sequence[SentinelView]) -> Check:
    """Judge whether what Sentinels name can be found from other machines than their own."""
    name = "sentinel addresses"
    servers = [server for view in views for server in (view.master, *view.replicas)]
    is_spread = any(not _is_loopback(view.answer.sentinel[0]) for view in views)
    local = sorted({_place(one) for one in servers if _is_loopback(one["ip"])})
    if is_spread and local:
        text = f"Sentinels name {', '.join(local)}, which is another machine to each that asks"
        mend = (
            "set replica-announce-ip, and in sentinel.conf the master's address, to what others use"
        )
        return fail(name, text, mend)
    unknown = sorted({one["ip"] for one in servers if not _is_found(one["ip"], one["port"])})
    if unknown:
        text = f"nobody here knows where {', '.join(unknown)} is, which Sentinels name"
        return fail(name, text, "have the names in DNS, or better in /etc/hosts, on every machine")
    return ok(name, f"{', '.join(sorted({_place(one) for one in servers}))} can be found")


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host in _LOOPBACK


def _is_found(host: str, port: str) -> bool:
    try:
        return bool(socket.getaddrinfo(host, int(port), 0, socket.SOCK_STREAM))
    except OSError:
        return False


def _reach(address: Address, views: Sequence[SentinelView]) -> Check:
    """Return whether this machine gets in at each replica, one of which is the next master."""
    name = "next master"
    ends = {
        (one["ip"], int(one["port"])) for view in views for one in view.replicas if _is_fit(one)
    }
    for end in sorted(ends):
        try:
            ask_once(address.at(end), "PING", timeout_seconds=TIMEOUT_SECONDS)
        except RedisError as error:
            mend = advice(error) or "let this machine reach it: it may be the master next"
            return warn(name, str(error), mend)
    return ok(name, f"lets us in, whichever of {len(ends)} it will be")

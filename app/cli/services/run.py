"""Commands that become a service: each runs in the place of the command."""

import os
import sys
from functools import partial

from app.config.access import console_refusal
from app.config.loading import load
from app.config.variables import variable
from app.keys.store import may_have_keys
from app.local.ports import BindRefused, require_free_port
from app.stores.keys import link_key
from app.stores.redis.client import connect
from app.stores.redis.errors import RedisError, RedisMistaken, translated
from app.terminal.output import Failure

#: What gunicorn reads options from, which may be to share a port or to listen somewhere else.
_GUNICORN_OPTIONS = "GUNICORN_CMD_ARGS"
#: Longest look at what a URL leads to: visitors wait meanwhile.
_LOOK_SECONDS = 2.0


def redirect() -> None:
    """Run the redirect service until it is told to stop.

    It listens at HOPLINE_REDIRECT_BIND with HOPLINE_REDIRECT_WORKERS processes. A Redis that is
    away may come later; one of another kind than HOPLINE_REDIS_URL says is refused.
    """
    _require_kind(load().redis_url)
    _gunicorn("redirect")


def console() -> None:
    """Run the console until it is told to stop.

    It listens at HOPLINE_CONSOLE_BIND, and is not meant to be open to the public: where other
    machines reach it, there has to be a key (`hopline keys add`) or HOPLINE_CONSOLE_TOKEN.
    """
    held = load()
    has_keys = partial(may_have_keys, held)
    if refusal := console_refusal(held.console_bind, held.console_token, has_keys):
        raise Failure(refusal, exit_code=2)
    _gunicorn("console")


def _require_kind(url: str) -> None:
    """Make sure that a URL doesn't lead to another kind of server than it says.

    Raises:
        RedisMistaken: it does, and every visitor would get an error page.
    """
    try:
        with translated(url), connect(url, timeout_seconds=_LOOK_SECONDS) as client:
            # As a link is looked up, for which everybody who redirects has the right.
            client.get(link_key("-/ready"))
    except RedisMistaken:
        raise
    except RedisError:
        # It is away, or will be mended: the redirect goes on by itself then.
        return


def _gunicorn(service: str) -> None:
    name = f"{service}_bind"
    bind = getattr(load(), name)
    if not (_has_sockets() or os.environ.get(_GUNICORN_OPTIONS)):
        try:
            require_free_port(variable(name), bind)
        except BindRefused as error:
            raise Failure(str(error)) from error
    become("gunicorn", "-c", f"python:app.{service}.gunicorn_conf", f"app.{service}.wsgi:get_app()")


def _has_sockets() -> bool:
    """Tell whether systemd listens for this process: sd_listen_fds(3)."""
    return os.environ.get("LISTEN_PID") == str(os.getpid())


def become(module: str, *arguments: str) -> None:
    """Replace this process, so that signals and exit codes are the service's own."""
    load()
    os.execv(sys.executable, [sys.executable, "-m", module, *arguments])  # noqa: S606 - no shell

"""What is compared: each server's name, how it is started, and why it may be absent."""

import shutil
import sys
from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from loadtest.bench import fastify, golang, nginx
from loadtest.bench.servers import PEERS, Command


@dataclass(frozen=True, slots=True)
class Site:
    """Where a server shall run.

    Attributes:
        directory: a temporary folder of its own.
        target: where the links lead, for a server that looks nothing up.
    """

    port: int
    redis_port: int
    directory: Path
    target: str
    workers: int = 1


@dataclass(frozen=True, slots=True)
class Variant:
    """One server of the comparison.

    Attributes:
        command: writes what the server needs into its folder and says how to start it.
        absent: returns why the variant can't run here, or an empty text.
        records: whether each answer waits for a confirmed XADD.
        note: one sentence on how it does the work.
    """

    name: str
    title: str
    note: str
    command: Callable[[Site], Command]
    absent: Callable[[], str]
    records: bool = True


def select(names: str | None) -> list[Variant]:
    """Return the variants of a comma-separated list, in the table's order; all of them for None.

    Raises:
        ValueError: naming a variant that doesn't exist, and those that do.
    """
    known = [variant.name for variant in VARIANTS]
    wanted = known if names is None else [name.strip() for name in names.split(",")]
    for name in wanted:
        if name not in known:
            raise ValueError(f"no variant {name!r}; there are {', '.join(known)}")
    return [variant for variant in VARIANTS if variant.name in wanted]


def _python(module: str) -> str:
    return str(Path(sys.executable).with_name(module))


def _hopline(fast_lane: bool) -> Callable[[Site], Command]:
    def command(site: Site) -> Command:
        settings = {
            "HOPLINE_REDIRECT_BIND": f"127.0.0.1:{site.port}",
            "HOPLINE_REDIRECT_WORKERS": str(site.workers),
            "HOPLINE_REDIS_URL": f"redis://127.0.0.1:{site.redis_port}/0",
            "HOPLINE_DATA_DIR": str(site.directory),
            "HOPLINE_FAST_LANE": str(int(fast_lane)),
            "HOPLINE_LOG_LEVEL": "WARNING",
        }
        conf = "python:app.redirect.gunicorn_conf"
        argv = [_python("gunicorn"), "-c", conf, "app.redirect.wsgi:get_app()"]
        return Command(argv, settings)

    return command


def _stock(site: Site) -> Command:
    argv = [_python("gunicorn"), "--worker-class", "gevent", "--workers", str(site.workers)]
    # Its default limits connections to 1,000 and closes idle ones after 2 s.
    argv += ["--worker-connections", "20000", "--keep-alive", "75", "--log-level", "warning"]
    argv += ["--bind", f"127.0.0.1:{site.port}", "--pythonpath", str(PEERS), "stock:get_app()"]
    return Command(argv, {"REDIS_PORT": str(site.redis_port)})


def _fastapi(site: Site) -> Command:
    argv = [_python("uvicorn"), "--loop", "uvloop", "--http", "httptools", "--no-access-log"]
    argv += ["--log-level", "warning", "--timeout-keep-alive", "75", "--port", str(site.port)]
    argv += ["--app-dir", str(PEERS), "--factory", "fastapi_peer:get_app"]
    return Command(argv, {"REDIS_PORT": str(site.redis_port)})


def _fastify(site: Site) -> Command:
    env = {"PORT": str(site.port), "REDIS_PORT": str(site.redis_port), "NODE_ENV": "production"}
    return Command(["node", str(fastify.installed_script())], env)


def _go(site: Site) -> Command:
    env = {"PORT": str(site.port), "REDIS_PORT": str(site.redis_port)}
    return Command([str(golang.built(site.directory))], env)


def _nginx(site: Site) -> Command:
    values = {"PORT": str(site.port), "TARGET": site.target}
    return nginx.command("redirect.conf", site.directory, values)


def _nginx_lua(site: Site) -> Command:
    values = {"PORT": str(site.port), "REDIS_PORT": str(site.redis_port)}
    return nginx.command("lua.conf", site.directory, values)


def _modules(*names: str) -> Callable[[], str]:
    def absent() -> str:
        missing = [name for name in names if find_spec(name) is None]
        return f"not installed: {', '.join(missing)} (pip install -e .[bench])" if missing else ""

    return absent


def _program(name: str) -> Callable[[], str]:
    return lambda: "" if shutil.which(name) else f"no {name} on PATH"


VARIANTS = (
    Variant(
        "fast-lane",
        "Hopline, fast lane",
        "link from memory (kept fresh by Redis), XADD confirmed",
        _hopline(fast_lane=True),
        _modules("app.redirect", "gunicorn"),
    ),
    Variant(
        "falcon-lane",
        "Hopline, Falcon lane",
        "the same with Falcon serving every request",
        _hopline(fast_lane=False),
        _modules("app.redirect", "gunicorn"),
    ),
    Variant(
        "stock",
        "gunicorn gevent + Falcon + redis-py",
        "GET, then XADD confirmed; pooled connections, hiredis",
        _stock,
        _modules("gunicorn", "gevent", "falcon", "redis"),
    ),
    Variant(
        "fastapi",
        "FastAPI + uvicorn + redis.asyncio",
        "GET, then XADD confirmed; uvloop, httptools, hiredis",
        _fastapi,
        _modules("fastapi", "uvicorn", "uvloop", "httptools"),
    ),
    Variant(
        "fastify",
        "Node fastify + ioredis",
        "GET, then XADD confirmed; auto-pipelining on",
        _fastify,
        fastify.absent,
    ),
    Variant(
        "go",
        "Go net/http",
        "GET, then XADD confirmed; pooled connections",
        _go,
        _program("go"),
    ),
    Variant(
        "nginx-lua",
        "nginx + Lua + lua-resty-redis",
        "GET, then XADD confirmed; pooled connections",
        _nginx_lua,
        nginx.lua_absent,
    ),
    Variant(
        "nginx",
        "nginx return 302",
        "looks nothing up, records nothing: the wall",
        _nginx,
        _program("nginx"),
        records=False,
    ),
)

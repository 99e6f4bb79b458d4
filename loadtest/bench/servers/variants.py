"""Variants that are compared: each server's name, how it is started, and why it may be absent."""

import os
import shutil
import sys
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

from loadtest.bench.servers.installs import PEERS, fastify_script, go_program
from loadtest.bench.servers.server import Command, Site, Variant

#: Debian's libnginx-mod-http-lua, and lua-resty-redis as Debian's lua-nginx-redis installs it.
_LUA_MODULES = (
    Path("/usr/lib/nginx/modules/ndk_http_module.so"),
    Path("/usr/lib/nginx/modules/ngx_http_lua_module.so"),
    Path("/usr/share/lua/5.1/nginx/redis.lua"),
)


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
    return Command(["node", str(fastify_script())], env)


def _go(site: Site) -> Command:
    env = {"PORT": str(site.port), "REDIS_PORT": str(site.redis_port)}
    return Command([str(go_program(site.directory))], env)


def _nginx(site: Site) -> Command:
    return _nginx_command("redirect.conf", site.directory, PORT=site.port, TARGET=site.target)


def _nginx_lua(site: Site) -> Command:
    ports = {"PORT": site.port, "REDIS_PORT": site.redis_port}
    return _nginx_command("lua.conf", site.directory, **ports)


def _nginx_command(conf: str, directory: Path, **values: object) -> Command:
    """Write a configuration with these values for each ``@NAME@``; return how to run nginx so."""
    text = (PEERS / "nginx" / conf).read_text()
    for name, value in values.items():
        text = text.replace(f"@{name}@", str(value))
    path = directory / "nginx.conf"
    path.write_text(text)
    # As root, nginx would give its worker to a user who may not enter our temporary folder.
    user = "user root; " if os.geteuid() == 0 else ""
    directives = f"{user}daemon off;"
    return Command(
        ["nginx", "-p", str(directory), "-c", str(path), "-e", "stderr", "-g", directives]
    )


def _nginx_lua_absent() -> str:
    are_there = all(path.exists() for path in _LUA_MODULES)
    lacking = "" if are_there else "not installed: libnginx-mod-http-lua, lua-nginx-redis"
    return _programs("nginx")() or lacking


def _modules(*names: str) -> Callable[[], str]:
    text = "not installed: {} (pip install -e .[bench])"
    return lambda: _lacking(text, [name for name in names if find_spec(name) is None])


def _programs(*names: str) -> Callable[[], str]:
    return lambda: _lacking("no {} on PATH", [name for name in names if not shutil.which(name)])


def _lacking(text: str, missing: list[str]) -> str:
    return text.format(", ".join(missing)) if missing else ""


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
        _programs("node", "npm"),
    ),
    Variant(
        "go",
        "Go net/http",
        "GET, then XADD confirmed; pooled connections",
        _go,
        _programs("go"),
    ),
    Variant(
        "nginx-lua",
        "nginx + Lua + lua-resty-redis",
        "GET, then XADD confirmed; pooled connections",
        _nginx_lua,
        _nginx_lua_absent,
    ),
    Variant(
        "nginx",
        "nginx return 302",
        "looks nothing up, records nothing: the wall",
        _nginx,
        _programs("nginx"),
        records=False,
    ),
)

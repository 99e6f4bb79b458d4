"""nginx as a peer: its configuration files, and where Debian keeps the Lua module."""

import os
import shutil
from pathlib import Path

from loadtest.bench.servers import PEERS, Command

#: Debian's libnginx-mod-http-lua, and lua-resty-redis as Debian's lua-nginx-redis installs it.
LUA_MODULES = (
    Path("/usr/lib/nginx/modules/ndk_http_module.so"),
    Path("/usr/lib/nginx/modules/ngx_http_lua_module.so"),
    Path("/usr/share/lua/5.1/nginx/redis.lua"),
)


def lua_absent() -> str:
    """Return what nginx + Lua lacks here, or an empty text."""
    if not shutil.which("nginx"):
        return "no nginx on PATH"
    if not all(path.exists() for path in LUA_MODULES):
        return "not installed: libnginx-mod-http-lua, lua-nginx-redis"
    return ""


def command(conf: str, directory: Path, values: dict[str, str]) -> Command:
    """Fill a configuration in, write it to the folder and return how to run nginx with it.

    Args:
        values: what stands for each ``@NAME@`` in the file.
    """
    text = (PEERS / "nginx" / conf).read_text()
    for name, value in values.items():
        text = text.replace(f"@{name}@", value)
    path = directory / "nginx.conf"
    path.write_text(text)
    # As root, nginx would give its worker to a user who may not enter our temporary folder.
    user = "user root; " if os.geteuid() == 0 else ""
    directives = f"{user}daemon off;"
    return Command(
        ["nginx", "-p", str(directory), "-c", str(path), "-e", "stderr", "-g", directives]
    )

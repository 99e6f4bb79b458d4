"""The plain reading of the design: Falcon on gunicorn's gevent worker, redis-py, GET then XADD."""

import os
import time
from typing import Any

import falcon
import redis


class Redirect:
    def __init__(self, client: redis.Redis) -> None:
        self._client = client

    def on_get(self, request: falcon.Request, response: falcon.Response, code: str) -> None:
        target = self._client.get(f"target:{code}")
        if target is None:
            raise falcon.HTTPNotFound
        self._client.xadd(
            "clicks:stream",
            {
                "short_code": code,
                "timestamp": int(time.time()),
                "ip": request.remote_addr,
                "user_agent": request.user_agent or "",
                "referer": request.referer or "",
                "original_url": target,
            },
            maxlen=1_000_000,
            approximate=True,
        )
        response.status = falcon.HTTP_302
        response.location = str(target)
        response.cache_control = ("private", "max-age=0", "no-store")


def get_app() -> Any:
    # Its default refuses the 101st caller.
    pool = redis.ConnectionPool(
        port=int(os.environ["REDIS_PORT"]), decode_responses=True, max_connections=512
    )
    client = redis.Redis(connection_pool=pool)
    app = falcon.App()
    app.add_route("/{code}", Redirect(client))
    return app

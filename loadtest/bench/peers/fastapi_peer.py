"""FastAPI on uvicorn (uvloop, httptools) with redis.asyncio (hiredis): GET, then XADD."""

import os
import time

import redis.asyncio as redis
from fastapi import FastAPI, Request, Response


def get_app() -> FastAPI:
    # Its default refuses the 101st caller.
    pool = redis.ConnectionPool(
        port=int(os.environ["REDIS_PORT"]), decode_responses=True, max_connections=512
    )
    client = redis.Redis(connection_pool=pool)
    app = FastAPI(openapi_url=None)

    @app.get("/{code}", response_class=Response, response_model=None)
    async def redirect(code: str, request: Request) -> Response:
        target = await client.get(f"target:{code}")
        if target is None:
            return Response(status_code=404)
        headers = request.headers
        await client.xadd(
            "clicks:stream",
            {
                "short_code": code,
                "timestamp": int(time.time()),
                "ip": request.client.host if request.client else "",
                "user_agent": headers.get("user-agent", ""),
                "referer": headers.get("referer", ""),
                "original_url": target,
            },
            maxlen=1_000_000,
            approximate=True,
        )
        found = {"Location": str(target), "Cache-Control": "private, max-age=0, no-store"}
        return Response(status_code=302, headers=found)

    return app

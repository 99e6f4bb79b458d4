// Node: fastify with ioredis, whose auto-pipelining sends the commands of one tick in one write.
import Fastify from "fastify";
import { Redis } from "ioredis";

const redis = new Redis({ port: Number(process.env.REDIS_PORT), enableAutoPipelining: true });
const app = Fastify({ logger: false, keepAliveTimeout: 75_000 });

app.get("/:code", async (request, reply) => {
  const code = request.params.code;
  const target = await redis.get(`target:${code}`);
  if (target === null) return reply.code(404).send();
  await redis.xadd(
    "clicks:stream", "MAXLEN", "~", 1_000_000, "*",
    "short_code", code,
    "timestamp", Math.floor(Date.now() / 1000),
    "ip", request.ip,
    "user_agent", request.headers["user-agent"] ?? "",
    "referer", request.headers["referer"] ?? "",
    "original_url", target,
  );
  return reply
    .code(302)
    .header("location", target)
    .header("cache-control", "private, max-age=0, no-store")
    .send();
});

await app.listen({ host: "127.0.0.1", port: Number(process.env.PORT) });

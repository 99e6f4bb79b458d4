"""What a person can do when Redis can't be used, by what went wrong."""

from app.redis import RedisError

#: Words of an error, in the order in which they are looked for.
_ADVICE = (
    ("does not let us in", "set user and password in HOPLINE_REDIS_URL as Redis' ACL has them"),
    ("no permissions", "grant it: deploy/redis/hopline-users.conf has what Hopline's users need"),
    ("max number of clients", "raise Redis' maxclients, or see in CLIENT LIST who fills it"),
    ("CERTIFICATE_VERIFY_FAILED", "name the CA in HOPLINE_REDIS_URL: ?ssl_ca_certs=FILE"),
    ("SSL", "rediss:// is for a port that speaks TLS, redis:// for one that does not"),
    ("is a replica", "lead HOPLINE_REDIS_URL to the master, or promote this server"),
    ("NOREPLICAS", "bring its replicas back, or lower its min-replicas-to-write"),
    ("loading the dataset", "wait until it has read its data"),
    ("used memory", "give Redis more memory: maxmemory"),
    ("MISCONF", "make room on Redis' disk"),
    ("is no Redis", "set HOPLINE_REDIS_URL to where Redis is"),
    ("name resolution", "see why names can't be looked up here"),
    ("not known", "set HOPLINE_REDIS_URL to a name that leads to Redis"),
)


def advice(error: RedisError) -> str:
    """Return what to do, or '' if nobody answers or the error says it itself."""
    text = str(error)
    return next((advice for words, advice in _ADVICE if words in text), "")

"""Clicks that were processed, and the means to replay them."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from mmdb_writer import MMDBWriter
from netaddr import IPSet
from prometheus_client import CollectorRegistry
from redis import Redis

from app.clicks.click import Click, decode, to_fields
from app.config.settings import Settings
from app.metrics.workers import WorkerMetrics
from app.stores.clickhouse.connection import connect as connect_clickhouse
from app.stores.clickhouse.connection import new_token
from app.stores.redis.client import connect
from tests.support.producers import STREAM, send
from workers.clickhouse.batch import Batch
from workers.clickhouse.writer import Writer
from workers.enrich.enricher import Enricher
from workers.enrich.places.places import Places
from workers.enrich.salts import Salts
from workers.enrich.user_agent import UserAgents
from workers.enrich.verdicts import Verdicts
from workers.enrich.visitor import Visitors
from workers.replay.checkpoint import Notes
from workers.replay.replay import make_replay

GROUP = "analytics-group"
LAST_ID = b"18446744073709551615-0"


def write_countries(path: Path, **networks: str) -> Path:
    """Write a country database of networks by their countries."""
    writer = MMDBWriter(database_type="Test-Country", ip_version=6, ipv4_compatible=True)
    for country, network in networks.items():
        writer.insert_network(IPSet([network]), {"country_code": country})
    writer.to_db_file(str(path))
    return path


class World:
    """A stream with its group, the table, and clicks on their way from one to the other."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.redis = Redis.from_url(settings.redis_url, protocol=2)
        self.clickhouse = connect_clickhouse(settings.clickhouse_url, timeout_seconds=30)
        self.shares: list[tuple[str, float]] = []
        self.redis.xgroup_create(STREAM, GROUP, "0", mkstream=True)

    def close(self) -> None:
        self.redis.close()
        self.clickhouse.disconnect()

    def process(self, *clicks: Click, geoip_path: Path | None = None, insert: bool = True) -> None:
        """Have the group finish clicks, by an older country database."""
        settings = self.settings
        send(settings.redis_url, map(to_fields, clicks))
        [[_, entries]] = self.redis.execute_command(
            "XREADGROUP", "GROUP", GROUP, "me", "COUNT", 100_000, "STREAMS", STREAM, ">"
        )
        ids = [entry_id for entry_id, _ in entries]
        flats = [[part for pair in fields.items() for part in pair] for _, fields in entries]
        salts = Salts(connect(settings.redis_url, timeout_seconds=30), settings.redis_url)
        enricher = Enricher(
            UserAgents(),
            Verdicts(),
            Places((geoip_path,) if geoip_path else (), settings.data_dir),
            Visitors(salts.of_day),
            settings.store_addresses,
        )
        if insert:
            batch = Batch()
            # Before now, as a replay leaves alone what is enriched after its beginning.
            now_ms = int(time.time() * 1000) - 1_000
            batch.append(ids, enricher.enrich(decode(ids, flats), now_ms), 0)
            writer = Writer(settings.clickhouse_url, 30, WorkerMetrics(CollectorRegistry()))
            writer.insert(batch, new_token())
            writer.close()
        self.redis.xack(STREAM, GROUP, *ids)

    def replay(
        self,
        notes: Notes | None = None,
        *,
        is_dry: bool = False,
        note: Callable[[Notes], Any] = lambda _: None,
        geoip_path: Path | None = None,
        **settings: Any,
    ) -> Notes:
        """Replay everything, by today's settings."""
        paths = (geoip_path,) if geoip_path else ()
        today = self.settings.model_copy(update={"geoip_path": paths, **settings})
        notes = notes or begin()
        replay = make_replay(
            today, note, lambda what, share: self.shares.append((what, share)), is_dry=is_dry
        )
        replay.run(notes)
        return notes

    def rows(self, *columns: str) -> list[tuple[Any, ...]]:
        """Return columns of the clicks as reports see them, by click id."""
        return self.clickhouse.execute(
            f"SELECT {', '.join(columns)} FROM clicks FINAL ORDER BY click_id"
        )

    def figures(self) -> tuple[Any, ...]:
        """Return what no replay may change."""
        return self.clickhouse.execute(
            "SELECT uniqExact(click_id), count(), uniqExact(visitor_id), groupBitXor("
            "cityHash64(click_id, time, short_code, target, visitor_id, user_agent, referrer))"
            " FROM clicks FINAL"
        )[0]

    def forget_stream(self) -> None:
        """Trim all entries, as maintenance does at the horizon."""
        self.redis.xtrim(STREAM, maxlen=0, approximate=False)


def begin(since_ms: int = 0) -> Notes:
    """Return the notes of a replay of everything that begins now."""
    now_ms = int(time.time() * 1000)
    return Notes(now_ms, since_ms, now_ms + 1, b"%d-0" % since_ms, LAST_ID)

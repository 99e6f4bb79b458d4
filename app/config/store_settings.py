"""Settings that say where clicks are kept: Redis, ClickHouse, the stream and its dead letters."""

from typing import Literal

from pydantic import Field, ValidationInfo, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from app.config.types import ClickHouseUrl, ClusterName, Count, RedisUrl, Seconds
from app.config.variables import PREFIX
from app.stores.clickhouse.hosts import with_parameters
from app.stores.redis.address import is_cluster


class StoreSettings(BaseSettings):
    """What all services agree on; :class:`app.config.settings.Settings` holds the rest as well."""

    # Unit files write VARIABLE= for "not set", so an empty variable means the default.
    model_config = SettingsConfigDict(
        env_prefix=PREFIX, env_ignore_empty=True, frozen=True, extra="ignore"
    )

    # Stores
    redis_url: RedisUrl = Field(
        "redis://127.0.0.1:6379/0",
        description="Redis or Valkey: redis://, rediss:// (TLS) or unix:// with user and password;"
        " behind Sentinel redis+sentinel://USER:PASSWORD@HOST:26379,HOST:26379/MASTER/0; of a"
        " cluster redis+cluster://USER:PASSWORD@HOST:6379,HOST:6379 (docs/cluster.md).",
    )
    redis_timeout_seconds: Seconds = Field(
        2.0, description="Longest wait for a Redis connection or reply, beside any blocking read."
    )
    clickhouse_url: ClickHouseUrl = Field(
        "clickhouse://default@127.0.0.1:9000/hopline",
        description="ClickHouse's native port and the database: clickhouse:// or clickhouses://; of"
        " a cluster all hosts, as HOST:9000,HOST:9000.",
    )
    clickhouse_cluster: ClusterName = Field(
        "",
        description="Name of the cluster in ClickHouse's <remote_servers> whose replicas and shards"
        " keep the clicks; empty for one server.",
    )
    clickhouse_quorum: Literal["0", "2", "auto"] = Field(
        "0", description="Replicas that have to confirm an insert: 0 for one, 2, auto for most."
    )
    clickhouse_timeout_seconds: Seconds = Field(
        30.0, description="Longest wait for ClickHouse to answer an insert or a report."
    )
    # ClickHouse reckons a click's end in 32 bits: one that lies behind 2106 would be long past.
    click_ttl_days: int = Field(
        0,
        ge=0,
        le=10_000,
        description="Days after which ClickHouse forgets a click; 0 keeps it for ever.",
    )
    sums_ttl_days: int = Field(
        0,
        ge=0,
        le=10_000,
        description="Days after which the sums of a day are deleted; 0 keeps them for ever.",
    )
    clickhouse_storage_policy: ClusterName = Field(
        "", description="ClickHouse's storage policy for clicks; empty leaves it as it is."
    )
    click_cold_days: int = Field(
        0,
        ge=0,
        le=10_000,
        description="Days after which clicks go to the volume `cold` of that policy; 0 for never.",
    )

    # The click stream (ADR-003)
    stream: str = Field("clicks:stream", min_length=1, description="Redis Stream of clicks.")
    stream_maxlen: Count = Field(
        1_000_000, description="About how many entries the stream may hold (MAXLEN ~)."
    )
    stream_shards: int = Field(
        1, ge=1, le=16, description="Streams that clicks are spread over (docs/sharding.md)."
    )
    group: str = Field("analytics-group", min_length=1, description="Consumer group of the stream.")
    dead_stream: str = Field(
        "clicks:dead",
        min_length=1,
        validate_default=True,
        description="Stream of entries that can't be processed.",
    )
    dead_maxlen: Count = Field(
        100_000, description="How many dead letters are kept before the oldest go."
    )
    dead_max_bytes: Count = Field(
        64 << 20, description="About how much of Redis' memory dead letters take before that."
    )
    dead_days: int = Field(
        30, ge=0, description="Days after which dead letters go; 0 keeps them however old."
    )

    @field_validator("dead_stream")
    @classmethod
    def _is_apart(cls, value: str, info: ValidationInfo) -> str:
        if value == info.data.get("stream"):
            raise ValueError("expected another than HOPLINE_STREAM: its entries are no clicks")
        is_spread = info.data.get("stream_shards") != 1 or is_cluster(
            info.data.get("redis_url", "")
        )
        if is_spread and "{" in value + info.data.get("stream", ""):
            raise ValueError("expected no { in it and HOPLINE_STREAM: shards bring hash tags")
        return value

    @field_validator("clickhouse_quorum")
    @classmethod
    def _is_of_replicas(cls, value: str, info: ValidationInfo) -> str:
        if value != "0" and not info.data.get("clickhouse_cluster"):
            raise ValueError("expected HOPLINE_CLICKHOUSE_CLUSTER, whose replicas are counted")
        return value

    @property
    def clickhouse_server(self) -> str:
        """ClickHouse's URL as its connections take it, which says whose replicas the hosts are."""
        if not self.clickhouse_cluster:
            return self.clickhouse_url
        return with_parameters(
            self.clickhouse_url,
            hopline_cluster=self.clickhouse_cluster,
            hopline_quorum=self.clickhouse_quorum,
        )

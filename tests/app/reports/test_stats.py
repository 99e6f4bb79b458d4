from datetime import UTC, datetime, timedelta, timezone

import orjson
import pytest

from app.reports.stats import Breakdown, Bucket, Figures, Period, Share, Stats, to_json

START = datetime(2026, 5, 10, 12, tzinfo=UTC)


def test_the_json_form_is_exactly_this() -> None:
    stats = Stats(
        code="abc",
        period=Period(since=START.astimezone(timezone(timedelta(hours=2)))),
        figures=Figures(humans=3, visitors=2, bots=1),
        interval="hour",
        timeline=(Bucket(START, Figures(3, 2, 1)),),
        breakdowns=(Breakdown("country", (Share("DE", 2, 1, 2 / 3),), others=1),),
    )
    assert orjson.dumps(to_json(stats)).decode() == (
        '{"code":"abc","since":"2026-05-10T12:00:00Z","until":null,'
        '"clicks":4,"humans":3,"bots":1,"visitors":2,"interval":"hour",'
        '"timeline":[{"start":"2026-05-10T12:00:00Z",'
        '"clicks":4,"humans":3,"bots":1,"visitors":2}],'
        '"by":{"country":{"top":[{"name":"DE","clicks":2,"visitors":1,"share":0.6667}],'
        '"others":1}}}'
    )


def test_a_period_ends_after_it_starts() -> None:
    with pytest.raises(ValueError, match="the start must lie before the end"):
        Period(START, START)

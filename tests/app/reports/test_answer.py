from dataclasses import replace
from datetime import UTC, datetime, timedelta

import orjson
import pytest

from app.reports.answer import Answer, Breakdown, Bucket, Figures, Share, Source, to_json
from app.reports.period import Period
from app.reports.query import Query

START = datetime(2026, 5, 10, 12, tzinfo=UTC)
ANSWER = Answer(
    query=Query(codes=("abc",), since=START),
    period=Period(since=START),
    figures=Figures(humans=3, visitors=2, bots=1),
    interval="hour",
    timeline=(Bucket(START, Figures(3, 2, 1)),),
    breakdowns=(Breakdown("country", (Share("DE", 2, 1, 2 / 3),), others=1),),
    source=Source(START + timedelta(hours=1), START, 1234, 0.0125, has_exact_visitors=True),
)


def test_the_json_form_is_exactly_this() -> None:
    assert orjson.dumps(to_json(ANSWER)).decode() == (
        '{"code":"abc","since":"2026-05-10T12:00:00Z","until":null,'
        '"clicks":4,"humans":3,"bots":1,"visitors":2,"interval":"hour",'
        '"timeline":[{"start":"2026-05-10T12:00:00Z",'
        '"clicks":4,"humans":3,"bots":1,"visitors":2}],'
        '"by":{"country":{"top":[{"name":"DE","clicks":2,"visitors":1,"share":0.6667}],'
        '"others":1}},'
        '"meta":{"tz":"UTC","clicks":"exact","visitors":"exact",'
        '"visitors_of":"utc_days","as_of":"2026-05-10T13:00:00Z",'
        '"newest_click":"2026-05-10T12:00:00Z","oldest_click":null,'
        '"sums":{"through":null,"days":0,"days_raw":0},"rows_read":1234,"seconds":0.013}}'
    )


def test_what_is_compared_stands_beside_each_figure() -> None:
    day = timedelta(days=1)
    before = Figures(5, 4, 3)
    found = to_json(
        replace(
            ANSWER,
            timeline=(Bucket(START, Figures(), before),),
            breakdowns=(Breakdown("country", (Share("DE", 2, 1, 1.0, 5),), 0, "humans", 7),),
            period_before=Period(START - day, START),
            before=before,
        )
    )
    figures = {"clicks": 8, "humans": 5, "bots": 3, "visitors": 4}
    bounds = {"since": "2026-05-09T12:00:00Z", "until": "2026-05-10T12:00:00Z"}
    assert found["before"] == bounds | figures
    assert found["timeline"][0]["before"] == figures
    assert found["by"]["country"]["top"][0]["clicks_before"] == 5
    assert found["by"]["country"]["others_before"] == 7


def test_only_metrics_that_were_asked_for_are_written() -> None:
    found = to_json(replace(ANSWER, query=Query(codes=("abc",), metrics=("humans",))))
    assert found["humans"] == 3
    assert {"clicks", "bots", "visitors"} & found.keys() == set()
    assert found["timeline"] == [{"start": "2026-05-10T12:00:00Z", "humans": 3}]
    assert found["by"]["country"]["top"] == [{"name": "DE", "clicks": 2}]


@pytest.mark.parametrize(
    ("query", "scope"),
    [
        (Query(codes=("a", "b")), {"codes": ["a", "b"]}),
        (Query(tag="spring"), {"tag": "spring"}),
        (Query(), {"tag": None}),
    ],
)
def test_a_report_says_what_it_is_about(query: Query, scope: dict[str, object]) -> None:
    found = to_json(replace(ANSWER, query=query))
    assert {name: found[name] for name in ("code", "codes", "tag") if name in found} == scope


def test_visitors_that_may_be_counted_twice_are_an_estimate() -> None:
    source = replace(ANSWER.source, has_exact_visitors=False)
    assert to_json(replace(ANSWER, source=source))["meta"]["visitors"] == "estimate"

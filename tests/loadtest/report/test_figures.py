import json

import pytest

from loadtest.common.latencies import Latencies
from loadtest.report.figures import Mark, broke_at, curve, parse_marks
from tests.support.loadtest import samples


def test_the_figures_are_json_and_say_it_all():
    figures = json.loads(json.dumps(samples.figures()))
    assert figures["verdict"] == "met"
    assert figures["routes"]["GET /{hot}"]["requests"] == 1000
    assert figures["routes"]["every redirect"]["latency_ms"]["100"] == pytest.approx(20, abs=0.1)
    assert [moment["per_second"] for moment in figures["timeline"]] == [100.0] * 10
    assert figures["count"]["is_exact"]
    assert figures["options"]["rate"] == 100.0


def test_a_curve_ends_where_there_is_one_request_left():
    latencies = Latencies()
    for ms in range(1, 201):
        latencies.add(ms / 1000)
    points = curve(latencies)
    assert points[-1][0] == 99.5
    assert points[-1][1] == pytest.approx(199, abs=1.5)
    assert curve(Latencies()) == []


def test_marks_are_read_from_the_command_line():
    assert parse_marks(["5-35.5:ClickHouse: stopped"]) == [Mark(5, 35.5, "ClickHouse: stopped")]


def test_a_mark_that_is_none_is_named():
    with pytest.raises(ValueError, match="'five' is no FROM-TO:TEXT"):
        parse_marks(["five"])


def moment(per_second, p99, errors=0):
    return {"per_second": per_second, "p99": p99, "errors": errors}


def test_a_ramp_broke_where_it_stayed_bad():
    chance = [moment(10, 5), moment(20, 900), moment(30, 5)]
    broken = [moment(40, 60), moment(50, 5, errors=1), moment(60, 70), moment(70, 80)]
    assert broke_at(chance + broken, 50) == 40
    assert broke_at(chance, 50) is None

import json

import pytest

from loadtest.report import baseline
from loadtest.report.baseline import BaselineFailed
from tests.support.loadtest import samples


def written(tmp_path, text):
    path = tmp_path / "baseline.json"
    path.write_text(text)
    return str(path)


def test_an_earlier_run_is_read_as_it_was_written(tmp_path):
    figures = samples.figures()
    assert baseline.read(written(tmp_path, json.dumps(figures)))["verdict"] == figures["verdict"]


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", "no JSON"),
        ("<html>", "no JSON"),
        ("[]", "no figures"),
        ("{}", "no figures"),
        ('{"routes": {}}', "no figures"),
        ('{"routes": {}, "verdict": "met", "format": 0}', "another version"),
        ('{"routes": {}, "verdict": "met"}', "another version"),
        ('{"routes": {}, "verdict": "void", "format": 1, "doubts": ["late"]}', "void run: late"),
    ],
)
def test_what_can_be_no_baseline_is_refused(tmp_path, text, complaint):
    with pytest.raises(BaselineFailed, match=complaint):
        baseline.read(written(tmp_path, text))


def test_a_baseline_that_is_not_there_is_named(tmp_path):
    with pytest.raises(BaselineFailed, match=r"nowhere\.json: No such file"):
        baseline.read(str(tmp_path / "nowhere.json"))


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        ("rate", 150.0, "rate 150, now 100"),
        ("load_shape", "ramp", "load shape ramp, now steady"),
        ("arrivals", "constant", "arrivals constant, now poisson"),
        ("connections", 64, "connections 64, now 8"),
        ("hot_links", 50, "hot links 50, now 5"),
        ("scenarios", ["Bots", "HotLinks"], "scenarios Bots, HotLinks, now HotLinks"),
    ],
)
def test_another_load_can_not_be_compared(name, value, told):
    earlier = samples.figures()
    earlier["options"][name] = value
    assert baseline.differences(samples.figures(), earlier) == [told]


def test_another_length_can_not_be_compared():
    earlier = samples.figures() | {"seconds": 60.0}
    assert baseline.differences(samples.figures(), earlier) == ["seconds 60, now 10"]


def test_the_same_load_can_be_compared_though_an_older_run_says_less_of_it():
    earlier = samples.figures()
    del earlier["options"]["scenarios"]
    assert baseline.differences(samples.figures(), earlier) == []


def test_another_machine_and_a_broken_budget_are_worth_a_word():
    earlier = samples.figures() | {"verdict": "broken", "environment": {"cores": 8}}
    assert baseline.remarks(samples.figures(), earlier) == [
        "cores 8, now 2",
        "its budget was broken",
    ]

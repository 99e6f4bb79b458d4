from app.health.clickhouse.resting_months import judge_resting_months


def test_months_that_are_one_part_each_are_well():
    assert judge_resting_months("clicks", []).state == "ok"


def test_months_in_several_parts_are_named_with_the_room_that_the_largest_needs():
    found = judge_resting_months("clicks_local", [("202604", 10**9), ("202605", 2 * 10**9)])
    assert found.state == "warn"
    assert "202604, 202605" in found.text
    assert "2.0 GB" in found.mend
    assert "OPTIMIZE TABLE clicks_local PARTITION 202604 FINAL" in found.mend

from loadtest.bench_reports.care import BACKUP, COMMANDS, RESTORE, Care
from loadtest.bench_reports.command import Ran


def test_the_slowest_run_counts_and_backups_are_held_to_the_server_alone():
    runs = {name: [Ran(1.5, 0.1, 10**8), Ran(3.0, 0.1, 10**8)] for name in COMMANDS}
    both = {BACKUP: [Ran(10.0, 1.0, 190 * 10**6)], RESTORE: [Ran(30.0, 1.0, 210 * 10**6)]}
    care = Care(1_000_000, runs | both, {BACKUP: 6e-6, RESTORE: 10e-6})
    assert [(one.found, one.is_met) for one in care.targets()] == [
        ("3.00 s", False),
        ("3.00 s", True),
        ("3.00 s", True),
        ("1.67", True),
        ("190 MB", True),
        ("3.00", False),
        ("210 MB", False),
    ]

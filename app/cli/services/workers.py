"""Commands that run the workers, or show how they fare: `hopline workers`."""

import typer

from app.cli.services.run import become
from app.config.loading import load
from app.health.worker_status import ConsumerState, WorkersState, WorkerStates, as_plain
from app.stores.redis.client import connect
from app.terminal.options import AsJson
from app.terminal.output import Failure, print_json, print_table

workers = typer.Typer(add_completion=False, invoke_without_command=True)

_COLUMNS = (
    "HOST",
    "WORKERS",
    "CONSUMER",
    "PROCESS",
    "STATE",
    "STREAM",
    "CLICKS/S",
    "LAG",
    "LAST INSERT",
    "RESTARTS",
    "MEMORY",
)


@workers.callback()
def run(context: typer.Context) -> None:
    """Run the workers, which store the clicks, until they are told to stop.

    A supervisor keeps HOPLINE_CONSUMERS consumers running.
    """
    if context.invoked_subcommand is None:
        become("workers")


@workers.command()
def status(*, json: AsJson = False) -> None:
    """Show the consumers of every host: what they do, how fast, and how they fare.

    Their supervisors leave that in Redis every two seconds. Exit code 1 if there is none.
    """
    settings = load()
    url = settings.redis_url
    with connect(url, timeout_seconds=settings.redis_timeout_seconds) as client:
        states = WorkerStates(client, url, settings.stream, settings.group).all()
    if json:
        print_json({"workers": [as_plain(state) for state in states]})
    elif states:
        rows = [_row(state, one) for state in states for one in state.consumers]
        # What only shards have is shown where there are some.
        shown = [
            at for at, name in enumerate(_COLUMNS) if name != "STREAM" or any(r[at] for r in rows)
        ]
        print_table([_COLUMNS[at] for at in shown], ([row[at] for at in shown] for row in rows))
    if not states:
        raise Failure("no workers are running: start them with `hopline workers`")


def _row(state: WorkersState, consumer: ConsumerState) -> tuple[str, ...]:
    ago, memory = consumer.last_insert_seconds, consumer.memory_bytes
    return (
        state.host,
        state.state,
        str(consumer.number),
        "-" if consumer.pid is None else str(consumer.pid),
        consumer.state,
        consumer.stream,
        f"{consumer.clicks_per_second:,.0f}",
        "-" if state.lag is None else f"{state.lag:,}",
        "-" if ago is None else f"{ago:,.0f} s ago",
        f"{consumer.restarts:,}",
        "-" if memory is None else f"{memory / 1e6:,.0f} MB",
    )

"""Commands that list, rename and remove tags of links: `hopline tags`."""

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import asdict
from typing import Annotated
from uuid import uuid4

import typer

from app.changes.author import local_author
from app.config.loading import load
from app.links.many import Outcome
from app.links.store import open_store
from app.links.tags import Tags, open_tags
from app.links.validation import InvalidLink
from app.terminal.options import AsJson
from app.terminal.output import Failure, complain, print_json, print_table
from app.terminal.progress import counted

tags = typer.Typer(
    no_args_is_help=True,
    help="List tags of links, rename them and take them off.",
    add_completion=False,
)

Name = Annotated[str, typer.Argument(help="The tag.", metavar="TAG")]


@tags.command("list")
def list_(as_json: AsJson = False) -> None:
    """List tags, with how many links carry them."""
    found = open_tags(load()).all()
    if as_json:
        print_json({"tags": [asdict(tag) for tag in found]})
        return
    print_table(
        ("TAG", "LINKS", "BECOMES"),
        ((tag.name, f"{tag.links:,}", tag.becomes or "") for tag in found),
    )


@tags.command()
def rename(
    name: Name,
    new: Annotated[str, typer.Argument(help="What it shall be called.")],
    merge: Annotated[
        bool, typer.Option("--merge", help="Also where other links have the new tag already.")
    ] = False,
) -> None:
    """Rename a tag on all its links. What was interrupted goes on when it is repeated.

    \b
    hopline tags rename summer summer-2027
    """
    _report("rename", lambda tags: tags.rename(name, new, merges=merge))


@tags.command()
def rm(name: Name) -> None:
    """Take a tag off all its links, which stay."""
    _report("rm", lambda tags: tags.remove(name))


def _report(command: str, change: Callable[[Tags], Iterable[Outcome]]) -> None:
    """Change links and say what became of them; those that were refused don't stop the others."""
    settings = load()
    author = local_author(f"hopline tags {command}", request_id=uuid4().hex)
    kinds = Counter[str]()
    try:
        changed = change(open_tags(settings).by(open_store(settings).by(author)))
        for outcome in counted(changed, "links"):
            kinds[outcome.kind] += 1
            if outcome.kind == "refused":
                complain(f"{outcome.code}: {outcome.reason}")
    except InvalidLink as error:
        raise Failure(str(error), exit_code=2) from None
    print(f"{kinds['updated']:,} links changed")
    if kinds["refused"]:
        raise typer.Exit(1)

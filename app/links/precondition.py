"""Precondition of a change of a link: which version it has to be, and whose link."""

from collections.abc import Collection
from dataclasses import dataclass

from app.links.link import Link, LinkChanged, LinkDeleted, LinkNotFound, version
from app.links.validation import InvalidLink


@dataclass(frozen=True, slots=True)
class Precondition:
    """What a link has to be.

    Attributes:
        versions: of :func:`app.links.link.version`, one of which it is; None for any.
        tags: of which it carries one; none for all links.
        is_there: whether there has to be one, whatever its version.
    """

    versions: Collection[str] | None = None
    tags: Collection[str] = ()
    is_there: bool = False

    def require_before(self, link: Link) -> None:
        """Require it of a link that shall be there.

        Raises:
            LinkNotFound: it carries none of the tags, which reads as if there were no such link. A
                link that was deleted has none left.
            LinkDeleted: it was deleted.
            LinkChanged: it is none of the versions.
        """
        if not self.concerns(link):
            raise LinkNotFound(f"no link has the code {link.code!r}")
        if link.deleted:
            raise LinkDeleted(f"the link {link.code!r} was deleted")
        if self.versions is not None and version(link) not in self.versions:
            raise LinkChanged(f"the link {link.code!r} was changed by somebody else meanwhile")

    def require_after(self, link: Link) -> None:
        """Require it of a link as it shall be.

        Raises:
            InvalidLink: it carries none of the tags.
        """
        if not link.deleted and not self.concerns(link):
            raise InvalidLink("tags", f"one has to be {' or '.join(self.tags)}")

    def concerns(self, link: Link) -> bool:
        """Tell whether a link carries one of the tags."""
        return not self.tags or not set(self.tags).isdisjoint(link.tags)


#: Of whoever changes any link, whatever it is.
ANY = Precondition()

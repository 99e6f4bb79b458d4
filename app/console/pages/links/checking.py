"""Answer to a form that somebody still fills in: what is wrong with its fields, and what is good.

Scripts ask for it; the form says the same of faults when it is sent.
"""

from typing import ClassVar

import falcon

from app.console.api.rights import Rights, caller_of
from app.console.pages.links.fields import LinkForm
from app.console.pages.site.rendering import Site
from app.links.foresight import foresee_change, foresee_new
from app.links.precondition import Precondition
from app.links.store import LinkStore

PATH = "/links/-/check"


class CheckedForm:
    """Says of a link's form what would become of it; nothing is stored."""

    rights: ClassVar[Rights] = {"POST": "links:write"}

    def __init__(self, site: Site, links: LinkStore) -> None:
        self._site = site
        self._links = links

    def on_post(self, req: falcon.Request, resp: falcon.Response) -> None:
        """Answer with faults and notes by the names of fields, as JSON.

        Raises:
            LinkNotFound, LinkDeleted: the link that the form changes isn't there.
        """
        fields = self._site.form(req)
        form, now = LinkForm.sent(fields), self._site.now().timestamp()
        only, changed = Precondition(tags=caller_of(req).tags), "".join(fields.get("of", [])[:1])
        if not changed:
            found = foresee_new(self._links, form.options, form.code, only, now)
        else:
            link = self._links.get(changed)
            only.require_before(link)
            found = foresee_change(self._links, link, form.options, only, now)
        notes = dict(found.notes)
        if form.is_built and "target" not in found.faults:
            notes.setdefault("target", f"Leads to {form.options['target']}")
        resp.media = {"faults": dict(found.faults), "notes": notes}

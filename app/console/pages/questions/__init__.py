"""Pages that ask about clicks in ways of their own, beside those of links.

:class:`~app.console.pages.questions.explore.ExplorePage` crosses any two dimensions,
:class:`~app.console.pages.questions.bots.BotsPage` shows who was no person, and why,
:class:`~app.console.pages.questions.live.LivePage` shows clicks as they come, and
:class:`~app.console.pages.questions.tags.TagsPage` compares tags and campaigns.
"""

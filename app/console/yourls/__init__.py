"""The interface of YOURLS, so that its clients go on working as they are: `/yourls-api.php`.

It speaks as YOURLS 1.8.2 does, the last version which answers 200 where a URL has a short link
already: clients read the link that the answer carries only then. The requests are read in
:mod:`app.console.yourls.parameters`, and :class:`app.console.yourls.resource.YourlsApi` answers.
"""

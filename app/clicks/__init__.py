"""Click that redirect and workers agree on: its fields and its id.

:class:`app.clicks.click.Click` is one click, which :func:`app.clicks.click.to_fields` writes into a
stream entry and :func:`app.clicks.click.from_fields` reads; :func:`app.clicks.click.new_click_id`
makes its identity.
"""

"""Explanation of one click: where it is, what came in, what each rule said, and what was forgotten.

:class:`app.explain.traces.Tracer` finds what is left of the click,
:func:`app.explain.account.make_account` tells it, and :func:`app.explain.json_form.to_json` writes
it down. Of what came in, others are shown no more than a row would keep:
:func:`app.explain.kept.kept_fields`.
"""

"""API keys: who may ask the console for what.

:class:`app.keys.store.KeyStore` keeps them, :class:`app.keys.authenticator.Authenticator` tells by
a request's header who asks, and :class:`app.keys.caller.Caller` what that one may do.
"""

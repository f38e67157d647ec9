"""The HTTP interface inside an application that has a server already: no second port, no routes written twice.

`asgi_app` is for Starlette, FastAPI and Django with ASGI, `wsgi_app` for Flask and Django with WSGI::

    client = tasker.Client()
    app.mount("/tasker", tasker.asgi_app(client, principal=who_asks))
"""

from ._asgi import AsgiApp, asgi_app
from ._request import Principal, Question, Request
from ._wsgi import WsgiApp, wsgi_app

__all__ = ["AsgiApp", "Principal", "Question", "Request", "WsgiApp", "asgi_app", "wsgi_app"]

"""What the framework of the host knows already: the database (decision 39)."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote, urlencode


def database_url() -> str | None:
    """The database of the host's framework: Django's ``DATABASES['tasker']``, else ``['default']``.

    ``None`` where ``TASKER_DATABASE_URL`` says which, where there is no configured Django in this process, and where its
    database is no PostgreSQL.
    """
    if os.environ.get("TASKER_DATABASE_URL"):
        return None
    configuration = sys.modules.get("django.conf")
    if configuration is None or not configuration.settings.configured:
        return None
    databases: Mapping[str, Any] = configuration.settings.DATABASES
    database = databases.get("tasker") or databases.get("default") or {}
    if not str(database.get("ENGINE", "")).endswith(("postgresql", "postgis")):
        return None
    return _url(database)


def _url(database: Mapping[str, Any]) -> str:
    """A database of Django's settings as a URL. A host that is a path is a folder of sockets."""
    user, password = str(database.get("USER") or ""), str(database.get("PASSWORD") or "")
    host, port = str(database.get("HOST") or ""), str(database.get("PORT") or "")
    login = quote(user, safe="") + (":" + quote(password, safe="") if password else "")
    settings = {key: str(value) for key, value in (database.get("OPTIONS") or {}).items() if key.startswith("ssl") and value}
    place = host
    if not host or host.startswith("/"):
        place = "localhost"
        settings["host"] = host or "/var/run/postgresql"
    query = "?" + urlencode(settings) if settings else ""
    return (
        f"postgres://{login + '@' if login else ''}{place}{':' + port if port else ''}"
        f"/{quote(str(database.get('NAME') or ''), safe='')}{query}"
    )

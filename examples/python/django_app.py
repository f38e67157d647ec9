"""A Django application, in one file, whose orders and their tasks are created in one transaction.

    python django_app.py migrate && python django_app.py runserver
    python -m tasker worker orders

Tasker finds the database in Django's settings.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import django
from django.conf import settings

if not settings.configured:
    settings.configure(
        ROOT_URLCONF=__name__,
        ALLOWED_HOSTS=["*"],
        SECRET_KEY="only-for-this-example",
        DATABASES={
            "default": {
                "ENGINE": "django.db.backends.postgresql",
                "NAME": os.environ.get("PGDATABASE", "shop"),
                "USER": os.environ.get("PGUSER", ""),
                "HOST": os.environ.get("PGHOST", ""),
                "PORT": os.environ.get("PGPORT", ""),
            }
        },
    )
    django.setup()

import tasker
from django.db import connection, transaction
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import path
from django.views.decorators.http import require_POST

# Opened at the first request, in each process for itself: a server may fork after this.
client = tasker.Client()


@require_POST
def create_order(request: HttpRequest) -> HttpResponse:
    """Take an order. The row and the task are there together, or neither is."""
    order = json.loads(request.body)
    try:
        with transaction.atomic():
            with connection.cursor() as cursor:
                cursor.execute("insert into orders (id, customer) values (%s, %s)", [order["order_id"], order["customer"]])
            task = client.create_task_in(connection, "process_order", namespace="shop", context=order)
    except tasker.errors.InvalidContextError as refused:
        return JsonResponse({"error": str(refused)}, status=422)
    return JsonResponse({"task_id": task.task_id}, status=202)


def read_order(request: HttpRequest, task_id: str) -> HttpResponse:
    """How far it is."""
    return JsonResponse({"status": client.task(str(task_id)).status})


urlpatterns = [path("orders", create_order), path("orders/<uuid:task_id>", read_order)]


def prepare() -> None:
    """Make the table, Tasker's schema, and the workflow known."""
    import orders

    client.migrate()
    client.register_template(orders.process_order)
    with connection.cursor() as cursor:
        cursor.execute("create table if not exists orders (id text primary key, customer text not null)")


if __name__ == "__main__":
    from django.core.management import execute_from_command_line

    sys.path.insert(0, str(Path(__file__).parent))
    if sys.argv[1:2] == ["migrate"]:
        prepare()
    else:
        execute_from_command_line(sys.argv)

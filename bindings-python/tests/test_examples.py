"""The examples do what they say."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import psycopg
import pytest
import tasker
from conftest import parts
from tasker.testing import WorkflowTest

EXAMPLES = Path(__file__).parents[2] / "examples" / "python"
ORDER = {
    "order_id": "o-7",
    "customer": "ada@example.com",
    "items": [{"sku": "book", "quantity": 2, "price_cents": 2100}],
}


@pytest.fixture
def examples(monkeypatch: pytest.MonkeyPatch, database_url: str) -> Path:
    """The folder, to be imported from, with its database."""
    monkeypatch.syspath_prepend(str(EXAMPLES))
    monkeypatch.setenv("TASKER_DATABASE_URL", database_url)
    return EXAMPLES


def test_an_order_is_right_wherever_its_process_dies(examples: Path, database_url: str) -> None:
    import orders

    with psycopg.connect(database_url) as connection:
        shop = WorkflowTest(connection)
        shop.register(orders.process_order)
        report = shop.run("process_order", namespace="shop", context={**ORDER, "gateway_failures": 2})
        assert report.status == "complete"
        assert report.step("charge_payment").results["attempt"] == 3
        crashes = shop.crash_everywhere("process_order", namespace="shop", context=ORDER, may_differ=["charge_payment"])
        assert crashes.is_right, str(crashes)
        connection.rollback()


def test_fastapi_takes_an_order_and_works_on_it(examples: Path, client: tasker.Client) -> None:
    program = f"""
from fastapi.testclient import TestClient
import fastapi_app, time
with TestClient(fastapi_app.app) as web:
    task = web.post("/orders", json={ORDER!r}).json()["task_id"]
    assert web.post("/orders", json={ORDER!r}).json()["task_id"] == task
    assert web.post("/orders", json={{"order_id": "o-8"}}).status_code == 422
    web.portal.call(fastapi_app.client.wait, task)
    print(task, web.get("/orders/" + task).json()["status"])
"""
    ended = subprocess.run(
        [sys.executable, "-c", program],
        cwd=examples,
        env={**os.environ},
        capture_output=True,
        text=True,
        timeout=90,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    task, status = ended.stdout.split()
    assert status == "complete"
    assert client.step(task, "send_receipt").results["tracking"] == "trk-o-7"


def test_django_creates_an_order_and_its_task_together(examples: Path, database_url: str) -> None:
    place = parts(database_url)
    program = f"""
import json, django_app
from django.test import Client
django_app.prepare()
web = Client()
created = web.post("/orders", json.dumps({ORDER!r}), content_type="application/json")
assert created.status_code == 202, created.content
wrong = web.post("/orders", json.dumps({{"order_id": "o-8", "customer": "bob"}}), content_type="application/json")
assert wrong.status_code == 422, wrong.content
print(web.get("/orders/" + created.json()["task_id"]).json()["status"])
"""
    environment = {key: value for key, value in os.environ.items() if key != "TASKER_DATABASE_URL"}
    environment |= {"PGDATABASE": place["dbname"], "PGUSER": place["user"], "PGHOST": place["host"]}
    environment |= {"PGPORT": place.get("port", "")}
    ended = subprocess.run(
        [sys.executable, "-c", program],
        cwd=examples,
        env=environment,
        capture_output=True,
        text=True,
        timeout=90,
        check=False,
    )
    assert (ended.returncode, ended.stdout) == (0, "pending\n"), ended.stderr
    with psycopg.connect(database_url) as connection:
        assert connection.execute("select id from orders").fetchall() == [("o-7",)]

"""A FastAPI application that takes orders, and works on them in the same process.

    uvicorn fastapi_app:app

The worker runs beside the event loop of the server, on threads and a loop of its own. In production it is usually a process
of its own, `python -m tasker worker orders`, and the lifespan below has no worker.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import orders
import tasker
from fastapi import FastAPI, HTTPException

client = tasker.AsyncClient()


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    """Open with the server, close with it."""
    await client.migrate()
    await client.register_template(orders.process_order)
    # A worker waits when it starts and stops, and so not on the loop of the server.
    working = tasker.Client()
    worker = await asyncio.to_thread(tasker.Worker, working)
    yield
    await asyncio.to_thread(worker.stop)
    await asyncio.to_thread(working.close)
    await client.close()


app = FastAPI(lifespan=lifespan)


@app.post("/orders", status_code=202)
async def create_order(order: dict[str, Any]) -> dict[str, str]:
    """Take an order: its task."""
    try:
        # The same order sent twice is one task.
        task = await client.create_task("process_order", namespace="shop", context=order, idempotency_key=order.get("order_id"))
    except tasker.errors.InvalidContextError as refused:
        raise HTTPException(422, str(refused)) from refused
    return {"task_id": task.task_id}


@app.get("/orders/{task_id}")
async def read_order(task_id: str) -> dict[str, Any]:
    """How far it is."""
    try:
        task = await client.task(task_id)
    except tasker.errors.NotFoundError as missing:
        raise HTTPException(404, str(missing)) from missing
    return {"status": task.status}

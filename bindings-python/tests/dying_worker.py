"""A worker whose handler pays and completes in one transaction, and is killed at a point that the environment names."""

from __future__ import annotations

import os
import signal

import psycopg
import tasker

POINT = os.environ["POINT"]


def die_at(point: str) -> None:
    """End this process as ``kill -9`` does, if it is to die here."""
    if point == POINT:
        os.kill(os.getpid(), signal.SIGKILL)


@tasker.handler("pay")
def pay(step: tasker.Step) -> None:
    """Pay."""
    die_at("before")
    with psycopg.connect(os.environ["DATABASE"]) as connection:
        connection.execute("insert into payments values (%s)", [step.task_id])
        die_at("written")
        step.complete_in(connection, {"paid": True})
        die_at("completed")
    die_at("committed")


SETTINGS = {"execution": {"lease_seconds": 1.0, "heartbeat_seconds": 0.2}}

if __name__ == "__main__":
    with tasker.Client(os.environ["DATABASE"], settings=SETTINGS) as client:
        worker = tasker.Worker(client)
        signal.signal(signal.SIGTERM, lambda *_: worker.request_stop())
        if POINT == "returning":
            # The step is complete; the process dies before it knows that its handler returned.
            worker._attempts._complete = lambda batch: die_at("returning")  # type: ignore[method-assign]
        worker.run()

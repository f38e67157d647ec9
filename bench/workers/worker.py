"""The worker of ``tasker bench --runtime python``: does what lines on its standard input say.

``go`` starts it, ``task REQUEST`` creates a task and waits for its end, ``tell`` asks for what it has used, ``stop`` ends it.
"""

from __future__ import annotations

import argparse
import json
import resource
import sys
import threading
import time

import tasker

PATIENCE_SECONDS = 120


class Calls:
    """How often the handler was called."""

    def __init__(self) -> None:
        """Not yet."""
        self.count = 0
        self._lock = threading.Lock()

    def add(self) -> None:
        """Once more."""
        with self._lock:
            self.count += 1


def main() -> None:
    """Work until told to stop, or until the one who tells is gone."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--handler", required=True)
    arguments.add_argument("--handler-kind", choices=["sync", "async"], required=True)
    arguments.add_argument("--schema", required=True)
    arguments.add_argument("--concurrency", type=int, required=True)
    given = arguments.parse_args()

    calls = Calls()
    registry = tasker.Registry()

    def work(step: tasker.Step) -> dict[str, bool]:
        calls.add()
        return {"ok": True}

    async def work_async(step: tasker.Step) -> dict[str, bool]:
        calls.add()
        return {"ok": True}

    registry.add(given.handler, work if given.handler_kind == "sync" else work_async)
    with tasker.Client(schema=given.schema, application_name="tasker-bench") as client:
        client.named_tasks()
        say("ready")
        if sys.stdin.readline() != "go\n":
            return
        with tasker.Worker(client, registry, concurrency=given.concurrency):
            for line in sys.stdin:
                word, _, request = line.rstrip("\n").partition(" ")
                if word == "task":
                    say(run_task(client, json.loads(request)))
                elif word == "tell":
                    say(usage(calls))
                else:
                    break
    say(usage(calls))
    sys.stdin.read()


def say(answer: object) -> None:
    """A line."""
    print(answer, flush=True)


def run_task(client: tasker.Client, request: dict[str, object]) -> float:
    """From before the request to the end of the task, in milliseconds."""
    started = time.perf_counter()
    created = client.create_task(**{key: value for key, value in request.items() if value is not None})
    client.wait_state(created.task_id, ["complete"], within_seconds=PATIENCE_SECONDS)
    return (time.perf_counter() - started) * 1000


def usage(calls: Calls) -> str:
    """What it has used so far."""
    peak_rss_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return json.dumps({"statements": None, "calls": calls.count, "peak_rss_mb": peak_rss_mb})


if __name__ == "__main__":
    main()

"""The scripted worker of Python: plays what a scenario says through the public handler API.

See tests/scenarios-runner/PROTOCOL.md.
"""

from __future__ import annotations

import itertools
import json
import logging
import os
import signal
import threading
import time
from pathlib import Path
from typing import Any

import tasker

RUNTIME = "python"


def main() -> None:
    """Work until SIGTERM."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    threading.Thread(target=end_with_the_runner, daemon=True).start()
    directory = Path(os.environ["TASKER_SCENARIO_DIR"])
    name = os.environ["TASKER_SCENARIO_WORKER"]
    script = json.loads((directory / "script.json").read_text())
    stage = Stage(script["handlers"], directory / "calls")
    handlers = tasker.Registry()
    for handler in script["handler_names"].get(RUNTIME, []):
        handlers.add(handler, stage.play)
    options = {}
    if "TASKER_SCENARIO_CONCURRENCY" in os.environ:
        options["concurrency"] = int(os.environ["TASKER_SCENARIO_CONCURRENCY"])
    with tasker.Client(settings=script["settings"], application_name=name) as client:
        worker = tasker.Worker(client, handlers, name=name, **options)
        signal.signal(signal.SIGTERM, lambda *_: worker.request_stop())
        (directory / "workers" / f"{name}.ready").touch()
        worker.run()


def end_with_the_runner() -> None:
    """When our standard input ends the runner is gone, and nobody would ever stop us."""
    # Not by sys.stdin: its lock, held here, would keep the interpreter from ending.
    while os.read(0, 4096):
        pass
    die()


def die() -> None:
    """End this process, as by ``kill -9``."""
    os.kill(os.getpid(), signal.SIGKILL)


class Stage:
    """The script, and where executions are marked."""

    def __init__(self, handlers: dict[str, list[dict[str, Any]]], calls: Path) -> None:
        """Of a scenario."""
        self._handlers = handlers
        self._calls = calls

    def play(self, step: tasker.Step) -> Any:
        """One execution: counted, chosen, played, its end marked."""
        number = self._begin(step)
        try:
            return perform(self._entry(step, number), step)
        finally:
            self._mark(step, number, "end", "w")

    def _begin(self, step: tasker.Step) -> int:
        """Take the next number; whoever makes the file first has it, in whatever process."""
        for number in itertools.count(1):
            try:
                self._mark(step, number, "start", "x")
            except FileExistsError:
                continue
            return number
        raise AssertionError

    def _mark(self, step: tasker.Step, number: int, which: str, mode: str) -> None:
        mark = {"template": step.task_name, "step": step.name, "at": time.time(), "pid": os.getpid()}
        with open(self._calls / f"{step.task_id}.{step.step_no}.{number}.{which}", mode) as file:
            json.dump(mark, file)

    def _entry(self, step: tasker.Step, number: int) -> dict[str, Any]:
        entries = self._handlers.get(f"{step.task_name}.{step.name}") or self._handlers.get(step.name) or [{}]
        return entries[min(number, len(entries)) - 1]


def perform(entry: dict[str, Any], step: tasker.Step) -> Any:
    """Do what an entry says."""
    for key, value in entry.get("fail_unless_context", {}).items():
        if step.context.get(key) != value:
            raise tasker.PermanentError(f"the context lacks {key}: {json.dumps(value)}")
    if "sleep_ms" in entry:
        seconds = entry["sleep_ms"] / 1000
        if entry.get("cancellable"):
            if step.wait_cancelled(seconds):
                raise tasker.RetryableError("cancelled")
        else:
            time.sleep(seconds)
    if entry.get("exit_process"):
        die()
    if "raise" in entry:
        raise failure(entry)
    return result(entry, step)


def failure(entry: dict[str, Any]) -> Exception:
    """The failure of an entry."""
    message = entry.get("message", "raised by the script")
    said = {"error_code": entry.get("error_code"), "details": entry.get("details")}
    if entry["raise"] == "permanent":
        return tasker.PermanentError(message, **said)
    if entry["raise"] == "retryable":
        return tasker.RetryableError(message, retry_after=entry.get("retry_after"), **said)
    return OSError(message)


def result(entry: dict[str, Any], step: tasker.Step) -> Any:
    """What an entry returns."""
    if "return" in entry:
        return entry["return"]
    if "return_context" in entry:
        part = entry["return_context"]
        return step.context if part is True else step.context.get(part)
    if "return_dependency" in entry:
        return step.results(entry["return_dependency"])
    if "return_bytes" in entry:
        return "x" * entry["return_bytes"]
    if entry.get("return_unserializable"):
        return {("a", "pair"): "is no key"}
    return {"ok": True}


if __name__ == "__main__":
    main()

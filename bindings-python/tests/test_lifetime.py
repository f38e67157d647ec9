"""Processes: how they end, what they inherit, what stands beside the package in them."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import subprocess
import sys
import textwrap
import threading
from pathlib import Path

import httpx
import pytest
import tasker
from conftest import chain, python

OPEN = """
import os, sys, tasker
client = tasker.Client()
client.list_tasks()
"""
WORKING = (
    OPEN
    + """
tasker.handler("pay")(lambda step: None)
worker = tasker.Worker(client)
"""
)


@pytest.mark.parametrize(
    ("end", "status"),
    [
        ("", 0),
        ("sys.exit(3)", 3),
        ("os._exit(4)", 4),
        ("raise RuntimeError('the end')", 1),
        ("client.close(); client.close()", 0),
        ("del client; import gc; gc.collect()", 0),
        ("os.kill(os.getpid(), 9)", -signal.SIGKILL),
    ],
    ids=["falls off its end", "exits", "exits at once", "raises", "closes twice", "drops it", "is killed"],
)
@pytest.mark.parametrize("program", [OPEN, WORKING], ids=["client", "worker"])
def test_a_process_ends_as_it_is_told_to(database_url: str, program: str, end: str, status: int) -> None:
    ended = python(f"{program}\n{end}\n", database_url)
    assert ended.returncode == status, ended.stderr
    assert "Fatal Python error" not in ended.stderr


def test_a_closed_client_says_that_it_is_closed(client: tasker.Client) -> None:
    client.list_tasks()
    client.close()
    with pytest.raises(tasker.TaskerError):
        client.list_tasks()


def test_a_child_that_touches_nothing_ends_well(database_url: str) -> None:
    ended = python(WORKING + "pid = os.fork()\nif pid == 0: sys.exit(0)\nassert os.waitpid(pid, 0)[1] == 0\n", database_url)
    assert ended.returncode == 0, ended.stderr


@pytest.mark.parametrize("method", ["fork", "spawn", "forkserver"])
def test_every_way_to_start_a_process_gives_one_with_a_client(database_url: str, tmp_path: Path, method: str) -> None:
    program = f"""
    import multiprocessing, tasker

    client = tasker.Client()

    def look(answers):
        answers.put(len(client.list_tasks()))
        client.close()

    if __name__ == "__main__":
        client.list_tasks()
        context = multiprocessing.get_context("{method}")
        answers = context.Queue()
        child = context.Process(target=look, args=(answers,))
        child.start()
        assert answers.get(timeout=30) == 0
        child.join(30)
        assert child.exitcode == 0
    """
    file = tmp_path / "program.py"
    file.write_text(textwrap.dedent(program))
    ended = subprocess.run(
        [sys.executable, file],
        env={**os.environ, "TASKER_DATABASE_URL": database_url},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr


def test_a_sub_interpreter_is_refused_clearly(database_url: str) -> None:
    program = """
    try:
        import _interpreters as interpreters
    except ImportError:
        import _xxsubinterpreters as interpreters
    import tasker
    other = interpreters.create()
    refused = interpreters.run_string(other, "import tasker")
    raise SystemExit(str(refused))
    """
    ended = python(program, database_url)
    assert "subinterpreter" in ended.stderr, ended.stderr
    assert "Fatal Python error" not in ended.stderr


def test_ctrl_c_ends_a_wait(database_url: str) -> None:
    program = """
    import os, signal, threading, tasker
    # A shell has what it runs in the background ignore it.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    client = tasker.Client()
    client.register_template({"name": "order", "version": "1.0.0", "step_templates": [{"name": "pay", "handler": "pay"}]})
    task = client.create_task("order")
    threading.Timer(0.3, os.kill, (os.getpid(), signal.SIGINT)).start()
    try:
        client.wait(task.task_id, within_seconds=60)
    except KeyboardInterrupt:
        print("interrupted")
    """
    ended = python(program, database_url)
    assert (ended.returncode, ended.stdout) == (0, "interrupted\n"), ended.stderr


def test_no_thread_is_left_after_the_end(client: tasker.Client, handlers: tasker.Registry) -> None:
    handlers.add("pay", lambda step: None)
    before = set(threading.enumerate())
    with tasker.Worker(client, handlers):
        pass
    left = [thread.name for thread in set(threading.enumerate()) - before if thread.name.startswith("tasker")]
    assert left == []


def test_the_engine_is_heard_in_logging(
    client: tasker.Client, handlers: tasker.Registry, caplog: pytest.LogCaptureFixture
) -> None:
    schema = {"type": "object", "required": ["order"]}
    client.register_template({**chain("order", "pay"), "schema": schema})
    with caplog.at_level(logging.INFO, "tasker"), pytest.raises(tasker.errors.InvalidContextError):
        client.create_task("order", context={})
    assert any("no task was created" in record.getMessage() for record in caplog.records), caplog.text


def test_a_handler_that_blocks_the_loop_is_named_and_loses_nothing(
    database_url: str, handlers: tasker.Registry, caplog: pytest.LogCaptureFixture
) -> None:
    told = threading.Event()

    class Listener(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            if "has blocked the event loop" in record.getMessage() and "'block'" in record.getMessage():
                told.set()

    @handlers.handler("block")
    async def block(step: tasker.Step) -> int:
        assert told.wait(60)  # for many leases of a second
        return step.attempt

    listener = Listener()
    logging.getLogger("tasker.worker").addHandler(listener)
    settings = {"execution": {"lease_seconds": 1.0, "heartbeat_seconds": 0.2}}
    try:
        with tasker.Client(database_url, settings=settings) as client:
            client.register_template(chain("order", "block"))
            with tasker.Worker(client, handlers):
                task_id = client.create_task("order").task_id
                assert client.wait(task_id, within_seconds=60).status == "complete"
            assert client.step(task_id, "block").results == 1
    finally:
        logging.getLogger("tasker.worker").removeHandler(listener)


def test_uvloop_runs_coroutines_of_handlers(database_url: str) -> None:
    program = """
    import asyncio, uvloop, tasker
    asyncio.set_event_loop_policy(uvloop.EventLoopPolicy())

    @tasker.handler("pay")
    async def pay(step):
        await asyncio.sleep(0)
        return type(asyncio.get_running_loop()).__module__

    with tasker.Client() as client:
        client.register_template(
            {"name": "order", "version": "1.0.0", "step_templates": [{"name": "pay", "handler": "pay"}]}
        )
        with tasker.Worker(client):
            task = client.create_task("order")
            client.wait(task.task_id, within_seconds=30)
            print(client.step(task.task_id, "pay").results)
    """
    ended = python(program, database_url)
    assert ended.stdout.strip() == "uvloop", ended.stderr


def test_the_client_of_asyncio_leaves_nothing_to_the_loop(database_url: str) -> None:
    async def work() -> None:
        async with tasker.AsyncClient(database_url) as client:
            await client.list_tasks()
        assert asyncio.all_tasks() == {asyncio.current_task()}

    asyncio.run(work())


def test_a_process_may_end_while_an_answer_is_handed_over(database_url: str) -> None:
    program = """
    import asyncio, tasker
    client = tasker.AsyncClient()
    asyncio.run(client.list_tasks())
    """
    # One of five such processes was taken down by the thread that had handed over the answer.
    for _ in range(20):
        ended = python(program, database_url)
        assert ended.returncode == 0, ended.stderr


def test_a_handler_that_holds_the_gil_for_ten_leases_loses_nothing_and_is_named(database_url: str) -> None:
    program = """
    import ctypes, sys, tasker
    settings = {"execution": {"lease_seconds": 0.5, "heartbeat_seconds": 0.1}}

    @tasker.handler("block")
    def block(step):
        print("begun", flush=True)
        ctypes.PyDLL(None).usleep(5_500_000)  # a function of C that does not let go of the GIL
        return step.attempt

    with tasker.Client(settings=settings) as client, tasker.Worker(client):
        sys.stdin.read()
    """
    with (
        tasker.Client(database_url) as client,
        subprocess.Popen(
            [sys.executable, "-c", textwrap.dedent(program)],
            env={**os.environ, "TASKER_DATABASE_URL": database_url},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        ) as process,
    ):
        client.register_template(chain("order", "block"))
        task_id = client.create_task("order").task_id
        assert process.stdout is not None and process.stdout.readline() == "begun\n"
        (reason,) = client.why(task_id, "block")
        assert (reason.handler, reason.reason) == ("block", "running")
        assert client.wait(task_id, within_seconds=60).status == "complete"
        step = client.step(task_id, "block")
        assert (step.results, step.attempts, step.worker_losses) == (1, 1, 0)
        process.communicate("")


APPLICATION = """
import os
import tasker

client = tasker.Client()
client.list_tasks()  # opened before the server forks

def application(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [f"{len(client.list_tasks())} {os.getpid()} {os.getppid()}".encode()]
"""


def test_a_client_that_was_opened_before_gunicorn_forked_works_in_its_children(database_url: str, tmp_path: Path) -> None:
    (tmp_path / "shop.py").write_text(APPLICATION)
    socket_path = tmp_path / "socket"
    command = [sys.executable, "-m", "gunicorn", "--preload", "--workers", "2", "--bind", f"unix:{socket_path}"]
    with subprocess.Popen(
        [*command, "shop:application"],
        cwd=tmp_path,
        env={**os.environ, "TASKER_DATABASE_URL": database_url},
        stderr=subprocess.PIPE,
        text=True,
    ) as server:
        assert server.stderr is not None
        assert any("Booting worker" in line for line in server.stderr)
        transport = httpx.HTTPTransport(uds=str(socket_path), retries=3)
        with httpx.Client(transport=transport, base_url="http://shop", timeout=30) as web:
            for _ in range(4):
                count, pid, parent = web.get("/").text.split()
                assert (count, int(parent)) == ("0", server.pid) and pid != parent
        server.terminate()
        server.communicate(timeout=30)
        assert server.returncode == 0

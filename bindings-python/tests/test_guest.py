"""The package as a guest in a process: what goes wrong inside of it, what it leaves behind, who else is there."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import celery
import pytest
from conftest import python

ROOT = Path(__file__).parents[2]
LINUX = pytest.mark.skipif(sys.platform != "linux", reason="looks at /proc, or at how Linux links")


PANIC = """
import asyncio, os, tasker

async def ask():
    async with tasker.AsyncClient() as client:
        await client.list_tasks()

tasker.handler("pay")(lambda step: None)
with tasker.Client() as client:
    first = {"call": client.list_tasks, "worker": lambda: tasker.Worker(client), "coroutine": lambda: asyncio.run(ask())}
    try:
        first[os.environ["FIRST"]]()
    except Exception as error:
        print(type(error).__name__, error.kind, error.code)
    client.register_template({"name": "order", "version": "1.0.0", "step_templates": [{"name": "pay", "handler": "pay"}]})
    with tasker.Worker(client):
        print(client.wait(client.create_task("order").task_id, within_seconds=30).status)
"""


@LINUX
@pytest.mark.parametrize("first", ["call", "worker", "coroutine"])
def test_a_panic_of_the_engine_is_an_internal_error_and_the_process_goes_on(
    database_url: str, tmp_path: Path, first: str
) -> None:
    no_threads = tmp_path / "no_threads.so"
    subprocess.run(["cc", "-shared", "-fPIC", "-o", no_threads, ROOT / "tests" / "preload" / "no_threads.c"], check=True)
    ended = python(PANIC, database_url, FIRST=first, LD_PRELOAD=str(no_threads), NO_THREAD_FOR="_native")
    assert (ended.returncode, ended.stdout) == (0, "InternalError panic 9002\ncomplete\n"), ended.stderr


LEFT = """
import collections, json, os, re, time
import tasker

def threads():
    found = collections.Counter()
    for number in os.listdir("/proc/self/task"):
        try:
            with open(f"/proc/self/task/{number}/comm") as name:
                found[name.read().strip()] += 1
        except FileNotFoundError:  # it has ended meanwhile
            pass
    return found

def descriptors():
    found = {}
    for number in os.listdir("/proc/self/fd"):
        try:
            found[number] = os.readlink(f"/proc/self/fd/{number}")
        except FileNotFoundError:  # the one by which they were listed
            pass
    return found

@tasker.handler("pay")
def pay(step):
    return {"paid": True}

@tasker.handler("thank")
async def thank(step):
    return {"thanked": True}

STEPS = [{"name": "pay", "handler": "pay"}, {"name": "thank", "handler": "thank", "depends_on_step": "pay"}]

held = []  # one that has stopped and is still referred to keeps nothing open

def work():
    with tasker.Client() as client, tasker.Worker(client) as worker:
        held.append(worker)
        client.register_template({"name": "order", "version": "1.0.0", "step_templates": STEPS})
        assert client.wait(client.create_task("order").task_id, within_seconds=30).status == "complete"

def settled(threads_at_most):
    until = time.monotonic() + 30
    # A thread on which the runtime waited for something goes when it has been idle for ten seconds.
    while threads().total() > threads_at_most and time.monotonic() < until:
        time.sleep(0.05)
    return threads(), descriptors()

threads_before, before = threads(), descriptors()
work()
threads_first, first = settled(threads_before.total() + 2)
work()
threads_second, second = settled(threads_first.total())
kept = collections.Counter(re.sub(r":?\\[\\d+\\]$", "", kind) for number, kind in first.items() if number not in before)
print(json.dumps([threads_first - threads_before, kept, threads_second == threads_first, second == first, first, second]))
"""


@LINUX
def test_after_the_end_there_is_the_runtime_of_the_process_and_nothing_else(database_url: str) -> None:
    ended = python(LEFT, database_url)
    assert ended.returncode == 0, ended.stderr
    threads, kept, same_threads, same_descriptors, *seen = json.loads(ended.stdout)
    # Two threads of the runtime, and what they wait on; no connection, no thread of a worker.
    assert threads == {"tasker": 2}
    assert kept == {"anon_inode:[eventpoll]": 2, "anon_inode:[eventfd]": 1, "socket": 3}, seen
    assert same_threads and same_descriptors, seen


TOGETHER = """
import ctypes, os, sys

def load_library():
    return ctypes.CDLL(os.environ["TASKER_LIBRARY"])

if sys.argv[1:] == ["library first"]:
    library = load_library()
    import psycopg, tasker
else:
    import psycopg, tasker
    library = load_library()

class Text(ctypes.Structure):
    _fields_ = [("data", ctypes.c_char_p), ("length", ctypes.c_size_t)]

class Handler(ctypes.Structure):
    _fields_ = [("name", ctypes.c_char_p), ("function", ctypes.c_void_p), ("user_data", ctypes.c_void_p)]

class Options(ctypes.Structure):
    _fields_ = [
        ("size", ctypes.c_size_t), ("handlers", ctypes.POINTER(Handler)), ("handler_count", ctypes.c_size_t),
        ("concurrency", ctypes.c_size_t), ("max_buffered", ctypes.c_size_t), ("name", Text), ("version", Text),
        ("flags", ctypes.c_uint64),
    ]

def function(name, result, *arguments):
    found = getattr(library, "tasker_" + name)
    found.restype, found.argtypes = result, arguments
    return found

pointer, error = ctypes.c_void_p, ctypes.POINTER(ctypes.c_void_p)
version = function("version", ctypes.c_char_p)
client_new = function("client_new", pointer, pointer, error)
client_free = function("client_free", None, pointer)
worker_new = function("worker_new", pointer, pointer, ctypes.POINTER(Options), error)
worker_poll = function(
    "worker_poll", ctypes.c_bool, pointer, ctypes.POINTER(pointer), ctypes.c_size_t, ctypes.c_int64,
    ctypes.POINTER(ctypes.c_size_t), error,
)
worker_free = function("worker_free", None, pointer)
step_results = function("step_results", pointer, pointer, Text, error)
step_succeed = function("step_succeed", ctypes.c_bool, pointer, pointer, error)
step_free = function("step_free", None, pointer)
error_message = function("error_message", Text, pointer)

def text(value):
    return Text(value, len(value))

def must(call, *arguments):
    failed = ctypes.c_void_p()
    answer = call(*arguments, ctypes.byref(failed))
    assert answer and not failed, error_message(failed).data
    return answer

assert version().decode() == tasker.__version__

@tasker.handler("validate")
def validate(step):
    return {"total": step.context["price"] * 2}

STEPS = [{"name": "validate", "handler": "validate"}, {"name": "charge", "handler": "charge", "depends_on_step": "validate"}]
with tasker.Client() as client, psycopg.connect(os.environ["TASKER_DATABASE_URL"]) as connection:
    client.register_template({"name": "order", "version": "1.0.0", "step_templates": STEPS})
    other = must(client_new, None)
    options = Options(ctypes.sizeof(Options), ctypes.pointer(Handler(b"charge", None, None)), 1, 1)
    worker = must(worker_new, other, ctypes.byref(options))
    with tasker.Worker(client):
        task_id = client.create_task_in(connection, "order", context={"price": 21}).task_id
        connection.commit()
        step, count = ctypes.c_void_p(), ctypes.c_size_t()
        must(worker_poll, worker, ctypes.byref(step), 1, 60_000, ctypes.byref(count))
        assert count.value == 1
        # What Python returned is what C says that it is.
        must(step_succeed, step, must(step_results, step, text(b"validate")))
        step_free(step)
        print(client.wait(task_id, within_seconds=30).status, client.step(task_id, "charge").results)
    worker_free(worker)
    client_free(other)
    print(connection.execute("select count(*) from tasker.tasks").fetchone()[0])
"""


@pytest.mark.parametrize("order", ["wheel first", "library first"])
def test_one_process_has_the_wheel_and_libtasker_and_psycopg(database_url: str, order: str) -> None:
    library = os.environ.get("TASKER_LIBRARY")
    if not library:
        pytest.skip("TASKER_LIBRARY names no libtasker.so: scripts/python does")
    ended = subprocess.run(
        [sys.executable, "-X", "faulthandler", "-c", TOGETHER, order],
        env={**os.environ, "TASKER_DATABASE_URL": database_url},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert (ended.returncode, ended.stdout) == (0, "complete {'total': 42}\n1\n"), ended.stderr


CELERY = """
import os, pathlib
import celery
import tasker

client = tasker.Client()
client.list_tasks()  # opened before the pool forks

here = pathlib.Path(__file__).parent
app = celery.Celery("shop", broker="filesystem://", backend=(here / "results").as_uri())
app.conf.broker_transport_options = {
    "data_folder_in": here / "queue", "data_folder_out": here / "queue", "control_folder": here / "control"
}
app.conf.worker_enable_remote_control = False

@app.task(name="shop.look")
def look():
    return [len(client.list_tasks()), os.getpid(), os.getppid()]
"""


def test_a_client_that_was_opened_before_celery_forked_works_in_its_children(database_url: str, tmp_path: Path) -> None:
    (tmp_path / "shop.py").write_text(CELERY)
    for folder in ("queue", "control", "results"):
        (tmp_path / folder).mkdir()
    app = celery.Celery("shop", broker="filesystem://", backend=(tmp_path / "results").as_uri())
    app.conf.broker_transport_options = {
        "data_folder_in": tmp_path / "queue",
        "data_folder_out": tmp_path / "queue",
        "control_folder": tmp_path / "control",
    }
    command = [sys.executable, "-m", "celery", "--app", "shop", "worker", "--pool", "prefork", "--concurrency", "2"]
    log = tmp_path / "log"
    with (
        log.open("w") as said,
        subprocess.Popen(
            [*command, "--without-gossip", "--without-mingle", "--without-heartbeat"],
            cwd=tmp_path,
            env={**os.environ, "TASKER_DATABASE_URL": database_url},
            stdout=said,
            stderr=said,
        ) as pool,
    ):
        try:
            looks = [app.send_task("shop.look") for _ in range(4)]
            for look in looks:
                count, pid, parent = look.get(timeout=60)
                assert (count, parent) == (0, pool.pid) and pid != parent, log.read_text()
            pool.terminate()
            assert pool.wait(60) == 0, log.read_text()
        finally:
            pool.kill()

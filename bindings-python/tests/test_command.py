"""The worker command, the ``tasker`` command, and finding handlers."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import tasker
from conftest import chain

HANDLERS = """
import tasker

@tasker.handler("pay")
def pay(step):
    return {"paid": %s}
"""


@contextmanager
def running(*arguments: str, cwd: Path, database_url: str) -> Iterator[subprocess.Popen[str]]:
    """``python -m tasker worker``, until the block ends: then it must end well by SIGTERM."""
    command = [sys.executable, "-m", "tasker", "worker", *arguments]
    environment = {**os.environ, "TASKER_DATABASE_URL": database_url, "PYTHONDONTWRITEBYTECODE": "1"}
    with subprocess.Popen(command, cwd=cwd, env=environment, stderr=subprocess.PIPE, text=True) as process:
        try:
            yield process
            process.terminate()
            assert process.wait(30) == 0
        finally:
            process.kill()


def pay(client: tasker.Client) -> object:
    """What `pay` returns."""
    task_id = client.create_task("order").task_id
    assert client.wait(task_id, within_seconds=30).status == "complete"
    return client.step(task_id, "pay").results["paid"]


@pytest.fixture
def shop(client: tasker.Client) -> tasker.Client:
    """A client whose database knows `order`."""
    client.register_template(chain("order", "pay"))
    return client


@pytest.mark.parametrize("place", ["handlers.py", "./parts", "parts.pay", "package"])
def test_the_worker_finds_modules_packages_files_and_folders(
    shop: tasker.Client, database_url: str, tmp_path: Path, place: str
) -> None:
    (tmp_path / "handlers.py").write_text(HANDLERS % 1)
    for folder in ("parts", "package"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "pay.py").write_text(HANDLERS % 1)
    (tmp_path / "package" / "__init__.py").write_text("")
    with running(place, cwd=tmp_path, database_url=database_url):
        assert pay(shop) == 1


def test_a_worker_starts_anew_when_a_file_changes(shop: tasker.Client, database_url: str, tmp_path: Path) -> None:
    file = tmp_path / "handlers.py"
    file.write_text(HANDLERS % 1)
    with running("handlers", "--reload", cwd=tmp_path, database_url=database_url) as process:
        assert pay(shop) == 1
        file.write_text("this is no Python\n")
        assert process.stderr is not None
        assert any("waiting for a change" in line for line in process.stderr)
        file.write_text(HANDLERS % 2)
        assert pay(shop) == 2


def test_a_module_that_is_not_there_is_named(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "tasker", "worker", "nowhere"]
    ended = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False)
    assert ended.returncode != 0 and "nowhere" in ended.stderr
    with pytest.raises(FileNotFoundError, match="the path of a Python file or a folder"):
        tasker.scan(tmp_path / "nowhere.py")


def test_the_tasker_command_is_in_the_package(shop: tasker.Client, database_url: str) -> None:
    command = [str(Path(sys.executable).with_name("tasker")), "task", "list", "--json", "--database-url", database_url]
    listed = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert (listed.returncode, listed.stderr) == (0, "")
    wrong = subprocess.run([sys.executable, "-m", "tasker", "tsk"], capture_output=True, text=True, timeout=60, check=False)
    assert wrong.returncode == 2 and "tsk" in wrong.stderr


def test_a_second_signal_ends_it_at_once(shop: tasker.Client, database_url: str, tmp_path: Path) -> None:
    (tmp_path / "handlers.py").write_text(
        "import time, tasker\n@tasker.handler('pay')\ndef pay(step):\n    print('begun', flush=True)\n    time.sleep(60)\n"
    )
    command = [sys.executable, "-m", "tasker", "worker", "handlers"]
    environment = {**os.environ, "TASKER_DATABASE_URL": database_url}
    with subprocess.Popen(
        command, cwd=tmp_path, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        shop.create_task("order")
        assert process.stdout is not None and process.stderr is not None
        assert process.stdout.readline() == "begun\n"
        process.send_signal(signal.SIGINT)
        assert any("once more to end at once" in line for line in process.stderr)
        process.send_signal(signal.SIGINT)
        assert process.wait(30) == 128 + signal.SIGINT

"""The package, installed as a user would: into an empty environment, away from the clone."""

from __future__ import annotations

import os
import platform
import re
import subprocess
import venv
from pathlib import Path

import pytest
import tasker

README = Path(__file__).parents[1] / "README.md"


def first_example() -> list[str]:
    """The programs of the first example, in order."""
    section = README.read_text().split("## First task")[1].split("\n## ")[0]
    return re.findall(r"```python\n(.*?)```", section, re.DOTALL)


@pytest.fixture
def environment(tmp_path: Path) -> Path:
    """The interpreter of an environment with nothing in it."""
    venv.create(tmp_path / "environment", with_pip=True)
    return tmp_path / "environment" / "bin" / "python"


@pytest.mark.parametrize("form", ["wheel", "sdist"])
def test_the_first_example_runs_from_the_package_alone(environment: Path, tmp_path: Path, database_url: str, form: str) -> None:
    package = os.environ.get(f"TASKER_{form.upper()}")
    if not package:
        pytest.skip(f"TASKER_{form.upper()} names no package: scripts/python builds one")
    install = [environment, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", package]
    subprocess.run(install, check=True, cwd=tmp_path)

    orders, program = first_example()
    (tmp_path / "orders.py").write_text(orders)
    clean = {key: value for key, value in os.environ.items() if not key.startswith(("PYTHON", "TASKER_"))}
    ran = subprocess.run(
        [environment, "-c", program],
        cwd=tmp_path,
        env={**clean, "TASKER_DATABASE_URL": database_url},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert (ran.returncode, ran.stdout) == (0, "complete\n{'charged': 42}\n"), ran.stderr
    command = environment.with_name("tasker")
    assert subprocess.run([command, "--version"], check=True, capture_output=True).stdout.startswith(b"tasker 2.")


@pytest.mark.skipif(
    platform.libc_ver()[0] != "glibc" or platform.machine() not in ("x86_64", "aarch64"),
    reason="the wheel needs no certain glibc here",
)
def test_the_wheel_needs_no_newer_glibc_than_it_says() -> None:
    wheel = os.environ.get("TASKER_WHEEL")
    if not wheel:
        pytest.skip("TASKER_WHEEL names no package: scripts/python builds one")
    assert Path(wheel).stem.endswith(f"-cp310-abi3-manylinux_2_28_{platform.machine()}")
    check = Path(__file__).parents[2] / "scripts" / "check-glibc"
    checked = subprocess.run([check, tasker._native.__file__], capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stderr

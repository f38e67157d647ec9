"""Finding handlers: modules are imported, and what they register is there."""

from __future__ import annotations

import importlib
import importlib.util
import os
import pkgutil
import sys
from pathlib import Path
from types import ModuleType


def scan(*places: str | os.PathLike[str]) -> list[str]:
    """Import modules, so that the handlers in them are registered.

    Args:
        *places: Names of modules (``myapp.workflows``), of packages, whose modules are all imported, paths of files
            (``./orders.py``), or of folders, whose files are all imported.

    Returns:
        The names of the imported modules.

    Raises:
        ModuleNotFoundError: There is no such module; the current folder is searched first.
        FileNotFoundError: There is no such file.
    """
    imported: list[str] = []
    for place in places:
        text = os.fspath(place)
        if text.endswith(".py") or os.sep in text or (Path(text).is_dir() and not _is_importable(text)):
            imported += _scan_path(Path(text))
        else:
            imported += _scan_name(text)
    return imported


def _is_importable(name: str) -> bool:
    try:
        return importlib.util.find_spec(name) is not None
    except (ImportError, ValueError):
        return False


def _scan_name(name: str) -> list[str]:
    return _with_modules(importlib.import_module(name))


def _with_modules(module: ModuleType) -> list[str]:
    """A module, and if it is a package all modules in it."""
    names = [module.__name__]
    for found in pkgutil.walk_packages(getattr(module, "__path__", ()), module.__name__ + "."):
        if found.name.rpartition(".")[2] != "__main__":
            importlib.import_module(found.name)
            names.append(found.name)
    return names


def _scan_path(path: Path) -> list[str]:
    path = path.resolve()
    if not path.exists():
        raise FileNotFoundError(f"there is no {path}: give the name of a module, or the path of a Python file or a folder")
    if path.is_dir() and not (path / "__init__.py").exists():
        _search_first(path)
        return [name for file in sorted(path.glob("*.py")) for name in _with_modules(_import_file(file))]
    _search_first(path.parent)
    return _with_modules(_import_file(path / "__init__.py" if path.is_dir() else path))


def _search_first(folder: Path) -> None:
    if str(folder) not in sys.path:
        sys.path.insert(0, str(folder))


def _import_file(file: Path) -> ModuleType:
    """A file as the module that its name says; what another file imported by that name is the same module."""
    name = file.parent.name if file.name == "__init__.py" else file.stem
    module = importlib.import_module(name)
    if Path(module.__file__ or "").resolve() != file:
        raise ImportError(f"{file} cannot be imported: the name '{name}' means {module.__file__} here; give it another name")
    return module

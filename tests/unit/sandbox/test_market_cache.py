"""Compiled code on disk is good for one state of all sources, not of the defining file alone."""

import importlib.util
import os
import sys
from pathlib import Path
from types import ModuleType

import pytest
from numba import njit

from hydra_quant.sandbox.market.jit import compiled, digest

USER = "from market_part import K\n\ndef value():\n    return K\n"


def load(folder: Path, name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, folder / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def write(folder: Path, constant: int) -> None:
    """Change the sibling; the file that defines the function keeps its time and size."""
    (folder / "market_part.py").write_text(f"K = {constant}\n")
    (folder / "market_user.py").write_text(USER)
    os.utime(folder / "market_user.py", (1e9, 1e9))


@pytest.fixture
def served(tmp_path, monkeypatch):
    """Return what a freshly loaded, compiled function answers after the sibling changed."""
    monkeypatch.setattr(sys, "dont_write_bytecode", True)

    def answer(decorate, constant: int) -> int:
        write(tmp_path, constant)
        monkeypatch.setitem(sys.modules, "market_part", load(tmp_path, "market_part"))
        user = load(tmp_path, "market_user")
        monkeypatch.setitem(sys.modules, "market_user", user)
        return decorate(user.value, digest(tmp_path))()

    return answer


def test_a_changed_sibling_is_compiled_again_and_an_unchanged_one_is_not(served):
    assert [served(compiled, constant) for constant in (11, 22, 11)] == [11, 22, 11]


def test_the_ordinary_cache_serves_stale_code(served):
    def stock(function, sources):
        return njit(cache=True)(function)

    assert [served(stock, constant) for constant in (11, 22)] == [11, 11]


def test_the_digest_sees_names_and_content(tmp_path):
    write(tmp_path, 1)
    before = digest(tmp_path)
    assert digest(tmp_path) == before
    write(tmp_path, 2)
    assert digest(tmp_path) != before
    write(tmp_path, 1)
    (tmp_path / "market_user.py").rename(tmp_path / "other.py")
    assert digest(tmp_path) != before

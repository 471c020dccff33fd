"""README.md and docs/api.md: their Python runs and prints what they show; the page of the API names all of it."""

import contextlib
import dataclasses
import io
import re
import shutil
from pathlib import Path
from typing import Any

import pytest

import dp
import dp.api
from tests.factories import REPOSITORY
from tests.render import untrained

PLAYERS = ("ada", "bruno", "clara")
BLOCK = re.compile(r"^```python\n(?P<code>.*?)^```$(\n+```text\n(?P<printed>.*?)^```$)?", re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize("page", ["README.md", "docs/api.md"])
def test_python_on_a_page_runs_and_prints_what_the_page_shows(
    page: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, demo: Path
) -> None:
    shutil.copytree(demo, tmp_path / "demo-corpus")  # which make_demo finds, and leaves
    untrained.save(untrained.model_set(PLAYERS, PLAYERS), tmp_path / "models" / "sketch")
    monkeypatch.chdir(tmp_path)
    blocks = list(BLOCK.finditer((REPOSITORY / page).read_text(encoding="utf-8")))
    assert len(blocks) >= 2
    names: dict[str, Any] = {}
    for block in blocks:
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed):
            exec(block["code"], names)
        assert printed.getvalue() == (block["printed"] or "")


def test_readme_opens_with_five_lines_of_python_and_what_they_print() -> None:
    text = (REPOSITORY / "README.md").read_text(encoding="utf-8")
    first = BLOCK.search(text)
    assert first is not None
    assert text[: first.start()].count("\n## ") == 0
    assert len([line for line in first["code"].splitlines() if line]) == 5
    assert first["printed"]


def test_the_page_of_the_api_names_all_of_it() -> None:
    text = (REPOSITORY / "docs" / "api.md").read_text(encoding="utf-8")
    columns = [field.name for field in dataclasses.fields(dp.AlignedNotes)]
    keywords = [*dp.api.AlignKeywords.__annotations__, *dp.api.RenderKeywords.__annotations__]
    missing = [f"dp.{name}" for name in dp.__all__ if not re.search(rf"`dp\.{name}\b", text)]
    missing += [name for name in [*columns, *keywords] if f"`{name}`" not in text]
    assert missing == []

"""docs/architecture.md is true: places, floors, who imports what; and so are paths and commands on all pages."""

import ast
import re
import tomllib
from functools import cache
from pathlib import Path
from typing import Any

import grimp
import pytest

from tests.factories import REPOSITORY

PAGES = [REPOSITORY / "README.md", REPOSITORY / "CONTRIBUTING.md", *sorted((REPOSITORY / "docs").glob("*.md"))]
TOP = ("bench/", "docs/", "flows/", "notebooks/", "tests/")
FILE = re.compile(r"[\w-]+\.(py|toml)")  # named without a folder, it stands at the root
MADE = ("bench/", "docs/", "dp/", "flows/", "notebooks/", "tests/")  # paths that begin so are the repository's
MAX_MODULE_LINES, MAX_BODY_LINES = 400, 50


def table_rows(heading: str) -> list[list[str]]:
    """Cells of the table of docs/architecture.md whose head begins with this cell."""
    text = (REPOSITORY / "docs" / "architecture.md").read_text(encoding="utf-8")
    lines = text[text.index(f"| {heading} |") :].split("\n\n")[0].splitlines()
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[2:]]


def module_name(place: str) -> str:
    return place.removesuffix("/").removesuffix(".py").replace("/", ".")


@cache
def contracts() -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["tool"]["importlinter"][
        "contracts"
    ]
    return found


@cache
def imports() -> grimp.ImportGraph:
    return grimp.build_graph("dp", "flows", include_external_packages=True, cache_dir=None)


def room_of(module: str) -> str:
    """The place of the table that a module belongs to, as a module."""
    return "flows" if module.startswith("flows") else ".".join(module.split(".")[:2])


def test_every_place_stands_in_the_table_once_and_nothing_else_does() -> None:
    stated = [re.findall("`([^`]+)`", row[0]) for row in table_rows("place")]
    assert all(len(names) == 1 for names in stated)
    found = [f"{path.parent.relative_to(REPOSITORY)}/" for path in (REPOSITORY / "dp").rglob("*/__init__.py")]
    found += [f"dp/{path.name}" for path in (REPOSITORY / "dp").glob("*.py") if path.name != "__init__.py"]
    assert sorted(name for names in stated for name in names) == sorted([*found, *TOP])


def test_the_floors_are_those_of_the_contract_in_its_order() -> None:
    (layers,) = [contract["layers"] for contract in contracts() if contract["type"] == "layers"]
    floors = {name: floor for floor, layer in enumerate(reversed(layers)) for name in layer.split(" | ")}
    rows = [(module_name(row[0].strip("`")), int(row[2])) for row in table_rows("place") if row[2]]
    wings = {name: floor for name, floor in rows if name.count(".") > 1}
    assert {name: floor for name, floor in rows if name not in wings} == floors
    assert all(floor == floors[room_of(name)] for name, floor in wings.items())
    assert [floor for _, floor in rows] == sorted((floor for _, floor in rows), reverse=True)


CLAIMS = [
    (package, {module_name(place) for place in re.findall("`([^`]+)`", row[1])})
    for row in table_rows("package")
    for package in row[0].split(", ")
]


@pytest.mark.parametrize(("package", "places"), CLAIMS)
def test_a_package_is_imported_where_the_page_says_and_the_contracts_forbid_it_elsewhere(
    package: str, places: set[str]
) -> None:
    graph = imports()
    importers = graph.find_modules_that_directly_import(package) if package in graph.modules else set()
    assert {room_of(module) for module in importers} <= places
    assert package == "dvc" or {room_of(module) for module in importers} == places  # DVC is started as a program
    (forbidden,) = [contract for contract in contracts() if package in contract.get("forbidden_modules", ())]
    rooms = {module_name(row[0].strip("`")) for row in table_rows("place") if row[2]}
    kept_out = set(forbidden["source_modules"])
    expected = {room for room in rooms if room.count(".") <= 1} - places
    assert kept_out == ({"dp"} if "dp" in kept_out else expected)
    assert "dp" not in kept_out or places == {"flows"}


def test_there_are_claims_about_all_packages_that_contracts_forbid() -> None:
    forbidden = [name for contract in contracts() for name in contract.get("forbidden_modules", ())]
    assert sorted(package for package, _ in CLAIMS) == sorted(forbidden)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_paths_and_commands_on_a_page_are_there(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    named = [name for name in re.findall(r"`([^`\s]+)`", text) if not set("<>*") & set(name)]
    paths = [name for name in named if name.startswith(MADE) or FILE.fullmatch(name)]
    assert [name for name in paths if not (REPOSITORY / name).exists()] == []
    modules = re.findall(r"python -m ((?:dp|flows|bench)[\w.]*)", text)
    places = [REPOSITORY / name.rstrip(".").replace(".", "/") for name in modules]
    files = [place / "__main__.py" if place.is_dir() else place.with_suffix(".py") for place in places]
    assert [path for path in files if not path.is_file()] == []


def body_lines(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Lines of a function without its head and docstring."""
    body = function.body[1:] if ast.get_docstring(function) is not None else function.body
    return (function.end_lineno or 0) - body[0].lineno + 1 if body else 0


def test_modules_and_functions_are_short() -> None:
    long = []
    for path in sorted([*(REPOSITORY / "dp").rglob("*.py"), *(REPOSITORY / "flows").rglob("*.py")]):
        text = path.read_text(encoding="utf-8")
        if len(text.splitlines()) > MAX_MODULE_LINES:
            long.append(str(path))
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and body_lines(node) > MAX_BODY_LINES:
                long.append(f"{path}:{node.lineno} {node.name}")
    assert long == []


def test_dvc_finds_one_pipeline_in_the_repository() -> None:
    """DVC reads every dvc.yaml below the folder, and does nothing at all where one of them is no pipeline."""
    assert (REPOSITORY / "dvc.yaml").is_file()
    assert [file for folder in MADE for file in (REPOSITORY / folder).rglob("dvc.yaml")] == []

"""Find the code that a result depends on: what a root module imports, directly or through others, and no list.

The closure is that of static imports (grimp), those inside functions among them. Left out are the parameters, which
count by their values instead. Versions of third-party packages that decide a result count too, and those of packages
that only hold it do not.
"""

import ast
import hashlib
import importlib.metadata
import importlib.util
from collections.abc import Iterable
from functools import cache
from pathlib import Path

import grimp

PACKAGE = "dp"
LEFT_OUT = frozenset(
    {
        "dp.config",  # parameters count by value, as they are resolved
        "dp.presets",
        "dp.version",  # says who made a result, and not what it is
    }
)
# They hold a result, or bring it about elsewhere, and do not decide it.
INDIFFERENT_PACKAGES = frozenset({"dask", "distributed", "grimp", "pandas", "pyarrow", "safetensors", "yaml"})
TEXT_SUFFIXES = (".py", ".pyc", ".md")  # of what lies beside a module without being its data


@cache
def compute_code_digest(*roots: str) -> str:
    """Compute the digest of all code and data files that the modules `roots` depend on.

    Python counts without its comments, docstrings and layout, so that these do not cost a recomputation. Files beside
    a module that are no Python, such as the weights of a net, count with it.

    Args:
        roots: full names of modules of this library.

    Returns:
        40 hexadecimal digits.

    Raises:
        ModuleNotFoundError: there is no such module.
    """
    digest = hashlib.sha256()
    for name in sorted(find_closure(*roots)):
        for path in _list_files(name):
            content = path.read_bytes()
            digest.update(f"{name}/{path.name}:".encode())
            digest.update(_strip_source(content) if path.suffix == ".py" else content)
    for package, version in find_versions(*roots).items():
        digest.update(f"{package}=={version}".encode())
    return digest.hexdigest()[:40]


def find_closure(*roots: str) -> frozenset[str]:
    """Find the modules of this library that the modules `roots` import, directly or through others; with `roots`.

    Raises:
        ModuleNotFoundError: there is no such module.
    """
    return frozenset(name for name in _find_reached(roots) if _is_ours(name))


def find_versions(*roots: str) -> dict[str, str]:
    """Find the versions of the packages of others that decide a result of `roots`, by name of the import.

    Raises:
        ModuleNotFoundError: there is no such module.
    """
    names = sorted(
        {name.partition(".")[0] for name in _find_reached(roots) if not _is_ours(name)} - INDIFFERENT_PACKAGES
    )
    return {name: version for name in names if (version := _find_version(name))}


@cache
def _build_graph() -> grimp.ImportGraph:
    return grimp.build_graph(
        PACKAGE, include_external_packages=True, exclude_type_checking_imports=True, cache_dir=None
    )


def _find_reached(roots: Iterable[str]) -> set[str]:
    graph, reached, waiting = _build_graph(), set[str](), list(roots)
    while waiting:
        name = waiting.pop()
        if name in reached or name in LEFT_OUT:
            continue
        if name not in graph.modules:
            raise ModuleNotFoundError(f"no module {name}")
        reached.add(name)
        waiting += graph.find_modules_directly_imported_by(name)
    return reached


def _is_ours(name: str) -> bool:
    return name.partition(".")[0] == PACKAGE


def _list_files(name: str) -> list[Path]:
    """List the source of a module, and the data files beside it."""
    spec = importlib.util.find_spec(name)
    if spec is None or spec.origin is None:
        raise ModuleNotFoundError(f"no module {name}")
    source = Path(spec.origin)
    beside = (path for path in source.parent.iterdir() if path.is_file() and path.suffix not in TEXT_SUFFIXES)
    return [source, *sorted(path for path in beside if not path.name.startswith("."))]


@cache
def _strip_source(source: bytes) -> bytes:
    tree = ast.parse(source)
    for node in ast.walk(tree):
        body = getattr(node, "body", None)
        if isinstance(body, list):
            node.body = [  # type: ignore[attr-defined]
                part for part in body if not (isinstance(part, ast.Expr) and isinstance(part.value, ast.Constant))
            ]
    return ast.dump(tree).encode()


def _find_version(package: str) -> str:
    """Find the version of an installed package; empty for one of Python's own or one that is not installed."""
    try:
        version = importlib.metadata.version(package)  # of all that we import, the distribution has the import's name
    except importlib.metadata.PackageNotFoundError:
        return ""
    if package == "soundfile":
        import soundfile

        version += f" {soundfile.__libsndfile_version__}"  # which decodes; on Linux it need not be the wheel's own
    return version

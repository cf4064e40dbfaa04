"""The house: short functions, short lines, no circles, one class of a name."""

import ast
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import gi_core

ROOT = Path(gi_core.__file__).parent
FUNCTION, LINE = 60, 120
FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)


def modules() -> dict[str, tuple[Path, ast.Module]]:
    found = {}
    for path in sorted(ROOT.rglob("*.py")):
        name = ".".join(("gi_core", *path.relative_to(ROOT).with_suffix("").parts)).removesuffix(".__init__")
        found[name] = (path, ast.parse(path.read_text(encoding="utf-8")))
    return found


def test_no_function_is_longer_than_a_page() -> None:
    long = [
        f"{path.relative_to(ROOT)}:{node.lineno} {node.name}: {node.end_lineno - node.lineno + 1} lines"
        for path, tree in modules().values()
        for node in ast.walk(tree)
        if isinstance(node, FUNCTIONS) and node.end_lineno and node.end_lineno - node.lineno + 1 > FUNCTION
    ]
    assert long == []


def test_no_line_is_longer_than_a_window() -> None:
    """A remark to a checker and a row of a table cannot be broken."""
    long = [
        f"{path.relative_to(ROOT)}:{number}"
        for path, _ in modules().values()
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if len(line.partition("  # type: ignore")[0]) > LINE and not line.startswith("|")
    ]
    assert long == []


def test_no_two_classes_share_a_name() -> None:
    places = defaultdict(list)
    for name, (_, tree) in modules().items():
        for node in tree.body:
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                places[node.name].append(name)
    assert {name: found for name, found in places.items() if len(found) > 1} == {}


def imports(tree: ast.AST, known: set[str], inside: bool = False) -> Iterator[tuple[str, bool]]:
    """(module of ours, whether inside a function) for each import that runs; not those for type checkers only."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test):
            continue
        if isinstance(node, ast.Import):
            yield from ((alias.name, inside) for alias in node.names if alias.name in known)
        elif isinstance(node, ast.ImportFrom) and node.module:
            for alias in node.names:
                full = f"{node.module}.{alias.name}"
                target = full if full in known else node.module
                if target in known:
                    yield target, inside
        yield from imports(node, known, inside or isinstance(node, FUNCTIONS))


def circles(edges: dict[str, set[str]]) -> list[list[str]]:
    """What is left when modules that import nothing that is left, or that nothing left imports, are taken away."""
    left = {name: {target for target in targets if target != name} for name, targets in edges.items()}
    while True:
        imported = {target for targets in left.values() for target in targets}
        free = {name for name, targets in left.items() if not targets & left.keys() or name not in imported}
        if not free:
            return [sorted(left)] if left else []
        left = {name: targets - free for name, targets in left.items() if name not in free}


def test_no_module_imports_itself_by_a_detour() -> None:
    found = modules()
    edges = {name: {t for t, inside in imports(tree, set(found)) if not inside} for name, (_, tree) in found.items()}
    assert circles(edges) == []


def test_no_room_imports_itself_by_a_detour() -> None:
    """Imports inside functions count here."""
    found, edges = modules(), defaultdict(set)
    room = lambda name: ".".join(name.split(".")[:2])
    for name, (_, tree) in found.items():
        for target, _ in imports(tree, set(found)):
            if name != "gi_core" and target != "gi_core":
                edges[room(name)].add(room(target))
                edges[room(target)] |= set()
    assert circles(dict(edges)) == []


def test_a_circle_would_be_seen() -> None:
    assert circles({"a": {"b"}, "b": {"c"}, "c": {"b"}, "d": set()}) == [["b", "c"]]
    assert circles({"a": {"b"}, "b": {"c"}, "c": set()}) == []

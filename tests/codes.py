"""The codes that the source can answer with, and their rules, found by reading the source.

A code is a literal where a refusal or a problem is made, a constant of the module, or a variable of
the function. Where a code is passed on that was made elsewhere, the function counts as unread.
"""

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
Function = ast.FunctionDef | ast.AsyncFunctionDef
_CODE, _RULE = re.compile(r"[a-z]+(_[a-z]+)*"), re.compile(r"D-[0-9]+")
_MADE_BY = {"Refused": (0, ""), "NotFound": (0, "_not_found"), "ItemsRefused": (1, "")}
"""Which argument of a refusal is its code, or begins it, and how it goes on."""


@dataclass
class Codes:
    """Every code, with the rules that are named where it is made."""

    rules: dict[str, set[str]] = field(default_factory=dict[str, set[str]])
    unread: set[str] = field(default_factory=set[str])
    """Functions whose codes can't be read there, as `path: name`."""

    def add(self, code: str, where: ast.AST) -> None:
        named = {text for text in _texts(where) if _RULE.fullmatch(text)}
        self.rules.setdefault(code, set()).update(named)


@cache
def codes() -> Codes:
    """All of them."""
    trees = {
        path.relative_to(ROOT).as_posix(): ast.parse(path.read_text(encoding="utf-8"))
        for room in ("aggregates", "projections", "service")
        for path in sorted((ROOT / room).rglob("*.py"))
        if "openapi" not in path.parts  # it documents what others make
    }
    made_by = _refusals(list(trees.values()))
    found = Codes()
    for path, tree in trees.items():
        for node, function, owner in _nodes(tree):
            if isinstance(node, Function):
                _add_defaults(node, found)
            for code, suffix in _coded(node, owner, made_by):
                texts = _values(code, function, tree)
                for text in texts:
                    found.add(text + suffix, node)
                if not texts:
                    found.unread.add(f"{path}: {function.name if function else ''}")
    return found


def _refusals(trees: list[ast.Module]) -> dict[str, tuple[int, str]]:
    """Classes of refusals: those above, and what derives from them without an `__init__`."""
    classes = [n for tree in trees for n in ast.walk(tree) if isinstance(n, ast.ClassDef)]
    known = dict(_MADE_BY)
    for _ in range(3):  # as deep as the tree of refusals is
        for each in classes:
            bases = [base.id for base in each.bases if isinstance(base, ast.Name)]
            own = any(isinstance(n, ast.FunctionDef) and n.name == "__init__" for n in each.body)
            if not own and (base := next((name for name in bases if name in known), None)):
                known[each.name] = known[base]
    return known


def _nodes(
    node: ast.AST, function: Function | None = None, owner: ast.ClassDef | None = None
) -> Iterator[tuple[ast.AST, Function | None, ast.ClassDef | None]]:
    """Every node below, with the function and the class that it stands in."""
    for child in ast.iter_child_nodes(node):
        yield child, function, owner
        within = child if isinstance(child, Function) else function
        yield from _nodes(child, within, child if isinstance(child, ast.ClassDef) else owner)


def _coded(
    node: ast.AST, owner: ast.ClassDef | None, made_by: dict[str, tuple[int, str]]
) -> Iterator[tuple[ast.expr, str]]:
    """The expressions of codes in a node, and how each goes on."""
    if isinstance(node, ast.Dict):
        for key, value in zip(node.keys, node.values, strict=True):
            if isinstance(key, ast.Constant) and key.value == "code":
                yield value, ""
    if not isinstance(node, ast.Call):
        return
    yield from ((given.value, "") for given in node.keywords if given.arg == "code")
    name = node.func.id if isinstance(node.func, ast.Name) else ""
    if name == "one_response":
        yield node.args[1], "_not_found"
    if _is_super_init(node) and owner:
        bases = [base.id for base in owner.bases if isinstance(base, ast.Name)]
        name = next((base for base in bases if base in made_by), "")
        if owner.name in _MADE_BY:
            return
    if name in made_by and len(node.args) > made_by[name][0]:
        index, suffix = made_by[name]
        yield node.args[index], suffix


def _is_super_init(node: ast.Call) -> bool:
    return ast.unparse(node.func) == "super().__init__"


def _add_defaults(function: Function, found: Codes) -> None:
    """Codes that a parameter `code` has unless told, with the rule told beside."""
    named = function.args.args[len(function.args.args) - len(function.args.defaults) :]
    for parameter, default in zip(named, function.args.defaults, strict=True):
        if parameter.arg == "code" and isinstance(default, ast.Constant) and default.value:
            found.add(str(default.value), function.args)


def _values(code: ast.expr, function: Function | None, tree: ast.Module) -> set[str]:
    """The codes that an expression may come to, empty when they can't be read."""
    if not isinstance(code, ast.Name):
        literal = isinstance(code, ast.Constant | ast.IfExp | ast.Call)
        return {text for text in _texts(code) if _CODE.fullmatch(text)} if literal else set()
    for scope in (function, tree):
        for node in ast.walk(scope) if scope else ():
            targets = node.targets if isinstance(node, ast.Assign) else []
            if any(isinstance(each, ast.Name) and each.id == code.id for each in targets):
                assert isinstance(node, ast.Assign)
                return _values(node.value, function, tree)
    return set()


def _texts(node: ast.AST) -> list[str]:
    literals = (part.value for part in ast.walk(node) if isinstance(part, ast.Constant))
    return [value for value in literals if isinstance(value, str)]

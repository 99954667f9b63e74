"""The small faults: one change of an operator, a condition, a number, a result or a statement at a time."""

import ast
import copy
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

_COMPARE: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
}
_ARITHMETIC: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.FloorDiv,
    ast.FloorDiv: ast.Mult,
    ast.Div: ast.Mult,
    ast.Mod: ast.Add,
}


class Mutant(NamedTuple):
    """One fault: where, what, and the module's text with it in."""

    line: int
    what: str
    source: str


def mutants(source: str) -> Iterator[Mutant]:
    """Every fault of a module, in the order of its lines.

    Left alone: texts (they are what is said, not what is decided), annotations, imports, `raise`, and
    the guard of type checking.
    """
    tree = ast.parse(source)
    for place, node in enumerate(ast.walk(tree)):
        node.place = place  # type: ignore[attr-defined]
    skipped = _skipped(tree)
    for node in ast.walk(tree):
        if node.place in skipped:  # type: ignore[attr-defined]
            continue
        for what, change in _changes(node):
            twin = copy.deepcopy(tree)
            target = next(each for each in ast.walk(twin) if each.place == node.place)  # type: ignore[attr-defined]
            change(target)
            yield Mutant(getattr(node, "lineno", 0), what, ast.unparse(ast.fix_missing_locations(twin)))


def _skipped(tree: ast.Module) -> set[int]:
    found: set[int] = set()

    def leave(node: ast.AST | None) -> None:
        if node is not None:
            found.update(each.place for each in ast.walk(node))  # type: ignore[attr-defined]

    for node in ast.walk(tree):
        match node:
            case ast.Import() | ast.ImportFrom() | ast.Raise() | ast.JoinedStr():
                leave(node)
            case ast.AnnAssign():
                leave(node.annotation)
            case ast.arg():
                leave(node.annotation)
            case ast.FunctionDef():
                leave(node.returns)
            case ast.If(test=ast.Name(id="TYPE_CHECKING")):
                leave(node)
            case ast.Subscript():
                if isinstance(node.value, ast.Name) and node.value.id in ("dict", "list", "tuple", "set"):
                    leave(node)
    return found


Change = Callable[[Any], None]


def _changes(node: ast.AST) -> Iterator[tuple[str, Change]]:
    match node:
        case ast.Compare(ops=[operator]) if type(operator) in _COMPARE:
            other = _COMPARE[type(operator)]
            yield f"{_name(operator)} becomes {other.__name__}", lambda it: it.ops.__setitem__(0, other())
        case ast.BinOp(op=operator) if type(operator) in _ARITHMETIC and not _is_text(node):
            new = _ARITHMETIC[type(operator)]
            yield f"{_name(operator)} becomes {new.__name__}", lambda it: setattr(it, "op", new())
        case ast.AugAssign(op=ast.Add()) if not _is_text(node.value):
            yield "+= becomes -=", lambda it: setattr(it, "op", ast.Sub())
        case ast.BoolOp():
            turned = ast.Or if isinstance(node.op, ast.And) else ast.And
            yield f"{_name(node.op)} becomes {turned.__name__}", lambda it: setattr(it, "op", turned())
        case ast.UnaryOp(op=ast.Not()):
            yield "not is dropped", lambda it: _become(it, it.operand)
        case ast.If() | ast.While() | ast.IfExp():
            yield "condition is turned round", lambda it: setattr(it, "test", ast.UnaryOp(ast.Not(), it.test))
        case ast.Constant(value=bool()):
            yield f"{node.value} becomes {not node.value}", lambda it: setattr(it, "value", not it.value)
        case ast.Constant(value=int()):
            yield f"{node.value} becomes {node.value + 1}", lambda it: setattr(it, "value", it.value + 1)
        case ast.Return(value=ast.expr()) if not (
            isinstance(node.value, ast.Constant) and node.value.value is None
        ):
            yield "returns None", lambda it: setattr(it, "value", ast.Constant(None))
        case ast.Expr(value=ast.Call()):
            yield "call is left out", lambda it: setattr(it, "value", ast.Constant(None))
        case ast.Break():
            yield "break becomes continue", lambda it: setattr(it, "__class__", ast.Continue)
        case ast.Continue():
            yield "continue becomes break", lambda it: setattr(it, "__class__", ast.Break)


def _name(operator: ast.AST) -> str:
    return type(operator).__name__


def _is_text(node: ast.AST) -> bool:
    """Whether some part of an expression is a text: adding and filling in texts is not arithmetic."""
    return any(
        isinstance(each, ast.JoinedStr) or (isinstance(each, ast.Constant) and isinstance(each.value, str))
        for each in ast.walk(node)
    )


def _become(node: Any, other: Any) -> None:
    node.__class__ = other.__class__
    node.__dict__ = other.__dict__

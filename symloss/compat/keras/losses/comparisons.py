"""``y_true == 1`` of PyTensor variables asks whether they are one object, so a user's loss must not write it."""

import ast
import inspect
import textwrap

from ....errors import SpecError

PLAIN = ("shape", "ndim", "dtype", "name")  # attributes that are no tensors


def refuse_comparisons(function, name: str) -> None:
    """Raise SpecError where a function of (y_true, y_pred) compares these, or what it makes of them, by == or !=.

    Such a comparison works for arrays, but is silently False for variables. Functions without source are not checked.
    """
    if str(getattr(function, "__module__", "")).startswith(__name__.rsplit(".", 2)[0]):
        return
    try:
        (tree,) = ast.parse(textwrap.dedent(inspect.getsource(function))).body
    except (OSError, TypeError, SyntaxError, ValueError):
        return
    if not isinstance(tree, ast.FunctionDef):
        return
    given = [argument.arg for argument in tree.args.args if argument.arg not in ("self", "cls")]
    tensors = set(given[:2])
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign) and _is_tensor(node.value, tensors):
            tensors |= {one.id for target in node.targets for one in ast.walk(target) if isinstance(one, ast.Name)}
    for node in ast.walk(tree):
        if not isinstance(node, ast.Compare) or not any(isinstance(op, ast.Eq | ast.NotEq) for op in node.ops):
            continue
        if any(_is_tensor(side, tensors) for side in (node.left, *node.comparators)):
            wanted = "equal" if isinstance(node.ops[0], ast.Eq) else "not_equal"
            sides = ", ".join(ast.unparse(side) for side in (node.left, *node.comparators))
            raise SpecError(f"loss {name} compares tensors with {ast.unparse(node)!r}, which is evaluated only once, "
                            f"while the graph is built. Write keras.ops.{wanted}({sides})")


def _is_tensor(node, tensors: set) -> bool:
    """Return whether an expression is made of tensors: by operators, indices, and calls of functions."""
    if isinstance(node, ast.Name):
        return node.id in tensors
    if isinstance(node, ast.Attribute):
        return node.attr not in PLAIN and _is_tensor(node.value, tensors)
    if isinstance(node, ast.Call):
        name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        of_tensors = isinstance(node.func, ast.Attribute) and _is_tensor(node.func.value, tensors)
        return name not in ("len", "shape", "ndim", "dtype", "isinstance") and (
            of_tensors or any(_is_tensor(argument, tensors) for argument in node.args))
    if isinstance(node, ast.BinOp):
        return _is_tensor(node.left, tensors) or _is_tensor(node.right, tensors)
    if isinstance(node, ast.UnaryOp):
        return _is_tensor(node.operand, tensors)
    return isinstance(node, ast.Subscript) and _is_tensor(node.value, tensors)

"""The statements of a module, at any depth. To walk through expressions, too, takes several times as long."""

import ast
from collections.abc import Iterator


def statements(node: ast.AST) -> Iterator[ast.AST]:
    """Yield the node and all statements and ``except`` clauses in it."""
    yield node
    for child in ast.iter_child_nodes(node):
        if not isinstance(child, ast.expr):
            yield from statements(child)

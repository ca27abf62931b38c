"""What CPython's own parser makes of texts: the test `reader_tests` starts this, and compares it with what our reader makes of them.

Reads one JSON string a line, and writes one JSON string a line: the tree in brackets, or `! line column` where it is no Python, or
`?` where the tree has something that no text can have.
"""

import ast
import json
import struct
import sys
import warnings

warnings.simplefilter("ignore")
sys.setrecursionlimit(20_000)
OPERATORS = {ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/", ast.FloorDiv: "//", ast.Mod: "%", ast.Pow: "**"}
COMPARISONS = {ast.Lt: "<", ast.LtE: "<=", ast.Gt: ">", ast.GtE: ">=", ast.Eq: "==", ast.NotEq: "!=", ast.In: "in", ast.NotIn: "notin",
               ast.Is: "==", ast.IsNot: "!="}


class Foreign(Exception):
    """Python that no text can have."""


def number(value):
    return f"#{struct.pack('>d', value).hex()}"


def constant(value):
    if value is True or value is False or value is None:
        return str(value)
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False)
    if isinstance(value, (int, float)):
        try:
            return number(float(value))
        except OverflowError:
            raise Foreign from None
    raise Foreign


def arguments(given):
    if given.posonlyargs or given.kwonlyargs or given.vararg or given.kwarg or given.defaults or any(one.annotation for one in given.args):
        raise Foreign
    return "(" + " ".join(one.arg for one in given.args) + ")"


def many(nodes):
    return " ".join(map(expression, nodes))


def expression(node):
    match node:
        case ast.Constant(value=value):
            return constant(value)
        case ast.Name(id=name):
            return name
        case ast.UnaryOp(op=ast.UAdd(), operand=value):
            return expression(value)
        case ast.UnaryOp(op=ast.USub(), operand=value):
            inner = expression(value)
            # A sign before a number is part of it.
            return number(-struct.unpack(">d", bytes.fromhex(inner[1:]))[0]) if inner.startswith("#") else f"(neg {inner})"
        case ast.UnaryOp(op=ast.Not(), operand=value):
            return f"(not {expression(value)})"
        case ast.BinOp(left=left, op=op, right=right) if type(op) in OPERATORS:
            return f"({OPERATORS[type(op)]} {expression(left)} {expression(right)})"
        case ast.BoolOp(op=op, values=values):
            return f"({'and' if isinstance(op, ast.And) else 'or'} {many(values)})"
        case ast.Compare(left=left, ops=ops, comparators=rest):
            pairs = " ".join(f"{COMPARISONS[type(op)]} {expression(right)}" for op, right in zip(ops, rest))
            return f"(compare {expression(left)} {pairs})"
        case ast.IfExp(test=test, body=then, orelse=otherwise):
            return f"(choose {expression(test)} {expression(then)} {expression(otherwise)})"
        case ast.Call(func=callee, args=given, keywords=[]):
            return f"(call {many([callee, *given])})"
        case ast.List(elts=items) | ast.Tuple(elts=items):
            return f"[{many(items)}]"
        case ast.Subscript(value=base, slice=index):
            return f"(at {expression(base)} {expression(index)})"
        case ast.Attribute(value=base, attr=name):
            return f"(of {expression(base)} {name})"
        case ast.Lambda(args=given, body=body):
            return f"(lambda {arguments(given)} {expression(body)})"
    raise Foreign


def block(nodes):
    return "{" + " ".join(map(statement, nodes)) + "}"


def statement(node):
    match node:
        case ast.Pass():
            return "pass"
        case ast.Expr(value=value):
            return f"(do {expression(value)})"
        case ast.Assign(targets=[target], value=value):
            return f"(= {expression(target)} {expression(value)})"
        case ast.AugAssign(target=target, op=op, value=value) if type(op) in OPERATORS:
            return f"({OPERATORS[type(op)]}= {expression(target)} {expression(value)})"
        case ast.If(test=test, body=body, orelse=otherwise):
            return f"(if {expression(test)} {block(body)} {block(otherwise)})"
        case ast.For(target=ast.Name(id=name), iter=over, body=body, orelse=[]):
            return f"(for {name} {expression(over)} {block(body)})"
        case ast.FunctionDef(name=name, args=given, body=[ast.Return(value=value)], decorator_list=[], returns=None) if value:
            return f"(def {name} {arguments(given)} {expression(value)})"
    raise Foreign


for line in sys.stdin:
    source = json.loads(line)
    try:
        found = block(ast.parse(source).body)
    except SyntaxError as error:
        found = f"! {error.lineno or 0} {error.offset or 0}"
    except (Foreign, RecursionError, MemoryError, ValueError):
        # A null character is a ValueError, wherever it stands.
        found = "?"
    print(json.dumps(found))

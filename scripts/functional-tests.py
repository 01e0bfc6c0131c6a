"""Runs one of Bitcoin Core's functional tests on a chain without blocks; scripts/functional-tests.mjs calls it.

    functional-tests.py whole|steps NAME [options of the test]

`whole` runs the test as it is, on an empty chain in place of the framework's 200 blocks. `steps` also runs it statement by
statement: one that fails is noted, and the next one goes on. So a test that mines a block in its middle shows what holds
before and behind it. The last line then tells the outcome of all statements, as JSON.

Nothing of a test is changed: the class is derived from, and its methods are read as Python gives them.
"""

import ast
import importlib
import inspect
import json
import socket
import sys
import textwrap

from test_framework.test_framework import BitcoinTestFramework

# How long a statement may wait for what never comes: as a part of the framework's minute, and for a socket in seconds.
PATIENCE = 0.2
SOCKET_PATIENCE = 10


def test_class(name):
    module = importlib.import_module(name)
    return next(
        each
        for each in vars(module).values()
        if isinstance(each, type) and issubclass(each, BitcoinTestFramework) and each.__module__ == name
    )


class Steps:
    """The statements of `run_test`, and of the methods that it calls, one by one."""

    def __init__(self, test):
        self.test = test
        self.globals = vars(sys.modules[type(test).__mro__[1].__module__])
        self.outcomes = []

    def run(self, function, *args):
        lines, first = inspect.getsourcelines(function)
        tree = ast.parse(textwrap.dedent("".join(lines)))
        ast.increment_lineno(tree, first - 1)
        names = [each.arg for each in tree.body[0].args.args]
        # One room for globals and locals: what a statement defines is seen by lambdas of the next.
        scope = {**self.globals, **dict(zip(names, (self.test, *args)))}
        for statement in tree.body[0].body:
            if isinstance(statement, ast.Return):
                return
            self.step(statement, scope, function)

    def step(self, statement, scope, function):
        own = self.own_call(statement)
        if own is not None:
            method = getattr(type(self.test), own.func.attr)
            try:
                args = [eval(compile(ast.Expression(each), "step", "eval"), scope) for each in own.args]
            except Exception:
                args = None
            if args is not None and len(args) == len(inspect.signature(method).parameters) - 1:
                return self.run(method, *args)
        if isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant):
            return
        if isinstance(statement, ast.If):
            try:
                holds = eval(compile(ast.Expression(statement.test), "step", "eval"), scope)
            except Exception:
                holds = None
            if holds is not None:
                for each in statement.body if holds else statement.orelse:
                    self.step(each, scope, function)
                return
        failure = None
        try:
            code = compile(ast.Module([statement], []), inspect.getsourcefile(function), "exec")
            exec(code, scope)
        except (Exception, SystemExit) as error:
            failure = f"{type(error).__name__}: {error}".split("\n")[0][:120]
        text = ast.unparse(statement)
        outcome = {"method": function.__name__, "line": statement.lineno, "text": text[:2000], "failure": failure}
        self.outcomes.append(outcome)

    def own_call(self, statement):
        """A statement that does nothing but call a method of the test's own class."""
        call = statement.value if isinstance(statement, ast.Expr) else None
        if not isinstance(call, ast.Call) or not isinstance(call.func, ast.Attribute) or call.keywords:
            return None
        is_self = isinstance(call.func.value, ast.Name) and call.func.value.id == "self"
        return call if is_self and call.func.attr in vars(type(self.test).__mro__[1]) else None


def main():
    mode, name = sys.argv.pop(1), sys.argv.pop(1)
    base = test_class(name)

    class OnEmptyChain(base):
        def set_test_params(self):
            base.set_test_params(self)
            self.setup_clean_chain = True

        def run_test(self):
            if mode == "whole":
                return base.run_test(self)
            self.options.timeout_factor *= PATIENCE
            socket.setdefaulttimeout(SOCKET_PATIENCE)
            steps = Steps(self)
            steps.run(base.run_test)
            print("STEPS " + json.dumps(steps.outcomes), flush=True)

    OnEmptyChain(sys.modules[base.__module__].__file__).main()


main()

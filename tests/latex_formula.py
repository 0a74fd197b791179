"""The displayed formulas of a notebook page as functions: a small part of LaTeX, translated to Python.

It reads `$$name = expression$$` blocks. A symbol with subscripts or an argument, such as `\\hat a_{os}` or
`f_o(S)`, is a function of its indices; the same letter with a different number of indices is another symbol.
Symbols that no block defines must be given.
"""

import re
from functools import cache, partial
from itertools import chain, combinations
from keyword import iskeyword
from math import exp, prod

TOKEN = re.compile(r"\\[A-Za-z]+|\\[,;]|\d+(?:\.\d+)?|\S")
RELATIONS = {
    "\\in": "for {i} in {of}",
    "\\notin": "for {i} in O() if {i} not in {of}",
    "<": "for {i} in E() if {i} < {of}",
    "\\ni": "for {i} in subsets(O()) if {of} in {i}",
}


def subsets(items):
    """Every subset of a set."""
    return [
        frozenset(chosen)
        for chosen in chain.from_iterable(combinations(sorted(items), size) for size in range(len(items) + 1))
    ]


class Translator:
    """One expression as tokens, translated to Python; indices in `bound` are variables."""

    def __init__(self, text, bound=()):
        self.tokens = [token for token in TOKEN.findall(text) if token not in ("\\,", "\\;")]
        self.bound = set(bound)

    def peek(self):
        return self.tokens[0] if self.tokens else ""

    def take(self, expected=None):
        token = self.tokens.pop(0)
        assert expected in (None, token), f"expected {expected}, found {token}{''.join(self.tokens)}"
        return token

    def whole(self):
        found = self.sum()
        assert not self.tokens, self.tokens
        return found

    def sum(self):
        found = f"-{self.odds()}" if self.peek() == "-" and self.take() else self.odds()
        while self.peek() in ("+", "-"):
            found = f"({found} {self.take()} {self.odds()})"
        return found

    def odds(self):
        found = self.product()
        while self.peek() == "\\otimes":
            self.take()
            found = f"otimes({found}, {self.product()})"
        return found

    def product(self):
        found = self.power()
        while self.peek() not in ("", "+", "-", "\\otimes", ")", "}", ","):
            sign = self.take() if self.peek() == "/" else "*"
            found = f"{found} {sign} {self.power()}"
        return f"({found})"

    def power(self):
        if self.tokens[:2] == ["e", "^"]:
            del self.tokens[:2]
            return f"exp({self.group()})"
        found = self.factor()
        while self.peek() == "^":
            self.take()
            found = f"({found} ** {self.group()})"
        return found

    def group(self):
        self.take("{")
        found = self.sum()
        self.take("}")
        return found

    def factor(self):
        token = self.peek()
        if token == "(":
            self.take()
            found = self.sum()
            self.take(")")
            return found
        if token == "\\frac":
            self.take()
            return f"({self.group()} / {self.group()})"
        if token in ("\\sum", "\\prod") or token in ("\\max", "\\min") and self.tokens[1] == "_":
            return self.over(self.take())
        if token in ("\\max", "\\min"):
            self.take()
            self.take("(")
            one = self.sum()
            self.take(",")
            other = self.sum()
            self.take(")")
            return f"{token[1:]}({one}, {other})"
        return self.take() if token[0].isdigit() else self.symbol()

    def over(self, operator):
        """A sum, product or maximum over indices; a sum reaches to the next plus or minus."""
        self.take("_")
        self.take("{")
        index, before = self.take(), set(self.bound)
        self.bound.add(index)
        if self.peek() == "=":
            self.take()
            first = self.sum()
            self.take("}")
            self.take("^")
            loop = f"for {index} in range({first}, {self.group()} + 1)"
        else:
            relation = self.take() if self.peek() != "}" else ""
            loop = (
                RELATIONS[relation].format(i=index, of=self.set())
                if relation
                else f"for {index} in subsets(O())"
                if index == "S"
                else f"for {index} in each_{index}()"
            )
            self.take("}")
        body = self.product() if operator == "\\sum" else self.power()
        self.bound = before
        name = operator.strip("\\")
        return f"{name}(({body} {loop}), default=0)" if name in ("max", "min") else f"{name}({body} {loop})"

    def set(self):
        found = self.symbol()
        if self.peek() == "\\cap":
            self.take()
            found = f"({found} & {self.symbol()})"
        return found

    def symbol(self):
        name, indices = self.name()
        return name if name in self.bound and not indices else f"{name}({', '.join(indices)})"

    def name(self):
        """A symbol and its indices, as written with a bar or hat, subscripts and an argument S."""
        token = self.take()
        name = f"{token}_{self.take()}" if token in ("\\bar", "\\hat") else token
        name = name.replace("\\", "")
        name += "_" if iskeyword(name) else ""
        assert name.replace("_", "").isalpha(), f"no symbol: {name}"
        indices = []
        if self.peek() == "_":
            self.take()
            if self.peek() == "{":
                self.take()
                while self.peek() != "}":
                    indices.append(self.take())
                self.take()
            else:
                indices.append(self.take())
        if self.tokens[:3] == ["(", "S", ")"]:
            del self.tokens[:3]
            indices.append("S")
        return name, indices


def formulas(source):
    """The blocks of Markdown as (symbol, its indices, the Python source of the expression), in order."""
    found = []
    for block in re.findall(r"\$\$(.+?)\$\$", source, re.DOTALL):
        left, _, right = block.partition("=")
        name, indices = ("otimes", ["p", "r"]) if "\\otimes" in left else Translator(left).name()
        found.append((name, indices, Translator(right, indices).whole()))
    return found


def evaluator(found, given):
    """A function that returns the value of a symbol for given indices.

    `given` maps symbols to values, or to functions of indices; if the number of indices fits, they come
    before formulas. Of several formulas of a symbol, one that names the index as a number comes first.
    """

    @cache
    def value(name, *indices):
        here = given.get(name)
        if callable(here) and here.__code__.co_argcount == len(indices):
            return here(*indices)
        if here is not None and not callable(here) and not indices:
            return here
        fitting = [
            row
            for row in found
            if row[0] == name
            and len(row[1]) == len(indices)
            and all(
                not letter.isdigit() or int(letter) == index
                for letter, index in zip(row[1], indices, strict=True)
            )
        ]
        assert fitting, f"neither a formula nor the test gives {name}{indices}"
        _, letters, code = max(fitting, key=lambda row: any(letter.isdigit() for letter in row[1]))
        return eval(code, scope | dict(zip(letters, indices, strict=True)))

    names = {name for *_, code in found for name in re.findall(r"([A-Za-z_]+)\(", code)}
    scope = {name: partial(value, name) for name in names}
    scope |= {
        "exp": exp,
        "prod": prod,
        "sum": sum,
        "max": max,
        "min": min,
        "range": range,
        "subsets": subsets,
    }
    return value

"""Sources with all of their mutants, each behind a question: for scripts/mutants.

A mutant is a place and its replacement, as cargo-mutants lists them. Operands are found from the tokens around an
operator; cargo-mutants knows which tokens are operators of expressions. Whatever stands in the place of another
has the text as it was, so that nothing grows by nesting.
"""

import bisect
import re

TOKEN = re.compile(
    r"""(?P<space>\s+|//[^\n]*|/\*.*?\*/)
  | (?P<literal>(?:br|cr|r)(?P<hashes>\#*)".*?"(?P=hashes) | [bc]?"(?:\\.|[^"\\])*" | b?'(?:\\.[^']*|[^'\\])'
    | 0[xob]\w+ | \d[\d_]*(?:\.\d[\d_]*|\.(?![.\w]))?(?:[eE][+-]?[\d_]+)?\w* | '\w+)
  | (?P<word>(?:r\#)?\w+)
  | (?P<sign><<=|>>=|\.\.\.|\.\.=|::|->|=>|==|!=|<=|>=|&&|\|\||\+=|-=|\*=|/=|%=|\^=|&=|\|=|<<|>>|\.\.|.)""",
    re.X | re.S,
)
STRENGTH = {"*": 10, "/": 10, "%": 10, "+": 9, "-": 9, "<<": 8, ">>": 8, "&": 7, "^": 6, "|": 5, "&&": 3, "||": 2}
STRENGTH |= {sign: 4 for sign in ["==", "!=", "<", ">", "<=", ">="]}
STRENGTH |= {sign + "=": 1 for sign in ["+", "-", "*", "/", "%", "^", "&", "|", "<<", ">>"]}
WORDS_AROUND = {"return", "break", "in", "if", "while", "match", "else", "let", "move", "const", "static"}
SIGNS_AROUND = {"(", "[", "{", ",", ";", "=", "=>", "..", "..=", ":", "->", "#", "|", "||", "@"}
SIGNS_AROUND |= {sign for sign, strength in STRENGTH.items() if strength == 1}
PAIRS = {")": "(", "]": "[", "}": "{"}


class Edit:
    """Text around a part of the source, and the keys of the mutants in it."""

    def __init__(self, start, end, front, back, of, rank=0):
        self.start, self.end, self.front, self.back, self.keys, self.rank = start, end, front, back, of, rank


class Constant:
    """A constant that has a function beside it, so that its value can be another where it is used."""

    def __init__(self, start, end, equals, mutated):
        self.start, self.end, self.equals, self.mutated = start, end, equals, mutated


class Rewritten:
    """The text with its edits, outer ones around inner ones, and which mutants its parts are of."""

    def __init__(self, held, edits):
        self.pieces, self.length, self.parts = [], 0, []
        skipped, marks = [], []
        for name, const in held.constants.items():
            if const.mutated:
                kind = held.text[slice(*const.equals)].replace("&", "&'static ").strip(" :=")
                front = [(f"fn chosen_{name}() -> {kind} {{", None)]
                back = f" }}\n{held.text[const.start : const.end]}"
                edits.append(Edit(const.start, const.end, front, back, [const.mutated], rank=3))
                skipped.append((const.start, const.equals[1]))
        for place, (word, first, last) in enumerate(held.tokens):
            if held.called(place) and not any(start <= first < end for start, end in skipped):
                edits.append(Edit(first, last, [("chosen_", None)], "()", [held.use(place)]))
        for number, edit in enumerate(edits):
            empty = edit.start == edit.end
            marks.append(((edit.start, 1, -float("inf") if empty else -edit.end, -edit.rank), number, True))
            if not empty:
                marks.append(((edit.end, 0, -edit.start, edit.rank), number, False))
        at, begun = 0, {}
        for (place, *_), number, opens in sorted(marks):
            self.copy(held.text, at, place, skipped)
            at, edit = place, edits[number]
            if opens:
                begun[number] = self.length
                for piece in edit.front:
                    self.put(*piece)
            else:
                self.put(edit.back)
                self.parts.append((begun[number], self.length, edit.keys))
        self.copy(held.text, at, len(held.text), skipped)
        self.text = "".join(self.pieces)
        self.lines = [0] + [match.end() for match in re.finditer("\n", self.text)]

    def copy(self, text, start, end, skipped):
        for first, last in skipped:
            if first < end and last > start:
                self.copy(text, start, max(start, first), ())
                start = min(end, last)
        self.put(text[start:end])

    def put(self, text, of=None):
        if of:
            self.parts.append((self.length, self.length + len(text), of))
        self.pieces.append(text)
        self.length += len(text)

    def blamed(self, line, column, code):
        """The mutants of the innermost part that is there, or of the arms that a match does not do without."""
        at = self.lines[line - 1] + column - 1
        if code == "E0004":
            end = start = self.text.index("{", at)
            depth = 1
            while depth:
                end += 1
                depth += {"{": 1, "}": -1}.get(self.text[end], 0)
            inside = [part[2] for part in self.parts if start < part[0] < end and "delete match arm" in part[2][0]]
            return sum(inside, [])
        around = [part for part in self.parts if part[0] <= at < part[1]]
        return min(around, key=lambda part: part[1] - part[0])[2] if around else []


class Text:
    """A source file as tokens: (text, start, end)."""

    def __init__(self, text, mutants):
        self.text, self.file = text, mutants[0]["file"]
        self.lines = [0] + [match.end() for match in re.finditer("\n", text)]
        matches = [match for match in TOKEN.finditer(text) if match.lastgroup != "space" and not match["space"]]
        self.tokens = [(match[0], match.start(), match.end()) for match in matches]
        self.starts = [token[1] for token in self.tokens]
        self.pair, stack = {}, []
        for place, (sign, _, _) in enumerate(self.tokens):
            if sign in "([{":
                stack.append(place)
            elif sign in PAIRS:
                self.pair[place] = stack.pop()
                self.pair[self.pair[place]] = place
        self.operators = {self.at(m["span"]["start"]) for m in mutants if m["genre"] == "BinaryOperator"}

    def at(self, place):
        return self.lines[place["line"] - 1] + place["column"] - 1

    def token(self, offset):
        return bisect.bisect_left(self.starts, offset)

    def operator(self, place):
        return self.starts[place] in self.operators

    def find(self, place, *signs):
        """The next of these outside brackets."""
        while self.tokens[place][0] not in signs:
            place = self.pair[place] + 1 if self.tokens[place][0] in "([{" else place + 1
        return place

    def find_constants(self, mutants, dropped):
        """Constants at the margin of the file, and which of them have mutants; others have them as they are."""
        self.constants, self.dropped = {}, dropped
        mutated = [self.token(self.at(mutant["span"]["start"])) for mutant in mutants]
        for place, (word, start, _) in enumerate(self.tokens):
            line = self.text[self.lines[bisect.bisect(self.lines, start) - 1] : start]
            if word not in ("const", "static") or not re.fullmatch(r"(pub(\([\w: ]+\))? )?", line):
                continue
            name, equals, end = self.tokens[place + 1][0], self.find(place, "="), self.find(place, ";")
            key = f"{self.file}: const {name}"
            holds = key not in dropped and any(place < at < end for at in mutated)
            bounds = self.tokens[place + 2][1], self.tokens[equals][2]
            self.constants[name] = Constant(start - len(line), self.tokens[end][1], bounds, holds and key)

    def use(self, place):
        return f"{self.file}: const {self.tokens[place][0]}, use {place}"

    def called(self, place):
        """Whether this word is a constant with mutants, where its value is asked for."""
        const = self.constants.get(self.tokens[place][0])
        if const is None or not const.mutated or self.use(place) in self.dropped:
            return False
        first = self.tokens[place][1]
        if any(item.start <= first < item.end and not item.mutated for item in self.constants.values()):
            return False
        before = [token[0] for token in self.tokens[max(place - 2, 0) : place]]
        return before[-1] not in (".", "const", "static") and (before[-1] != "::" or before[0] == "Self")

    def plain(self, start, end):
        """The text as it was, but for constants whose values are asked for."""
        out, at = [], start
        for place in range(self.token(start), len(self.tokens)):
            _, first, last = self.tokens[place]
            if first >= end:
                break
            if self.called(place):
                out += [self.text[at:first], "chosen_", self.text[first:last], "()"]
                at = last
        return "".join(out) + self.text[at:end]

    def generics(self, place, step):
        """The other end of `<...>`."""
        depth = 0
        while 0 <= place < len(self.tokens):
            sign = self.tokens[place][0]
            if sign in ("<", ">", "<<", ">>") and not self.operator(place):
                depth += (1 if sign[0] == "<" else -1) * len(sign)
                if depth == 0:
                    return place
            place += step
        raise ValueError("a < without its >")

    def left(self, operator, strength):
        """The first token of what stands left of it, and the token before."""
        first, place = operator, operator - 1
        while place >= 0:
            sign = self.tokens[place][0]
            if self.operator(place):
                if STRENGTH[sign] < strength:
                    break
            elif sign in PAIRS:
                after = self.tokens[place + 1][0]
                opening = self.pair[place]
                if sign == "}" and first != operator and after not in (".", "?"):
                    break
                if sign == "]" and self.tokens[opening - 1][0] == "#":
                    break
                place = opening
            elif sign in (">", ">>"):
                place = self.generics(place, -1)
            elif sign in SIGNS_AROUND or sign in WORDS_AROUND:
                break
            first = place
            place -= 1
        return first, place

    def right(self, operator, strength):
        """The token behind what stands right of it."""
        place, fresh = operator + 1, True
        while place < len(self.tokens):
            sign = self.tokens[place][0]
            if fresh and sign in ("-", "!", "*", "&", "&&", "mut"):
                place += 1
                continue
            if fresh and sign in ("if", "match", "unsafe"):
                while self.tokens[place][0] != "{":
                    place = self.pair[place] + 1 if self.tokens[place][0] in "([" else place + 1
                place = self.pair[place] + 1
                while self.tokens[place][0] == "else":
                    while self.tokens[place][0] != "{":
                        place += 1
                    place = self.pair[place] + 1
                fresh = False
                continue
            if self.operator(place) and not fresh:
                if STRENGTH[sign] <= strength:
                    break
                fresh = True
                place += 1
                continue
            if sign in "([":
                place = self.pair[place]
            elif sign == "<" and (fresh or self.tokens[place - 1][0] == "::"):
                place = self.generics(place, 1)
            elif sign == "{" or sign in PAIRS or sign in SIGNS_AROUND or sign in WORDS_AROUND:
                break
            fresh = False
            place += 1
        return place

    def unary(self, operator):
        """The token behind what `!` or `-` is of."""
        place, fresh = operator + 1, True
        while place < len(self.tokens):
            sign = self.tokens[place][0]
            if fresh and sign in ("-", "!", "*", "&", "&&", "mut"):
                place += 1
                continue
            if not fresh and self.operator(place):
                break
            if sign in "([" or fresh and sign == "{":
                place = self.pair[place]
            elif sign == "<" and (fresh or self.tokens[place - 1][0] == "::"):
                place = self.generics(place, 1)
            elif sign in "{};)]," or sign in SIGNS_AROUND or sign in WORDS_AROUND or sign == "as":
                break
            fresh = False
            place += 1
        return place

    def chain_of_lets(self, first, before, behind):
        """Whether a part of `if let ... && ...` is there: nothing else fits between its parts."""
        if self.tokens[first][0] == "let" or self.tokens[behind][0] == "let":
            return True
        if self.tokens[before][0] != "=":
            return False
        while before > 0 and self.tokens[before][0] not in ("let", ";", "{", "}"):
            before = self.pair[before] - 1 if self.tokens[before][0] in PAIRS else before - 1
        return self.tokens[before][0] == "let" and self.tokens[before - 1][0] in ("if", "while", "&&", "(")


def rewrite(text, mutants, dropped):
    """The source with its mutants; those that there is no way for get a reason as `untried`."""
    held = Text(text, mutants)
    alive = [mutant for mutant in mutants if mutant["key"] not in dropped]
    held.find_constants([mutant for mutant in alive if mutant["function"] is None], dropped)
    places, edits = {}, []
    for mutant in alive:
        span = held.at(mutant["span"]["start"]), held.at(mutant["span"]["end"])
        places.setdefault((*span, mutant["genre"]), []).append(mutant)
    for (start, end, genre), group in places.items():
        if group[0]["function"] or any(c.mutated and c.start < start < c.end for c in held.constants.values()):
            way = WAYS[genre](held, start, end, group)
        else:
            way = "not tried: in a constant"
        if not isinstance(way, str):
            edits.append(way)
        for mutant in group:
            mutant["untried"] = way if isinstance(way, str) else None
    return Rewritten(held, edits)


def chosen(mutant):
    return f"crate::mutant({mutant['id']})"


def either(group, texts):
    """`(if one { .. } else if another { .. } else { ` with what each is of."""
    pieces = [("(", None)]
    for mutant, text in zip(group, texts):
        text += "\n" if "//" in text else " "
        pieces += [(f"if {chosen(mutant)} {{ ", None), (text, [mutant["key"]]), ("} else ", None)]
    return [*pieces, ("{ ", None)]


def keys(group):
    return [mutant["key"] for mutant in group]


def binary(held, start, end, group):
    place, strength = held.token(start), STRENGTH[held.text[start:end]]
    first, before = held.left(place, strength)
    behind = held.right(place, strength)
    if 1 < strength < 4 and held.chain_of_lets(first, before, place + 1):
        return "no other operator fits between lets"
    if first == place or behind == place + 1:
        return "not tried: no operands found"
    left, right = held.tokens[first][1], held.tokens[behind - 1][2]
    texts = []
    for mutant in group:
        one, other, sign = held.plain(left, start), held.plain(end, right), mutant["replacement"]
        # A type before `<` would begin with it.
        texts.append(f"({one}) {sign}{other}" if sign[0] == "<" else one + sign + other)
    return Edit(left, right, either(group, texts), " })", keys(group))


def unary(held, start, end, group):
    right = held.tokens[held.unary(held.token(start)) - 1][2]
    return Edit(start, right, either(group, [held.plain(end, right)]), " })", keys(group))


def value(held, start, _, group):
    if "impl " in group[0]["function"]["return_type"]:
        return "not tried: the function gives back an opaque type"
    pieces = []
    for mutant in group:
        returned = (f"return {mutant['replacement']};", [mutant["key"]])
        pieces += [(f"if {chosen(mutant)} {{ ", None), returned, (" }\n", None)]
    return Edit(start, start, pieces, "", keys(group))


def arm(held, start, _, group):
    place = held.find(held.token(start), "=>", "if")
    if held.tokens[place][0] == "=>":
        first = held.tokens[place][1]
        return Edit(first, first, [(f" if !{chosen(group[0])} ", keys(group))], "", keys(group))
    first, last = held.tokens[place + 1][1], held.tokens[held.find(place, "=>") - 1][2]
    return Edit(first, last, [(f"!{chosen(group[0])} && (", keys(group))], ")", keys(group), rank=2)


def guard(held, start, end, group):
    asked = {mutant["replacement"]: chosen(mutant) for mutant in group}
    front = f"({asked.get('true', 'false')} || !{asked.get('false', 'false')} && ("
    return Edit(start, end, [(front, None)], "))", keys(group), rank=1)


def field(held, start, _, group):
    place = held.token(start)
    rest = held.find(place, "..")
    base = held.plain(held.tokens[rest][2], held.tokens[held.find(rest, "}") - 1][2]).rstrip(",")
    if held.tokens[place + 1][0] != ":":
        return "not tried: a short field"
    last = held.tokens[held.find(place, ",") - 1][2]
    pieces = either(group, [f"({base}).{held.tokens[place][0]}"])
    return Edit(held.tokens[place + 2][1], last, pieces, " })", keys(group))


WAYS = {"BinaryOperator": binary, "UnaryOperator": unary, "FnValue": value}
WAYS |= {"MatchArm": arm, "MatchArmGuard": guard, "StructField": field}

"""How long CPython takes for a text: the bench `text_compare` starts this and writes names, window sums, rows and the text to it.

Prints what each row decides, and nanoseconds per `exec` of the compiled text, the quickest of many batches, with a dict that has every
name ready for each row, two ways: with window functions that divide and round a sum that is kept and look at no row, as ours do; and as
the reference evaluates, which has no sums: its functions cut the window out of the instrument's array of rows, at each call anew. The
array is numpy's, as the reference's is, or lists without numpy; the third thing printed says which.
"""

import sys
import time

try:
    import numpy
except ImportError:
    numpy = None

BATCHES = 60

names = sys.stdin.readline().split()
strength, price, turnover = map(float, sys.stdin.readline().split())
rows = [[float(value) for value in sys.stdin.readline().split()] for _ in range(int(sys.stdin.readline()))]
code = compile(sys.stdin.read(), "text", "exec")
kept = {
    "체결강도평균": lambda n, k=0: round(strength / n, 3),
    "이동평균": lambda n, k=0: round(price / n, 8),
    "초당거래대금평균": lambda n, k=0: int(turnover / n),
}
place = names.index
if numpy is None:
    columns = list(zip(*rows))

    def window(name, n, k):
        end = len(rows) - k
        return sum(columns[place(name)][end - n:end]) / n
else:
    array = numpy.array(rows)

    def window(name, n, k):
        end = len(array) - k
        return array[end - n:end, place(name)].mean()
cut = {
    "체결강도평균": lambda n, k=0: round(window("체결강도", n, k), 3),
    "이동평균": lambda n, k=0: round(window("현재가", n, k), 8),
    "초당거래대금평균": lambda n, k=0: int(window("초당거래대금", n, k)),
}


def measured(functions):
    scopes = [dict(zip(names, row), **functions) for row in rows]

    def batch(times):
        for _ in range(times):
            for scope in scopes:
                exec(code, scope)

    batch(1)
    decisions = "".join("1" if scope["매수"] else "0" for scope in scopes)
    quickest = float("inf")
    for _ in range(BATCHES):
        start = time.perf_counter_ns()
        batch(20)
        quickest = min(quickest, (time.perf_counter_ns() - start) / (20 * len(scopes)))
    return decisions, quickest


decisions, quick = measured(kept)
again, slow = measured(cut)
assert again == decisions, "the two ways decide the same"
print(decisions, quick, slow, "numpy" if numpy else "lists")

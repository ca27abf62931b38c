"""How long CPython takes for a text: the bench `text_compare` starts this and writes names, sums, rows and the text to it.

Prints what each row decides, and nanoseconds per `exec` of the compiled text: the quickest of many batches, with a dict that has
every name ready for each row. The window functions divide and round a sum that is kept, and look at no row.
"""

import sys
import time

BATCHES = 60

names = sys.stdin.readline().split()
strength, price, turnover = map(float, sys.stdin.readline().split())
rows = [[float(value) for value in sys.stdin.readline().split()] for _ in range(int(sys.stdin.readline()))]
code = compile(sys.stdin.read(), "text", "exec")
functions = {
    "체결강도평균": lambda n, k=0: round(strength / n, 3),
    "이동평균": lambda n, k=0: round(price / n, 8),
    "초당거래대금평균": lambda n, k=0: int(turnover / n),
}
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
print(decisions, quickest)

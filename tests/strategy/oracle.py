"""The oracle of the text corpus: CPython runs the texts of texts/ over rows made here, every function straight from its definition.

    python3 tests/strategy/oracle.py

writes rows.csv and expected.txt. A decision is 1 (signal), 0 (none) or F (the row faulted). Row 50 is the row of the buy.
"""

import math
import pathlib

HERE = pathlib.Path(__file__).parent
BUY_ROW = 50
COLUMNS = ["현재가", "시가", "고가", "저가", "등락율", "당일거래대금", "체결강도", "초당매수수량", "초당매도수량", "초당거래대금",
           "고저평균대비등락율", "매도총잔량", "매수총잔량", "매도호가1", "매수호가1", "매도잔량1", "매수잔량1", "매도수5호가잔량합", "관심종목"]
NAMES = ["시분초", "호가단위", "수익률", "최고수익률", "보유시간", "매입가"]
CONDITIONS = [("급등", "등락율 > 등락율N(1) + 0.6"), ("강세", "체결강도 >= 130 and 초당매수수량 > 초당매도수량")]
VARS = [30, 1.5, 120.0, 0.25]


def generated(count=400, seed=20260101):
    state = seed

    def random():
        nonlocal state
        state = (state * 6364136223846793005 + 1442695040888963407) % 2**64
        return (state >> 33) / 2**31

    rows, price, high, low, turnover, best = [], 100.0, 100.0, 100.0, 0.0, 0.0
    for index in range(count):
        price = round(max(price * (1 + (random() - 0.492) * 0.012), 1), 4)
        high, low = max(high, price), min(low, price)
        bought, sold = round(random() ** 3 * 900, 3), round(random() ** 3 * 900, 3)
        spent = round((bought + sold) * price, 4)
        turnover = round(turnover + spent, 4)
        gain = round((price / 101 - 1) * 100, 2)
        best = max(best, gain)
        asks, bids = round(random() * 5000, 3), round(random() * 5000, 3)
        rows.append(dict(zip(COLUMNS + NAMES, [
            price, 100.0, high, low, round((price / 100 - 1) * 100, 2), turnover, round(min(random() * 260, 500), 2), bought, sold, spent,
            round((price / ((high + low) / 2) - 1) * 100, 2), asks, bids, round(price + 0.01, 4), round(price - 0.01, 4),
            round(asks / 9, 3), round(bids / 7, 3), round(asks / 2 + bids / 2, 3), float(random() > 0.1),
            float(90000 + index // 60 * 100 + index % 60), 0.01, gain, best, float(max(index - BUY_ROW, 0)), 101.0])))
    return rows


class Oracle:
    def __init__(self, rows):
        self.rows, self.index, self.signal, self.vars, self.last = rows, 0, False, VARS, {}

    def Buy(self):
        self.signal = True

    def Sell(self):
        self.signal = True

    def back(self, column, k):
        """The value k rows ago; -1 is the row of the buy; 0 if there is no such row."""
        if k == -1:
            return self.rows[BUY_ROW][column] if self.index > BUY_ROW else 0
        return self.rows[self.index - k][column] if self.index - k >= 0 else 0

    def window(self, column, n, k):
        """The n values ending k rows ago, or none while there are fewer rows."""
        if k == -1:
            if self.index <= BUY_ROW:
                return None
            end = BUY_ROW
        else:
            end = self.index - k
        return None if end - n + 1 < 0 else [row[column] for row in self.rows[end - n + 1:end + 1]]

    def scope(self):
        row = self.rows[self.index]
        scope = dict(row, self=self, 데이터길이=self.index + 1, 평균값계산틱수=30, 종목코드="KRW-BTC", 종목명="비트코인", 매수=True, 매도=False)
        for column in COLUMNS:
            scope[column + "N"] = lambda k, column=column: self.back(column, k)

        def over(column, take):
            def function(n, k=0):
                values = self.window(column, n, k)
                return 0 if values is None else take(values)
            return function

        def mean(values):
            return math.fsum(values) / len(values)

        def angle(factor):
            return lambda values: round(math.degrees(math.atan2((values[-1] - values[0]) * factor, len(values))), 2)

        scope.update(
            이동평균=over("현재가", lambda v: round(mean(v), 8)), 최고현재가=over("현재가", max), 최저현재가=over("현재가", min),
            체결강도평균=over("체결강도", lambda v: round(mean(v), 3)), 최고체결강도=over("체결강도", max), 최저체결강도=over("체결강도", min),
            최고초당매수수량=over("초당매수수량", max), 최고초당매도수량=over("초당매도수량", max),
            누적초당매수수량=over("초당매수수량", math.fsum), 누적초당매도수량=over("초당매도수량", math.fsum),
            초당거래대금평균=over("초당거래대금", lambda v: int(mean(v))),
            등락율각도=over("등락율", angle(10)), 당일거래대금각도=over("당일거래대금", angle(1e-8)),
            경과틱수=lambda name: self.index - self.last[name] if name in self.last else 0,
        )
        return scope

    def run(self, source):
        code, decisions = compile(source, "text", "exec"), ""
        has_call = "self.Buy()" in source or "self.Sell()" in source
        for self.index in range(len(self.rows)):
            scope, self.signal = self.scope(), False
            for name, expression in CONDITIONS:
                if eval(expression, scope):
                    self.last[name] = self.index
            try:
                exec(code, scope)
                flag = scope["매도"] if source.startswith("# 매도") else scope["매수"]
                decisions += "1" if (self.signal if has_call else flag) else "0"
            except (ArithmeticError, TypeError, NameError, IndexError):
                decisions += "F"
        return decisions


def main():
    rows = generated()
    lines = [",".join(COLUMNS + NAMES)] + [",".join(repr(value) for value in row.values()) for row in rows]
    (HERE / "rows.csv").write_text("\n".join(lines) + "\n")
    with open(HERE / "expected.txt", "w") as out:
        for path in sorted((HERE / "texts").glob("*.py")):
            decisions = Oracle(rows).run(path.read_text())
            assert "1" in decisions and "0" in decisions, f"{path.name} decides nothing: {decisions}"
            print(path.name, decisions, file=out)


if __name__ == "__main__":
    main()

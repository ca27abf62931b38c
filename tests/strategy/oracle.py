"""The oracle of the text corpus: CPython runs the texts of texts/ over rows made here, every function straight from its definition.

    pip install --target /tmp/talib TA-Lib==0.6.8 && PYTHONPATH=/tmp/talib python3 tests/strategy/oracle.py

writes rows.csv, minutes.csv, expected.txt and values.txt (helpers.py). A decision is 1 (signal), 0 (none) or F (the row faulted). Row 50 is the row of the buy.
A text that begins with `# 매도` is a sell text; one with 분봉 in its first line is run over the minutes, with TA-Lib's indicators.
"""

import math
import pathlib
import re
import struct

import numpy as np
import talib

from helpers import CALLS, helpers

HERE = pathlib.Path(__file__).parent
BUY_ROW = 50
COLUMNS = ["현재가", "시가", "고가", "저가", "등락율", "당일거래대금", "체결강도", "초당매수수량", "초당매도수량", "초당거래대금",
           "고저평균대비등락율", "매도총잔량", "매수총잔량", "매도호가1", "매수호가1", "매도잔량1", "매수잔량1", "매도수5호가잔량합", "관심종목"]
NAMES = ["시분초", "호가단위", "수익률", "최고수익률", "보유시간", "매입가", "행시각"]
CONDITIONS = [("급등", "등락율 > 등락율N(1) + 0.6"), ("강세", "체결강도 >= 130 and 초당매수수량 > 초당매도수량")]
MINUTE_COLUMNS = [column.replace("초당", "분당") for column in COLUMNS] + ["분봉시가", "분봉고가", "분봉저가"]
# Lines of each indicator, and its usual parameters.
INDICATORS = {
    "AD": (["AD"], []), "ADOSC": (["ADOSC"], [3, 10]), "ADXR": (["ADXR"], [14]), "APO": (["APO"], [12, 26, 0]),
    "AROON": (["AROOND", "AROONU"], [14]), "ATR": (["ATR"], [14]), "BBANDS": (["BBU", "BBM", "BBL"], [5, 2.0, 2.0, 0]),
    "CCI": (["CCI"], [14]), "MINUS_DI": (["DIM"], [14]), "PLUS_DI": (["DIP"], [14]), "MACD": (["MACD", "MACDS", "MACDH"], [12, 26, 9]),
    "MFI": (["MFI"], [14]), "MOM": (["MOM"], [10]), "OBV": (["OBV"], []), "PPO": (["PPO"], [12, 26, 0]), "ROC": (["ROC"], [10]),
    "RSI": (["RSI"], [14]), "SAR": (["SAR"], [0.02, 0.2]), "STOCH": (["STOCHSK", "STOCHSD"], [5, 3, 0, 3, 0]),
    "STOCHF": (["STOCHFK", "STOCHFD"], [5, 3, 0]), "WILLR": (["WILLR"], [14]),
}
INPUTS = {"AD": "HLCV", "ADOSC": "HLCV", "ADXR": "HLC", "AROON": "HL", "ATR": "HLC", "CCI": "HLC", "MINUS_DI": "HLC", "PLUS_DI": "HLC",
          "MFI": "HLCV", "OBV": "CV", "SAR": "HL", "STOCH": "HLC", "STOCHF": "HLC", "WILLR": "HLC"}
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
            float(90000 + index // 60 * 100 + index % 60), 0.01, gain, best, float(max(index - BUY_ROW, 0)), 101.0, 1767225600.0 + index])))
    return rows


def minutes():
    """The same market by the minute: what a row of seconds has, and the prices in between."""
    rows = generated(260, 20260777)
    for row, before in zip(rows, [rows[0]] + rows):
        price, first = row["현재가"], before["현재가"]
        high = round(max(price, first) * (1 + row["체결강도"] % 7 / 2000), 4)
        low = round(min(price, first) * (1 - row["매도총잔량"] % 9 / 2500), 4)
        for column in COLUMNS:
            row[column.replace("초당", "분당")] = row.pop(column)
        row.update(분봉시가=first, 분봉고가=high, 분봉저가=low)
    return [{column: row[column] for column in MINUTE_COLUMNS + NAMES} for row in rows]


def indicators(rows, source):
    """The value of every indicator on every row, by the lines of `source` that set them; 0 where there is none yet."""
    texts = type("Settings", (), {"indicator": {}, "vars": VARS})()
    for line in source.splitlines():
        if line.startswith("self.indicator"):
            exec(line, {"self": texts})
    series = dict(zip("HLCV", (np.array([row[name] for row in rows]) for name in ("분봉고가", "분봉저가", "현재가", "분당거래대금"))))
    found = {}
    for name, (lines, usual) in INDICATORS.items():
        given = next((value for key, value in texts.indicator.items() if key == name or key in lines), [])
        given = list(given) if isinstance(given, (list, tuple)) else [given]
        if given[:1] == [0]:
            found.update((line, [0.0] * len(rows)) for line in lines)
            continue
        values = getattr(talib, name)(*(series[key] for key in INPUTS.get(name, "C")), *given, *usual[len(given):])
        values = values if isinstance(values, tuple) else (values,)
        found.update((line, [0.0 if math.isnan(x) else float(x) for x in value]) for line, value in zip(lines, values))
    return found


class Oracle:
    def __init__(self, rows, minute=False):
        self.rows, self.index, self.signal, self.vars, self.last = rows, 0, False, VARS, {}
        self.minute, self.indicator = minute, {}

    def column(self, name):
        return name.replace("초당", "분당") if self.minute else name

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
        for column in [line for lines, _ in INDICATORS.values() for line in lines] if self.minute else []:
            scope[column + "_N"] = lambda k, column=column: self.back(column, k)
        for column in MINUTE_COLUMNS if self.minute else COLUMNS:
            scope[column + "N"] = lambda k, column=column: self.back(column, k)

        def over(column, take):
            def function(n, k=0):
                values = self.window(self.column(column), n, k)
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
        if self.minute:
            scope = {name.replace("초당", "분당") if callable(value) else name: value for name, value in scope.items()}
            scope.update(최고분봉고가=over("분봉고가", max), 최저분봉저가=over("분봉저가", min))
        scope.update(helpers(self))
        return scope

    def values(self, call):
        """The value of a call on every row."""
        found = []
        for self.index in range(len(self.rows)):
            found.append(float(eval(call, self.scope())))
        return found

    def run(self, source):
        code, decisions = compile(source, "text", "exec"), ""
        if self.minute:
            found = indicators(self.rows, source)
            for index, row in enumerate(self.rows):
                row.update((line, values[index]) for line, values in found.items())
        has_call = "self.Buy()" in source or "self.Sell()" in source
        for self.index in range(len(self.rows)):
            scope, self.signal = self.scope(), False
            for name, expression in CONDITIONS:
                if eval(self.column(expression), scope):
                    self.last[name] = self.index
            sides = ("SELL_LONG", "BUY_SHORT") if source.startswith("# 매도") else ("BUY_LONG", "SELL_SHORT")
            named = [side for side in sides if side in source]
            scope.update((side, side in named and not source.startswith("# 매도")) for side in sides)
            try:
                exec(code, scope)
                flag = scope["매도"] if source.startswith("# 매도") else scope["매수"]
                if named:
                    # 1 is long, 2 is short, 3 is both.
                    ways = bool(scope[sides[0]]) + 2 * bool(scope[sides[1]])
                    decisions += str(ways) if self.signal or not has_call else "0"
                else:
                    decisions += "1" if (self.signal if has_call else flag) else "0"
            except (ArithmeticError, TypeError, NameError, IndexError):
                decisions += "F"
        return decisions


def digest(values):
    """FNV-1a over the bits of the values."""
    value = 0xcbf29ce484222325
    for byte in b"".join(struct.pack("<d", item + 0.0) for item in values):
        value = (value ^ byte) * 0x100000001b3 % 2**64
    return value


def main():
    assert talib.__version__ == "0.6.8", talib.__version__
    rows, by_minute = generated(), minutes()
    for name, columns, kept in (("rows.csv", COLUMNS, rows), ("minutes.csv", MINUTE_COLUMNS, by_minute)):
        lines = [",".join(columns + NAMES)] + [",".join(repr(value) for value in row.values()) for row in kept]
        (HERE / name).write_text("\n".join(lines) + "\n")
    calls = re.findall(r"\S+\([^)]*\)", CALLS)
    missing = set(helpers(Oracle(rows))) - {call.split("(")[0] for call in calls}
    assert not missing, missing
    with open(HERE / "values.txt", "w") as out:
        for call in calls:
            values = Oracle(rows).values(call)
            assert len(set(values)) > 1, f"{call} is always {values[0]}"
            print(f"{digest(values):016x}", ",".join(f"{values[row]!r}" for row in range(19, len(rows), 95)), call, file=out)
    with open(HERE / "expected.txt", "w") as out:
        for path in sorted((HERE / "texts").glob("*.py")):
            source = path.read_text()
            minute = "분봉" in source.splitlines()[0]
            decisions = Oracle(by_minute if minute else rows, minute).run(source)
            assert "1" in decisions and "0" in decisions, f"{path.name} decides nothing: {decisions}"
            print(path.name, decisions, file=out)


if __name__ == "__main__":
    main()

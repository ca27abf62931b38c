"""The oracle of the indicators: TA-Lib computes what src/pure/indicator must.

    pip install --target /tmp/talib TA-Lib==0.6.8 && PYTHONPATH=/tmp/talib python3 tests/indicators/oracle.py

writes series.txt (bars) and vectors.txt. 0.6.8 has the C library 0.6.4, whose order of operations is that of all versions before it;
0.8 adds up in another order, so its values differ in the last digits. A line of vectors.txt is

    name  parameters  series  bars without a value  digest of all values  some of them, as bits

by line of the indicator: the digest is FNV-1a over the bits of every value, so that every value is compared bit for bit.
"""

import pathlib
import struct

import numpy as np
import talib
from talib import abstract

HERE = pathlib.Path(__file__).parent
SHOWN = 6
PARAMETERS = {
    "AD": [()], "ADOSC": [(3, 10), (10, 3)], "ADX": [(14,), (2,)], "ADXR": [(14,), (3,)],
    "APO": [(12, 26, 0), (3, 7, 1), (9, 4, 2), (3, 7, 3), (3, 7, 6), (3, 7, 8)], "AROON": [(14,), (2,)], "AROONOSC": [(14,)],
    "ATR": [(14,), (1,)], "AVGPRICE": [()], "BBANDS": [(5, 2, 2, 0), (20, 1, 2.5, 0), (5, 2, 2, 1), (6, 2, 2, 3), (6, 1.5, 1.5, 6)],
    "BETA": [(5,), (1,)], "BOP": [()], "CCI": [(14,), (2,)], "CMO": [(14,), (2,)], "CORREL": [(30,), (2,)], "DEMA": [(30,), (2,)],
    "DX": [(14,), (2,)], "EMA": [(30,), (2,)], "HT_DCPERIOD": [()], "HT_DCPHASE": [()],
    "HT_PHASOR": [()], "HT_SINE": [()], "HT_TRENDLINE": [()], "HT_TRENDMODE": [()], "KAMA": [(30,), (2,)], "LINEARREG": [(14,), (2,)], "LINEARREG_ANGLE": [(14,)],
    "LINEARREG_INTERCEPT": [(14,)], "LINEARREG_SLOPE": [(14,)],
    "MA": [(30, 0), (9, 1), (9, 2), (9, 3), (9, 4), (9, 5), (8, 5), (9, 6), (9, 8), (1, 4)],
    "MACD": [(12, 26, 9), (3, 5, 2)], "MACDEXT": [(12, 0, 26, 0, 9, 0), (5, 1, 9, 2, 3, 3), (9, 6, 5, 4, 4, 5)], "MACDFIX": [(9,)],
    "MAX": [(30,), (2,)], "MEDPRICE": [()], "MFI": [(14,), (2,)], "MIDPOINT": [(14,)], "MIDPRICE": [(14,)], "MIN": [(30,), (2,)],
    "MINUS_DI": [(14,), (1,)], "MINUS_DM": [(14,), (1,)], "MOM": [(10,), (1,)], "NATR": [(14,), (1,)], "OBV": [()],
    "PLUS_DI": [(14,), (1,)], "PLUS_DM": [(14,), (1,), (2,)], "PPO": [(12, 26, 0), (9, 4, 1), (3, 7, 5)],
    "ROC": [(10,)], "ROCP": [(10,)], "ROCR": [(10,)], "ROCR100": [(10,)], "RSI": [(14,), (2,)],
    "SAR": [(0.02, 0.2), (0.3, 0.1)], "SAREXT": [(0, 0, 0.02, 0.02, 0.2, 0.02, 0.02, 0.2), (99, 0.05, 0.03, 0.01, 0.1, 0.05, 0.04, 0.3)],
    "SMA": [(30,), (2,)], "STDDEV": [(5, 1), (20, 2.5)], "STOCH": [(5, 3, 0, 3, 0), (14, 4, 1, 3, 2)], "STOCHF": [(5, 3, 0), (9, 1, 1)],
    "STOCHRSI": [(14, 5, 3, 0), (7, 9, 4, 1)], "SUM": [(30,)], "T3": [(5, 0.7), (2, 1)], "TEMA": [(9,), (2,)], "TRANGE": [()],
    "TRIMA": [(30,), (7,), (2,)], "TRIX": [(9,), (2,)], "TSF": [(14,)], "TYPPRICE": [()], "ULTOSC": [(7, 14, 28), (9, 3, 5)],
    "VAR": [(5,), (1,)], "WCLPRICE": [()], "WILLR": [(14,), (2,)], "WMA": [(30,), (2,)],
}


def generated():
    """Bars by series: trending, flat, with gaps, around the warm-up, of large and of tiny magnitude."""
    state = 20260101

    def random():
        nonlocal state
        state = (state * 6364136223846793005 + 1442695040888963407) % 2**64
        return (state >> 33) / 2**31

    def walk(count, price, drift, jump, digits, flat=0.0):
        rows = []
        for index in range(count):
            if jump and index % 17 == 16:
                price *= 1 + (random() - 0.5) * jump
            opened = price if random() < flat else price * (1 + (random() - 0.5) * 0.004)
            price = opened if random() < flat else opened * (1 + drift + (random() - 0.5) * 0.02)
            high, low = max(opened, price), min(opened, price)
            if random() >= flat:
                high, low = high * (1 + random() * 0.005), low * (1 - random() * 0.005)
            rows.append([round(value, digits) for value in (opened, high, low, price)] + [round(random() ** 3 * 5000, 3)])
        return rows

    return {
        "trending": walk(150, 100.0, 0.002, 0, 4),
        "falling": walk(110, 73_250.0, -0.003, 0, 0),
        "gaps": walk(110, 8.25, 0.0, 0.4, 5),
        "pauses": walk(110, 1_204.5, 0.0, 0.02, 1, 0.75),
        "flat": [[100.0, 100.0, 100.0, 100.0, 10.0]] * 70,
        "short": walk(31, 55.5, 0.0, 0, 2),
        "large": walk(90, 98_765_432_100.0, 0.0, 0.1, 2),
        "tiny": walk(90, 0.00001234, 0.0, 0.1, 8),
    }


def bits(value):
    return struct.unpack("<Q", struct.pack("<d", value + 0.0))[0]


def digest(values):
    value = 0xcbf29ce484222325
    for byte in b"".join(struct.pack("<d", item + 0.0) for item in values):
        value = (value ^ byte) * 0x100000001b3 % 2**64
    return value


def lines_of(name, parameters, inputs):
    function = abstract.Function(name)
    keys = [key for key in function.info["parameters"]]
    if name == "MACDEXT":
        keys = ["fastperiod", "fastmatype", "slowperiod", "slowmatype", "signalperiod", "signalmatype"]
    if name == "BBANDS":
        keys = ["timeperiod", "nbdevup", "nbdevdn", "matype"]
    types = {key: float if key.startswith(("nbdev", "accel", "max", "start", "offset", "vfactor")) else int for key in keys}
    arguments = {key: types[key](value) for key, value in zip(keys, parameters)}
    if name == "VAR":
        arguments["nbdev"] = 1.0
    result = function(inputs, **arguments)
    result = result if isinstance(result, list) else [result]
    # Whole numbers have no NaN: TA-Lib gives 0 where there is no value.
    first = np.arange(len(result[0])) < function.lookback
    return [np.where(first, np.nan, values) if values.dtype.kind == "i" else values for values in result]


def main():
    assert talib.__version__ == "0.6.8", talib.__version__
    series = generated()
    with open(HERE / "series.txt", "w") as out:
        for name, rows in series.items():
            for row in rows:
                print(name, *(repr(value) for value in row), file=out)
    with open(HERE / "vectors.txt", "w") as out:
        for name, choices in PARAMETERS.items():
            for parameters in choices:
                for label, rows in series.items():
                    columns = np.array(rows, dtype=float).T.copy()
                    inputs = dict(zip(["open", "high", "low", "close", "volume"], columns))
                    found = []
                    for values in lines_of(name, parameters, inputs):
                        values = np.asarray(values, dtype=float)
                        begin = int(np.argmin(np.isnan(values))) if not np.isnan(values).all() else len(values)
                        assert not np.isnan(values[begin:]).any(), (name, parameters, label)
                        rest = [float(value) for value in values[begin:]]
                        step = max(1, (len(rest) - 1) // SHOWN)
                        shown = [f"{begin + at}:{bits(rest[at]):x}" for at in range(0, len(rest), step)]
                        found.append(f"{begin} {digest(rest):016x} {','.join(shown) or '-'}")
                    given = ",".join(repr(value) for value in parameters) or "-"
                    print(name, given, label, *found, file=out)


if __name__ == "__main__":
    main()

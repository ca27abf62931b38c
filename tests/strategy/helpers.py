"""The helper functions of later versions, straight from what they mean, over the rows of an `Oracle` (oracle.py).

Every function looks at the rows themselves. `window(column, n, k)` is the n values ending k rows ago, or None with too few rows.
"""

import math

# Calls whose values on every row are compared; each is something else on some row than on another.
CALLS = """
    초당매수수량평균(7) 초당매도수량평균(7, 2) 매수총잔량평균(9) 매도총잔량평균(9, 1) 고점틱수(20) 저점틱수(20, 3) 고점기준등락율각도(20)
    저점기준등락율각도(20, 4) 연속상승수() 연속하락수() 고가미갱신지속틱수() 저가미갱신지속틱수() 이평지지(20,10,1.5,2) 이평지지(20,10,2,1,3)
    이평돌파(30,0) 이평이탈(20,0) 이평돌파(20,0.5,2) 시가지지(10,1,3) 시가돌파(5,0.5) 시가이탈(4,0) 변동성() 변동성(10,2) 변동성급증(10,1.3)
    변동성급감(10,0.8,1) 횡보감지(8,2) 횡보감지(8,2,5) 구간저가대비현재가등락율(20) 구간고가대비현재가등락율() 거래대금평균대비비율(20,1)
    체결강도평균대비비율() 구간호가총잔량비율(15,2) 매수수량변동성(10) 매도수량변동성(10,3) 호가갭발생(2,3) 연속상승(2) 연속하락() 가격급등(5,0.5)
    가격급락(5,0.5) 거래대금급증(10,1.5) 거래대금급감(10,0.5,2) 체결강도급등(10,1.5) 체결강도급락(10,0.5) 매수수량급증(10,1.2)
    매수수량급감() 매도수량급증(10,2) 매도수량급감(10,0.1,1) 호가상승압력(5,0.6) 호가하락압력(5,0.4) 이평지지후이평돌파(12,6,2,1,0.4)
    이평지지후이평이탈(15,8,2,1,0) 횡보후가격급등(8,3,4,0.5) 횡보후가격급락(8,3,4,0.5) 횡보후연속상승(8,2.5,2) 횡보후연속하락(8,2.5,2)
    연속상승및가격급등(2,5,0.5) 연속하락및가격급락(2,5,0.5) 거래대금급증및구간최고가갱신(15,1.1) 거래대금급증및가격급등(10,1.2,6,0.5)
    거래대금급증및연속상승(20,1.2,2) 거래대금급감후구간최저가갱신(8,0.8) 거래대금급감및가격급락(10,0.7,6,0.5) 거래대금급감및연속하락(10,0.8,2)
    호가상승압력및매수수량급증(6,0.55,1.2) 호가하락압력및매도수량급증(6,0.45,1.2) 체결강도급등및호가상승압력(12,1.2,0.55)
    체결강도급락및호가하락압력(12,0.7,0.45) 매수수량급증및가격급등(10,1.2,6,0.5) 매도수량급증후가격급락(10,1.2,4,0.5)
    시가근접횡보후시가돌파(6,3,0) 시가근접횡보후시가이탈(6,3,0) 저가갱신후가격급등(20,1) 고가갱신후가격급락(6,1)
    now() timedelta_sec(30) timedelta_sec(-5,시분초)
    변동성급증및구간최고가갱신(10,1.1) 변동성급감및구간최저가갱신(12,0.95) 횡보상태장기보유(8,2,40) 변동성급증_역추세매도(10,1.2,1)
    장기보유종목_동적익절청산(20,60,0.3,0.4) 거래대금비율기반_동적청산(20,0.3,1.8) 호가압력기반_동적청산(5,0.65,0.3)
    이평기반_동적청산(10,30,1.2,2.5) 변동성기반_동적청산(20,0.3,1.1) 변동성급증기반_동적청산(10,1.2,0.5,0.9)
"""

def helpers(oracle):
    name = oracle.column
    price = "현재가"

    def window(column, n, k=0):
        return oracle.window(name(column), n, k)

    def back(column, k=0):
        return oracle.back(name(column), k)

    def mean(column, n, k=0, digits=None):
        values = window(column, n, k)
        if values is None:
            return 0
        value = math.fsum(values) / len(values)
        return value if digits is None else round(value, digits)

    def turnover(n, k=0):
        return int(mean("초당거래대금", n, k))

    def average(n, k=0):
        return mean(price, n, k, 8)

    def age(n, k, best):
        """Rows since the extreme, the latest of equal ones."""
        values = window(price, n, k)
        return 0 if values is None else values[::-1].index(best(values))

    def angle_since(n, k, best):
        if window(price, n, k) is None:
            return 0
        rows = age(n, k, best)
        rise = (back("등락율", k) - back("등락율", k + rows)) * 10
        return round(math.degrees(math.atan2(rise, rows + 1)), 2)

    def streak(column, goes_on):
        rows = 0
        while rows < oracle.index and goes_on(back(column, rows), back(column, rows + 1)):
            rows += 1
        return rows

    def moves(n=30, k=0):
        values = window(price, n, k)
        return (max(values) / min(values) - 1) * 100 if values else 0

    def flat(n=30, width=0.5, k=0):
        return window(price, n, k) is not None and moves(n, k) <= width

    def more(n=30, times=2, k=0):
        return window(price, n, k + n) is not None and moves(n, k) > moves(n, k + n) * times

    def less(n=30, times=0.5, k=0):
        return window(price, n, k + n) is not None and moves(n, k) < moves(n, k + n) * times

    def part(value, base):
        return value / base if base else 0

    def supported(level, n, near, rows, k):
        values = window(price, n, k)
        return bool(values and level and back(price, k) >= level and abs(min(values) / level - 1) * 100 <= near
                    and age(n, k, min) >= rows)

    def above(n=60, width=1, k=0):
        line, before = average(n, k) * (1 + width / 100), average(n, k + 1) * (1 + width / 100)
        return before > 0 and back(price, k + 1) <= before and back(price, k) > line

    def below(n=60, width=1, k=0):
        line, before = average(n, k) * (1 - width / 100), average(n, k + 1) * (1 - width / 100)
        return before > 0 and back(price, k + 1) >= before and back(price, k) < line

    def above_open(n=30, width=1):
        line, values = back("시가") * (1 + width / 100), window(price, n, 1)
        return values is not None and all(value <= line for value in values) and back(price) > line

    def below_open(n=30, width=1):
        line, values = back("시가") * (1 - width / 100), window(price, n, 1)
        return values is not None and all(value >= line for value in values) and back(price) < line

    def jumped(n=10, width=1):
        return back(price, n) > 0 and (back(price) / back(price, n) - 1) * 100 >= width

    def dropped(n=10, width=1):
        return back(price, n) > 0 and (back(price) / back(price, n) - 1) * 100 <= -width

    def at_least(column, average, default):
        def function(n=30, times=default, k=0):
            return average(n, k + 1) > 0 and back(column, k) >= average(n, k + 1) * times
        return function

    def at_most(column, average, default):
        def function(n=30, times=default, k=0):
            return average(n, k + 1) > 0 and back(column, k) <= average(n, k + 1) * times
        return function

    def strength(n, k=0):
        return mean("체결강도", n, k, 3)

    def bought(n, k=0):
        return mean("초당매수수량", n, k)

    def sold(n, k=0):
        return mean("초당매도수량", n, k)

    def share(n=30, k=0):
        bids, asks = mean("매수총잔량", n, k), mean("매도총잔량", n, k)
        return part(bids, bids + asks)

    def gap(ticks=3, k=0):
        tick = oracle.rows[oracle.index]["호가단위"]
        return tick > 0 and back("매수호가1", k) > 0 and round((back("매도호가1", k) - back("매수호가1", k)) / tick) >= ticks

    def from_low(n=30):
        values = window(price, n)
        return (back(price) / min(values) - 1) * 100 if values else 0

    def from_high(n=30):
        values = window(price, n)
        return (back(price) / max(values) - 1) * 100 if values else 0

    def new_high(n):
        values = window(price, n, 1)
        return values is not None and back(price) > max(values)

    def new_low(n):
        values = window(price, n, 1)
        return values is not None and back(price) < min(values)

    def ratio(n=30, k=0):
        return part(back("초당거래대금", k), turnover(n, k))

    def support(n=60, rows=30, near=0.5, lasting=10, k=0):
        return supported(average(n, k), rows, near, lasting, k)

    def rises():
        return streak(price, lambda now, before: now > before)

    def falls():
        return streak(price, lambda now, before: now < before)

    def same(column):
        return lambda: streak(column, lambda now, before: now == before)

    row = oracle.rows[oracle.index]
    gain, held = row["수익률"], row["보유시간"]
    turnover_up, turnover_down = at_least("초당거래대금", turnover, 3), at_most("초당거래대금", turnover, 0.5)
    strength_up, strength_down = at_least("체결강도", strength, 1.1), at_most("체결강도", strength, 0.9)
    bought_up, bought_down = at_least("초당매수수량", bought, 3), at_most("초당매수수량", bought, 0.5)
    sold_up, sold_down = at_least("초당매도수량", sold, 3), at_most("초당매도수량", sold, 0.5)
    span = "분당" if oracle.minute else "초당"

    def exit_by_moves(n=30, take=3, stop=1.5):
        return moves(n) > 0 and (gain >= moves(n) * take or gain <= -moves(n) * stop)

    return {
        span + "매수수량평균": bought, span + "매도수량평균": sold,
        "매수총잔량평균": lambda n, k=0: mean("매수총잔량", n, k), "매도총잔량평균": lambda n, k=0: mean("매도총잔량", n, k),
        "고점틱수": lambda n, k=0: age(n, k, max), "저점틱수": lambda n, k=0: age(n, k, min),
        "고점기준등락율각도": lambda n, k=0: angle_since(n, k, max), "저점기준등락율각도": lambda n, k=0: angle_since(n, k, min),
        "연속상승수": rises, "연속하락수": falls, "고가미갱신지속틱수": same("고가"), "저가미갱신지속틱수": same("저가"),
        "이평지지": support, "이평돌파": above, "이평이탈": below,
        "시가지지": lambda n=30, near=0.5, lasting=10, k=0: supported(back("시가", k), n, near, lasting, k),
        "시가돌파": above_open, "시가이탈": below_open,
        "변동성": moves, "변동성급증": more, "변동성급감": less, "횡보감지": flat,
        "구간저가대비현재가등락율": from_low, "구간고가대비현재가등락율": from_high, "거래대금평균대비비율": ratio,
        "체결강도평균대비비율": lambda n=30, k=0: part(back("체결강도", k), strength(n, k)), "구간호가총잔량비율": share,
        "매수수량변동성": lambda n=30, k=0: part(back("초당매수수량", k), bought(n, k)),
        "매도수량변동성": lambda n=30, k=0: part(back("초당매도수량", k), sold(n, k)), "호가갭발생": gap,
        "연속상승": lambda rows=3: rises() >= rows, "연속하락": lambda rows=3: falls() >= rows, "가격급등": jumped, "가격급락": dropped,
        "거래대금급증": turnover_up, "거래대금급감": turnover_down, "체결강도급등": strength_up, "체결강도급락": strength_down,
        "매수수량급증": bought_up, "매수수량급감": bought_down, "매도수량급증": sold_up, "매도수량급감": sold_down,
        "호가상승압력": lambda n=30, least=0.7: share(n) >= least, "호가하락압력": lambda n=30, most=0.3: 0 < share(n) <= most,
        "이평지지후이평돌파": lambda n=60, rows=30, near=0.5, lasting=10, width=1: support(n, rows, near, lasting, 1) and above(n, width),
        "이평지지후이평이탈": lambda n=60, rows=30, near=0.5, lasting=10, width=1: support(n, rows, near, lasting, 1) and below(n, width),
        "횡보후가격급등": lambda n=30, calm=0.5, after=10, width=1: flat(n, calm, after) and jumped(after, width),
        "횡보후가격급락": lambda n=30, calm=0.5, after=10, width=1: flat(n, calm, after) and dropped(after, width),
        "횡보후연속상승": lambda n=30, calm=0.5, rows=3: flat(n, calm, rows) and rises() >= rows,
        "횡보후연속하락": lambda n=30, calm=0.5, rows=3: flat(n, calm, rows) and falls() >= rows,
        "연속상승및가격급등": lambda rows=3, after=10, width=1: rises() >= rows and jumped(after, width),
        "연속하락및가격급락": lambda rows=3, after=10, width=1: falls() >= rows and dropped(after, width),
        "거래대금급증및구간최고가갱신": lambda n=30, times=3: turnover_up(n, times) and new_high(n),
        "거래대금급증및가격급등": lambda n=30, times=3, after=10, width=1: turnover_up(n, times) and jumped(after, width),
        "거래대금급증및연속상승": lambda n=30, times=3, rows=3: turnover_up(n, times) and rises() >= rows,
        "거래대금급감후구간최저가갱신": lambda n=30, times=0.5: turnover_down(n, times, 1) and new_low(n),
        "거래대금급감및가격급락": lambda n=30, times=0.5, after=10, width=1: turnover_down(n, times) and dropped(after, width),
        "거래대금급감및연속하락": lambda n=30, times=0.5, rows=3: turnover_down(n, times) and falls() >= rows,
        "호가상승압력및매수수량급증": lambda n=30, least=0.7, times=3: share(n) >= least and bought_up(n, times),
        "호가하락압력및매도수량급증": lambda n=30, most=0.3, times=3: 0 < share(n) <= most and sold_up(n, times),
        "체결강도급등및호가상승압력": lambda n=30, times=1.1, least=0.7: strength_up(n, times) and share(n) >= least,
        "체결강도급락및호가하락압력": lambda n=30, times=0.9, most=0.3: strength_down(n, times) and 0 < share(n) <= most,
        "매수수량급증및가격급등": lambda n=30, times=3, after=10, width=1: bought_up(n, times) and jumped(after, width),
        "매도수량급증후가격급락": lambda n=30, times=3, after=10, width=1: sold_up(n, times, after) and dropped(after, width),
        "시가근접횡보후시가돌파": lambda n=30, near=0.5, width=1: flat(n, near, 1)
        and abs(max(window(price, n, 1)) / back("시가") - 1) * 100 <= near and back(price) > back("시가") * (1 + width / 100),
        "시가근접횡보후시가이탈": lambda n=30, near=0.5, width=1: flat(n, near, 1)
        and abs(min(window(price, n, 1)) / back("시가") - 1) * 100 <= near and back(price) < back("시가") * (1 - width / 100),
        "저가갱신후가격급등": lambda n=10, width=1: same("저가")() <= n and (back(price) / back("저가") - 1) * 100 >= width,
        "고가갱신후가격급락": lambda n=10, width=1: same("고가")() <= n and (back(price) / back("고가") - 1) * 100 <= -width,
        "변동성급증및구간최고가갱신": lambda n=30, times=2: more(n, times) and new_high(n),
        "변동성급감및구간최저가갱신": lambda n=30, times=0.5: less(n, times) and new_low(n),
        "now": lambda: back("행시각"),
        "timedelta_sec": lambda seconds=0, time=0: (time or back("행시각")) + seconds,
        "횡보상태장기보유": lambda n=60, width=0.5, time=600: flat(n, width) and held >= time,
        "변동성급증_역추세매도": lambda n=30, times=3, width=2: more(n, times) and from_high(n) <= -width,
        "장기보유종목_동적익절청산": lambda n=30, time=600, least=0.3, times=2: held >= time and gain >= max(least, moves(n) * times),
        "거래대금비율기반_동적청산": lambda n=30, low=0.3, high=3: turnover(n) > 0
        and (gain > 0 and ratio(n) <= low or back(price) < back(price, 1) and ratio(n) >= high),
        "호가압력기반_동적청산": lambda n=30, high=0.8, low=0.2: gain > 0 and share(n) >= high or 0 < share(n) <= low,
        "이평기반_동적청산": lambda n=30, m=60, a=1, b=1: back(price) < average(n) * (1 - a / 100) or back(price) < average(m) * (1 - b / 100),
        "변동성기반_동적청산": exit_by_moves,
        "변동성급증기반_동적청산": lambda n=30, times=2, take=3, stop=1.5: more(n, times) and exit_by_moves(n, take, stop),
    }

def 대비(값, 기준):
    return (값 / 기준 - 1) * 100 if 기준 else 0
괴리 = lambda n: 대비(현재가, 이동평균(n))
if not (괴리(20) > 0.3 and 대비(초당매수수량, 초당매도수량) > self.vars[2]):
    매수 = False
if 매수:
    self.Buy()

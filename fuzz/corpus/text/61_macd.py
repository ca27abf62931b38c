# 분봉: MACD
self.indicator['MACD'] = [5, 13, 4]
if not (MACD > MACDS and MACDH > MACDH_N(1)):
    매수 = False
elif not (PPO > 0 or APO > APO_N(1)):
    매수 = False
if 매수:
    self.Buy()

# 매도, 분봉: 산 행의 지표
self.indicator['RSI'] = [5]
if 보유시간 > 3 and RSI < RSI_N(-1) * 0.6 or ATR > ATR_N(-1) * 1.1 > 0 and 현재가 < 매입가:
    self.Sell()
if MACDH < 0 < MACDH_N(1) and 수익률 > 0:
    self.Sell()

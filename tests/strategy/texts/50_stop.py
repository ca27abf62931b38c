# 매도: 손절, 추적
매도 = False
if 수익률 < -1.2:
    매도 = True
elif 최고수익률 - 수익률 > 1 and 보유시간 > 30:
    매도 = True
elif 현재가 < 이동평균(60) * 0.99:
    매도 = True
if 매도:
    self.Sell()

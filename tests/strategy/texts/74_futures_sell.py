# 매도 선물: 양쪽
if 수익률 >= 1.5 or 최고수익률 - 수익률 > 2:
    SELL_LONG = True
if 수익률 <= -0.5:
    BUY_SHORT = True
elif 현재가 > 최저현재가(15) * 1.01:
    BUY_SHORT = True
if SELL_LONG:
    self.Sell()
elif BUY_SHORT:
    self.Sell()

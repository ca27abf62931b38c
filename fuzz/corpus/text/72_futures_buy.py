# 매수 선물: 양쪽
if not (등락율 > 등락율N(3) and 체결강도 > 90):
    BUY_LONG = False
elif not (현재가 > 이동평균(10)):
    BUY_LONG = False
if not (등락율 < 등락율N(3)):
    SELL_SHORT = False
elif not (현재가 < 이동평균(10) and 초당매도수량 > 초당매수수량 * 0.5):
    SELL_SHORT = False
if BUY_LONG or SELL_SHORT:
    self.Buy()

# 매도 선물 · 양쪽에서 나가는 글: SELL_LONG은 롱을, BUY_SHORT는 숏을 닫습니다
되돌림 = 최고수익률 - 수익률
if 수익률 >= 2 or 되돌림 >= 1:
    SELL_LONG = True
    BUY_SHORT = True
elif 포지션 == 'LONG' and 현재가 < 이동평균(300):
    SELL_LONG = True
elif 포지션 == 'SHORT' and 현재가 > 이동평균(300):
    BUY_SHORT = True

if SELL_LONG or BUY_SHORT:
    self.Sell()

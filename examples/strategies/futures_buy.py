# 매수 선물 · 양쪽으로 들어가는 글: 10분 고가를 넘으면 롱, 저가를 깨면 숏
# BUY_LONG과 SELL_SHORT는 True로 시작하고, 조건이 끕니다. 설정 direction = "both"
if not (3 <= 저가대비고가등락율 <= 30):
    BUY_LONG = False
    SELL_SHORT = False
else:
    if not (현재가 > 최고현재가(600, 1) > 0):
        BUY_LONG = False
    elif not (체결강도 > 110 and 초당매수수량 > 초당매도수량):
        BUY_LONG = False
    if not (현재가 < 최저현재가(600, 1)):
        SELL_SHORT = False
    elif not (체결강도 < 90 and 초당매도수량 > 초당매수수량):
        SELL_SHORT = False

if BUY_LONG or SELL_SHORT:
    self.Buy()

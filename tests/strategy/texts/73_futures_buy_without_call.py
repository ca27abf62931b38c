# 매수 선물: 마지막 줄 없음
if not (최고현재가(20) == 현재가):
    BUY_LONG = False
if not (최저현재가(20) == 현재가):
    SELL_SHORT = False

# 매수 선물: 롱만
if not (현재가 > 현재가N(1) > 현재가N(2)):
    BUY_LONG = False
if BUY_LONG:
    self.Buy()

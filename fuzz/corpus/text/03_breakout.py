# 최고가 돌파
if not (현재가 >= 최고현재가(30, 1) and 현재가N(1) < 최고현재가(30, 2)):
    매수 = False
if not 최저현재가(30) > 0: 매수 = False
if 매수: self.Buy()

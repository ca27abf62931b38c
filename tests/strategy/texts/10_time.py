if not (90100 <= 시분초 < 90500):
    매수 = False
elif 시분초 % 100 in (0, 10, 20, 30, 40, 50) or 시분초 // 100 % 2 == 1:
    매수 = False
elif not (종목코드 in ['KRW-BTC', 'KRW-ETH'] and 종목명 != '리플'):
    매수 = False
if 매수:
    self.Buy()

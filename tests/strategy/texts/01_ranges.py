매수 = True
if not (관심종목 == 1):
    매수 = False
elif not (-3 <= 등락율 <= 25):
    매수 = False
elif not (체결강도 > 120):
    매수 = False
elif not (현재가 > 이동평균(60) * 1.001):
    매수 = False
if 매수:
    self.Buy()

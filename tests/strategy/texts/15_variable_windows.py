n = 10 + int(체결강도) % 7
k = int(초당매수수량) % 3
if 이동평균(n, k) > 이동평균(n * 2) and 최고현재가(n) - 최저현재가(n, k) > 0.6 and 현재가N(n) > 0:
    self.Buy()

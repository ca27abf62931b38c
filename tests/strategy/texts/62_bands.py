# 분봉: 볼린저 밴드
self.indicator['BBANDS'] = [20, 2, self.vars[1]]
if 현재가 < BBL or 현재가 > BBU or BBU - BBL < 최고현재가(5) - 최저현재가(5) and 현재가 > BBM:
    self.Buy()

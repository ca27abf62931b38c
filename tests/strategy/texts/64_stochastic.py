# 분봉: 스토캐스틱
self.indicator['STOCH'] = [9, 3, 1, 3, 0]
if STOCHSK > STOCHSD and STOCHSK_N(1) <= STOCHSD_N(1) or STOCHFK < 20 and STOCHFD > 20 and WILLR > -90:
    self.Buy()

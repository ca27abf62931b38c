# 분봉: 방향
self.indicator['ADXR'] = [7]
self.indicator['DIP'] = 10
self.indicator['MINUS_DI'] = 10
if DIP > DIM and DIP_N(1) <= DIM_N(1) * 1.3 and ADXR > 15 or AROONU > 80 and AROOND < 30:
    self.Buy()

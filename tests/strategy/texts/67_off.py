# 분봉: 0은 셈하지 않음
self.indicator['CCI'] = [0]
self.indicator['ATR'] = [5]
if CCI == 0 and CCI_N(3) == 0 and ATR > ATR_N(int(체결강도) % 7) * 1.05 and 분봉고가 - 분봉저가 > ATR:
    self.Buy()

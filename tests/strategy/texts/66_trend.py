# 분봉: SAR, CCI, MOM, ROC
self.indicator['SAR'] = [0.03, 0.3]
self.indicator['ROC'] = [6]
if 현재가 > SAR and SAR_N(1) > 현재가N(1) or CCI > 100 and MOM > 0 and ROC > 1:
    self.Buy()

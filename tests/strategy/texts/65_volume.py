# 분봉: 거래량 지표
if OBV > OBV_N(5) and AD > AD_N(5) and ADOSC > 0 or 분당거래대금 > 분당거래대금평균(10) * 2 and ADOSC < ADOSC_N(1):
    self.Buy()

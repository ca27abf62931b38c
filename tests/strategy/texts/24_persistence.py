if 고가미갱신지속틱수() < 20 and 연속상승수() >= 2 or 저가미갱신지속틱수() > 100 and 연속하락(4):
    self.Buy()
if 연속상승(5) and not 연속하락(1):
    self.Buy()

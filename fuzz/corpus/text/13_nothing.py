신호 = None
if 등락율 > 1 and 고저평균대비등락율 > 0:
    신호 = 체결강도
elif 등락율 < -1:
    신호 = -체결강도
if 신호 is not None and 신호 > 100 or 신호 == None and 체결강도 > 200:
    self.Buy()

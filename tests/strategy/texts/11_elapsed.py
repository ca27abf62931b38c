if not (0 < 경과틱수('급등') <= 5 and 경과틱수('강세') < 3):
    매수 = False
if 매수:
    self.Buy()

if not (이평이탈(20, 0) or 시가이탈(4, 0) or 이평지지후이평이탈(15, 8, 2, 1, 0)):
    매수 = False
if 매수:
    self.Buy()

매수 = False
if 등락율 > 0:
    if 체결강도 > 100:
        for i in range(3):
            for j in range(2):
                if 초당매수수량N(i) > 초당매도수량N(j) * 2 and not 매수:
                    매수 = i + j >= 1
    else:
        매수 = 초당매수수량 > 600
else:
    매수 = 체결강도 > 240
if 매수:
    self.Buy()

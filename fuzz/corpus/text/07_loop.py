# 지난 다섯 행 가운데 셋 이상 오름
오름 = 0
for i in range(5):
    if 현재가N(i) > 현재가N(i + 1) > 0:
        오름 += 1
매수 = 오름 >= 4
if 매수:
    self.Buy()

# 돌파: 앞의 열 행보다 비싸고, 이 초에 산 쪽이 많으면 삽니다
매수 = True
if not (데이터길이 > 11):
    매수 = False
elif not (현재가 > 최고현재가(10, 1)):
    매수 = False
elif not (초당매수수량 > 초당매도수량):
    매수 = False
if 매수:
    self.Buy()

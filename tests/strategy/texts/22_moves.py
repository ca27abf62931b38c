n = 12
if 변동성급증(10, 1.3) and 변동성(10) > 2 or 변동성급감(n, 0.8) and not 횡보감지(n, 1.5):
    self.Buy()

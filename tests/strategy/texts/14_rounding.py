값 = round(현재가 * 1.005, 2)
끝 = int(값 * 100) % 10
if 끝 in (0, 5) and round(현재가 / 3, 1) != round(현재가 / 3, 2) and abs(등락율) ** 2 > 0.5:
    self.Buy()

# 분봉: RSI, MFI
if RSI < 45 and RSI_N(1) < RSI and MFI > 20 or RSI > 65 and MFI_N(2) > MFI:
    self.Buy()

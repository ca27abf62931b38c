//! Every indicator: [`STUDIES`]. To add one is to add its entry, its type and its name in `any.rs`.

use super::Any;
use super::table::{Given, Parameter, Study, factor, kind_of, period};
use super::{
    Ad, AdOsc, Adx, Adxr, Aroon, AroonOsc, Atr, Average, Bbands, Beta, Bop, Cci, Change, Cmo, Correl, Dema, Difference,
    Direction, DirectionalIndex, DirectionalIndicator, DirectionalMovement, Ema, HtDcPeriod, HtDcPhase, HtPhasor, HtSine,
    HtTrendMode, HtTrendline, Kama, Line, LinearReg, Macd, MacdExt, Maximum, Mfi, MidPoint, MidPrice, Minimum, Momentum, Natr,
    Obv, Oscillator, Price, PriceKind, Rsi, Sar, SarExt, Sma, StdDev, Stoch, StochF, StochRsi, Sum, T3, Tema, Trima, Trix,
    TrueRange, UltOsc, Variance, WillR, Wma,
};

const fn entry(
    name: &'static str,
    parameters: &'static [Parameter],
    lines: &'static [&'static str],
    docs: [&'static str; 2],
    make: fn(Given) -> Any,
) -> Study {
    Study { name, parameters, lines, korean: docs[0], english: docs[1], make }
}

/// Every indicator, by name.
pub const STUDIES: &[Study] = &[
    entry(
        "AD",
        &[],
        &["AD"],
        ["거래량이 붙은 종가 위치의 누적", "volume by the place of the close, added up"],
        |_| Ad::default().into(),
    ),
    entry(
        "ADOSC",
        &[period("fast", 3.0, 2.0), period("slow", 10.0, 2.0)],
        &["ADOSC"],
        ["AD의 빠른 평균과 느린 평균의 차", "a fast less a slow average of AD"],
        |with| AdOsc::new(with.period(0), with.period(1)).into(),
    ),
    entry("ADX", &[period("period", 14.0, 2.0)], &["ADX"], ["방향성 지수의 평균", "average directional index"], |with| {
        Adx::new(with.period(0)).into()
    }),
    entry(
        "ADXR",
        &[period("period", 14.0, 2.0)],
        &["ADXR"],
        ["ADX와 그 전 ADX의 평균", "ADX and what it was, their middle"],
        |with| Adxr::new(with.period(0)).into(),
    ),
    entry(
        "APO",
        &[period("fast", 12.0, 2.0), period("slow", 26.0, 2.0), kind_of("kind")],
        &["APO"],
        ["빠른 이동평균과 느린 이동평균의 차", "a fast less a slow average"],
        |with| Oscillator::new(Difference::Absolute, [with.period(0), with.period(1)], with.kind(2)).into(),
    ),
    entry(
        "AROON",
        &[period("period", 14.0, 2.0)],
        &["AROOND", "AROONU"],
        ["최저가와 최고가 뒤 지난 봉 수, 0에서 100", "bars since the lowest and the highest, 0 to 100"],
        |with| Aroon::new(with.period(0)).into(),
    ),
    entry(
        "AROONOSC",
        &[period("period", 14.0, 2.0)],
        &["AROONOSC"],
        ["AROON의 위 빼기 아래", "AROON's up less its down"],
        |with| AroonOsc::new(with.period(0)).into(),
    ),
    entry("ATR", &[period("period", 14.0, 1.0)], &["ATR"], ["진폭의 평균", "average true range"], |with| {
        Atr::new(with.period(0)).into()
    }),
    entry(
        "AVGPRICE",
        &[],
        &["AVGPRICE"],
        ["시가, 고가, 저가, 종가의 평균", "mean of open, high, low and close"],
        |_| Price::new(PriceKind::Average).into(),
    ),
    entry(
        "BBANDS",
        &[period("period", 5.0, 2.0), factor("up", 2.0), factor("down", 2.0), kind_of("kind")],
        &["BBU", "BBM", "BBL"],
        ["볼린저 밴드: 위, 가운데, 아래", "Bollinger bands: upper, middle, lower"],
        |with| Bbands::new(with.period(0), with.number(1), with.number(2), with.kind(3)).into(),
    ),
    entry(
        "BETA",
        &[period("period", 5.0, 1.0)],
        &["BETA"],
        ["고가 변화에 대한 저가 변화의 기울기", "slope of the lows' changes against the highs'"],
        |with| Beta::new(with.period(0)).into(),
    ),
    entry("BOP", &[], &["BOP"], ["(종가 - 시가) / (고가 - 저가)", "(close - open) / (high - low)"], |_| Bop.into()),
    entry(
        "CCI",
        &[period("period", 14.0, 2.0)],
        &["CCI"],
        ["평균에서 벗어난 정도", "distance from the mean, in mean distances"],
        |with| Cci::new(with.period(0)).into(),
    ),
    entry(
        "CMO",
        &[period("period", 14.0, 2.0)],
        &["CMO"],
        ["오름과 내림의 차 / 합, -100에서 100", "gains less losses against both, -100 to 100"],
        |with| Cmo::new(with.period(0)).into(),
    ),
    entry(
        "CORREL",
        &[period("period", 30.0, 1.0)],
        &["CORREL"],
        ["고가와 저가의 상관계수", "correlation of highs and lows"],
        |with| Correl::new(with.period(0)).into(),
    ),
    entry(
        "DEMA",
        &[period("period", 30.0, 2.0)],
        &["DEMA"],
        ["이중 지수 이동평균", "double exponential average"],
        |with| Dema::new(with.period(0)).into(),
    ),
    entry("DX", &[period("period", 14.0, 2.0)], &["DX"], ["방향성 지수", "directional index"], |with| {
        DirectionalIndex::new(with.period(0)).into()
    }),
    entry("EMA", &[period("period", 30.0, 2.0)], &["EMA"], ["지수 이동평균", "exponential average"], |with| {
        Ema::new(with.period(0)).into()
    }),
    entry("HT_DCPERIOD", &[], &["HT_DCPERIOD"], ["지배 주기의 봉 수", "bars of the dominant cycle"], |_| {
        HtDcPeriod::default().into()
    }),
    entry(
        "HT_DCPHASE",
        &[],
        &["HT_DCPHASE"],
        ["지배 주기 안의 위상, 도", "phase in the dominant cycle, degrees"],
        |_| HtDcPhase::default().into(),
    ),
    entry(
        "HT_PHASOR",
        &[],
        &["INPHASE", "QUADRATURE"],
        ["지배 주기의 두 성분", "the two components of the cycle"],
        |_| HtPhasor::default().into(),
    ),
    entry(
        "HT_SINE",
        &[],
        &["SINE", "LEADSINE"],
        ["위상의 사인, 45도 앞의 사인", "sine of the phase, and 45 degrees ahead"],
        |_| HtSine::default().into(),
    ),
    entry("HT_TRENDLINE", &[], &["HT_TRENDLINE"], ["주기를 뺀 가격", "the price without its cycle"], |_| {
        HtTrendline::default().into()
    }),
    entry("HT_TRENDMODE", &[], &["HT_TRENDMODE"], ["추세면 1, 주기면 0", "1 in a trend, 0 in a cycle"], |_| {
        HtTrendMode::default().into()
    }),
    entry(
        "KAMA",
        &[period("period", 30.0, 2.0)],
        &["KAMA"],
        ["카우프만 적응 이동평균", "Kaufman's adaptive average"],
        |with| Kama::new(with.period(0)).into(),
    ),
    entry(
        "LINEARREG",
        &[period("period", 14.0, 2.0)],
        &["LINEARREG"],
        ["회귀선의 끝", "end of the line of best fit"],
        |with| LinearReg::new(Line::End, with.period(0)).into(),
    ),
    entry(
        "LINEARREG_ANGLE",
        &[period("period", 14.0, 2.0)],
        &["LINEARREG_ANGLE"],
        ["회귀선의 각도", "angle of the line of best fit, degrees"],
        |with| LinearReg::new(Line::Angle, with.period(0)).into(),
    ),
    entry(
        "LINEARREG_INTERCEPT",
        &[period("period", 14.0, 2.0)],
        &["LINEARREG_INTERCEPT"],
        ["회귀선의 시작", "beginning of the line of best fit"],
        |with| LinearReg::new(Line::Intercept, with.period(0)).into(),
    ),
    entry(
        "LINEARREG_SLOPE",
        &[period("period", 14.0, 2.0)],
        &["LINEARREG_SLOPE"],
        ["회귀선의 기울기", "slope of the line of best fit"],
        |with| LinearReg::new(Line::Slope, with.period(0)).into(),
    ),
    entry(
        "MA",
        &[period("period", 30.0, 1.0), kind_of("kind")],
        &["MA"],
        ["이동평균 (종류를 고름)", "an average of a kind"],
        |with| Average::new(with.kind(1), with.period(0)).into(),
    ),
    entry(
        "MACD",
        &[period("fast", 12.0, 2.0), period("slow", 26.0, 2.0), period("signal", 9.0, 1.0)],
        &["MACD", "MACDS", "MACDH"],
        ["MACD, 신호선, 차", "MACD, its signal, the histogram"],
        |with| Macd::new(with.period(0), with.period(1), with.period(2)).into(),
    ),
    entry(
        "MACDEXT",
        &[
            period("fast", 12.0, 2.0),
            kind_of("fast_kind"),
            period("slow", 26.0, 2.0),
            kind_of("slow_kind"),
            period("signal", 9.0, 1.0),
            kind_of("signal_kind"),
        ],
        &["MACDEXT", "MACDEXTS", "MACDEXTH"],
        ["평균의 종류를 고르는 MACD", "MACD of averages of any kinds"],
        |with| {
            MacdExt::new((with.period(0), with.kind(1)), (with.period(2), with.kind(3)), (with.period(4), with.kind(5))).into()
        },
    ),
    entry(
        "MACDFIX",
        &[period("signal", 9.0, 1.0)],
        &["MACDFIX", "MACDFIXS", "MACDFIXH"],
        ["처음 정의대로의 MACD (0.15, 0.075)", "MACD with the weights 0.15 and 0.075"],
        |with| Macd::fixed(with.period(0)).into(),
    ),
    entry("MAX", &[period("period", 30.0, 2.0)], &["MAX"], ["가장 높은 종가", "highest close"], |with| {
        Maximum::new(with.period(0)).into()
    }),
    entry("MEDPRICE", &[], &["MEDPRICE"], ["고가와 저가의 가운데", "middle of high and low"], |_| {
        Price::new(PriceKind::Median).into()
    }),
    entry(
        "MFI",
        &[period("period", 14.0, 2.0)],
        &["MFI"],
        ["자금 흐름 지수, 0에서 100", "money flow index, 0 to 100"],
        |with| Mfi::new(with.period(0)).into(),
    ),
    entry(
        "MIDPOINT",
        &[period("period", 14.0, 2.0)],
        &["MIDPOINT"],
        ["종가의 최고와 최저의 가운데", "middle of the highest and lowest close"],
        |with| MidPoint::new(with.period(0)).into(),
    ),
    entry(
        "MIDPRICE",
        &[period("period", 14.0, 2.0)],
        &["MIDPRICE"],
        ["최고 고가와 최저 저가의 가운데", "middle of the highest high and lowest low"],
        |with| MidPrice::new(with.period(0)).into(),
    ),
    entry("MIN", &[period("period", 30.0, 2.0)], &["MIN"], ["가장 낮은 종가", "lowest close"], |with| {
        Minimum::new(with.period(0)).into()
    }),
    entry(
        "MINUS_DI",
        &[period("period", 14.0, 1.0)],
        &["DIM"],
        ["내림 방향 지표", "downward directional indicator"],
        |with| DirectionalIndicator::new(Direction::Down, with.period(0)).into(),
    ),
    entry(
        "MINUS_DM",
        &[period("period", 14.0, 1.0)],
        &["DMM"],
        ["내림 방향 움직임", "downward directional movement"],
        |with| DirectionalMovement::new(Direction::Down, with.period(0)).into(),
    ),
    entry("MOM", &[period("period", 10.0, 1.0)], &["MOM"], ["몇 봉 전과의 차", "difference to some bars before"], |with| {
        Momentum::new(Change::Difference, with.period(0)).into()
    }),
    entry("NATR", &[period("period", 14.0, 1.0)], &["NATR"], ["종가 대비 ATR %", "ATR in percent of the close"], |with| {
        Natr::new(with.period(0)).into()
    }),
    entry(
        "OBV",
        &[],
        &["OBV"],
        ["오르면 더하고 내리면 뺀 거래량", "volume, added on rises and taken off on falls"],
        |_| Obv::default().into(),
    ),
    entry("PLUS_DI", &[period("period", 14.0, 1.0)], &["DIP"], ["오름 방향 지표", "upward directional indicator"], |with| {
        DirectionalIndicator::new(Direction::Up, with.period(0)).into()
    }),
    entry(
        "PLUS_DM",
        &[period("period", 14.0, 1.0)],
        &["DMP"],
        ["오름 방향 움직임", "upward directional movement"],
        |with| DirectionalMovement::new(Direction::Up, with.period(0)).into(),
    ),
    entry(
        "PPO",
        &[period("fast", 12.0, 2.0), period("slow", 26.0, 2.0), kind_of("kind")],
        &["PPO"],
        ["느린 이동평균 대비 빠른 이동평균 %", "a fast against a slow average, percent"],
        |with| Oscillator::new(Difference::Percent, [with.period(0), with.period(1)], with.kind(2)).into(),
    ),
    entry(
        "ROC",
        &[period("period", 10.0, 1.0)],
        &["ROC"],
        ["몇 봉 전 대비 %", "change to some bars before, percent"],
        |with| Momentum::new(Change::Percent, with.period(0)).into(),
    ),
    entry(
        "ROCP",
        &[period("period", 10.0, 1.0)],
        &["ROCP"],
        ["몇 봉 전 대비 변화의 몫", "change to some bars before, as a part"],
        |with| Momentum::new(Change::Part, with.period(0)).into(),
    ),
    entry("ROCR", &[period("period", 10.0, 1.0)], &["ROCR"], ["몇 봉 전 대비 비율", "ratio to some bars before"], |with| {
        Momentum::new(Change::Ratio, with.period(0)).into()
    }),
    entry(
        "ROCR100",
        &[period("period", 10.0, 1.0)],
        &["ROCR100"],
        ["몇 봉 전 대비 비율 × 100", "ratio to some bars before × 100"],
        |with| Momentum::new(Change::RatioPercent, with.period(0)).into(),
    ),
    entry(
        "RSI",
        &[period("period", 14.0, 2.0)],
        &["RSI"],
        ["상대 강도 지수, 0에서 100", "relative strength index, 0 to 100"],
        |with| Rsi::new(with.period(0)).into(),
    ),
    entry(
        "SAR",
        &[factor("acceleration", 0.02), factor("most", 0.2)],
        &["SAR"],
        ["추세를 따르는 손절선", "a stop that follows the price"],
        |with| Sar::new(with.number(0), with.number(1)).into(),
    ),
    entry(
        "SAREXT",
        &[
            factor("start", 0.0),
            factor("offset", 0.0),
            factor("long_first", 0.02),
            factor("long_step", 0.02),
            factor("long_most", 0.2),
            factor("short_first", 0.02),
            factor("short_step", 0.02),
            factor("short_most", 0.2),
        ],
        &["SAREXT"],
        ["방향마다 따로 정하는 SAR; 내림일 때 음수", "SAR with settings by direction; below 0 while short"],
        |with| SarExt::new(with.number(0), with.number(1), with.acceleration(2), with.acceleration(5)).into(),
    ),
    entry("SMA", &[period("period", 30.0, 2.0)], &["SMA"], ["단순 이동평균", "mean"], |with| {
        Sma::new(with.period(0)).into()
    }),
    entry(
        "STDDEV",
        &[period("period", 5.0, 2.0), factor("times", 1.0)],
        &["STDDEV"],
        ["표준편차", "standard deviation"],
        |with| StdDev::new(with.period(0), with.number(1)).into(),
    ),
    entry(
        "STOCH",
        &[
            period("fast", 5.0, 1.0),
            period("slow", 3.0, 1.0),
            kind_of("slow_kind"),
            period("average", 3.0, 1.0),
            kind_of("average_kind"),
        ],
        &["STOCHSK", "STOCHSD"],
        ["느린 스토캐스틱: %K, %D", "slow stochastic: %K, %D"],
        |with| Stoch::new(with.period(0), (with.period(1), with.kind(2)), (with.period(3), with.kind(4))).into(),
    ),
    entry(
        "STOCHF",
        &[period("fast", 5.0, 1.0), period("average", 3.0, 1.0), kind_of("average_kind")],
        &["STOCHFK", "STOCHFD"],
        ["빠른 스토캐스틱: %K, %D", "fast stochastic: %K, %D"],
        |with| StochF::new(with.period(0), (with.period(1), with.kind(2))).into(),
    ),
    entry(
        "STOCHRSI",
        &[period("period", 14.0, 2.0), period("fast", 5.0, 1.0), period("average", 3.0, 1.0), kind_of("average_kind")],
        &["STOCHRSIK", "STOCHRSID"],
        ["RSI의 빠른 스토캐스틱", "fast stochastic of the RSI"],
        |with| StochRsi::new(with.period(0), with.period(1), (with.period(2), with.kind(3))).into(),
    ),
    entry("SUM", &[period("period", 30.0, 2.0)], &["SUM"], ["종가의 합", "sum of closes"], |with| {
        Sum::new(with.period(0)).into()
    }),
    entry(
        "T3",
        &[period("period", 5.0, 2.0), factor("factor", 0.7)],
        &["T3"],
        ["틸슨의 T3 이동평균", "Tillson's T3 average"],
        |with| T3::new(with.period(0), with.number(1)).into(),
    ),
    entry(
        "TEMA",
        &[period("period", 30.0, 2.0)],
        &["TEMA"],
        ["삼중 지수 이동평균", "triple exponential average"],
        |with| Tema::new(with.period(0)).into(),
    ),
    entry("TRANGE", &[], &["TRANGE"], ["진폭 (전봉 종가 포함)", "true range"], |_| TrueRange::default().into()),
    entry("TRIMA", &[period("period", 30.0, 2.0)], &["TRIMA"], ["삼각 이동평균", "triangular average"], |with| {
        Trima::new(with.period(0)).into()
    }),
    entry(
        "TRIX",
        &[period("period", 30.0, 1.0)],
        &["TRIX"],
        ["세 번 고른 이동평균의 변화 %", "change of a thrice smoothed series, percent"],
        |with| Trix::new(with.period(0)).into(),
    ),
    entry(
        "TSF",
        &[period("period", 14.0, 2.0)],
        &["TSF"],
        ["회귀선의 다음 값", "next value of the line of best fit"],
        |with| LinearReg::new(Line::Forecast, with.period(0)).into(),
    ),
    entry("TYPPRICE", &[], &["TYPPRICE"], ["고가, 저가, 종가의 평균", "mean of high, low and close"], |_| {
        Price::new(PriceKind::Typical).into()
    }),
    entry(
        "ULTOSC",
        &[period("first", 7.0, 1.0), period("second", 14.0, 1.0), period("third", 28.0, 1.0)],
        &["ULTOSC"],
        ["세 기간의 매수 압력", "buying pressure over three periods"],
        |with| UltOsc::new([with.period(0), with.period(1), with.period(2)]).into(),
    ),
    entry("VAR", &[period("period", 5.0, 1.0)], &["VAR"], ["분산", "variance"], |with| Variance::new(with.period(0)).into()),
    entry(
        "WCLPRICE",
        &[],
        &["WCLPRICE"],
        ["고가, 저가, 종가 두 번의 평균", "mean of high, low, and the close twice"],
        |_| Price::new(PriceKind::WeightedClose).into(),
    ),
    entry(
        "WILLR",
        &[period("period", 14.0, 2.0)],
        &["WILLR"],
        ["최고가 아래로 내려온 정도, -100에서 0", "distance below the highest, -100 to 0"],
        |with| WillR::new(with.period(0)).into(),
    ),
    entry("WMA", &[period("period", 30.0, 2.0)], &["WMA"], ["가중 이동평균", "weighted average"], |with| {
        Wma::new(with.period(0)).into()
    }),
];

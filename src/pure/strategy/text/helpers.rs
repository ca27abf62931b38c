//! Functions that later versions of the reference have, as expressions over the others: [`HELPERS`]. Their names and usual arguments
//! are the reference's; where it only names one, its expression here is what it means.
//!
//! 구간 is a window in rows, 폭 and 근접 are percents, 배 is a factor, `k` and 전 are how many rows ago (`k` may be -1, the row of the buy),
//! and 뒤 is how many rows there are between what came first and what follows.

use super::functions::{Body, Function};
use super::names::Part;

const fn formula(name: &'static str, arguments: &'static str, formula: &'static str, docs: [&'static str; 2]) -> Function {
    let most = count(arguments, b'=');
    Function {
        tick: name,
        minute: name,
        arguments,
        least: 0,
        most,
        korean: docs[0],
        english: docs[1],
        body: Body::Formula(formula),
        only: None,
    }
}

const fn exit(name: &'static str, arguments: &'static str, body: &'static str, docs: [&'static str; 2]) -> Function {
    Function { only: Some(Part::Sell), ..formula(name, arguments, body, docs) }
}

/// A function that says no more than its expression does.
const fn both(name: &'static str, arguments: &'static str, body: &'static str) -> Function {
    formula(name, arguments, body, [body, body])
}

/// How often `byte` is in `text`.
const fn count(text: &str, byte: u8) -> usize {
    let (mut found, mut index) = (0, 0);
    while index < text.len() {
        found += (text.as_bytes()[index] == byte) as usize;
        index += 1;
    }
    found
}

/// Every function of this kind.
pub(super) const HELPERS: &[Function] = &[
    // Time: seconds since 1970, as VI해제시간 and 매수시간 are.
    formula("now", "()", "행시각", ["행의 시각: 1970년부터 초", "time of the row: seconds since 1970"]),
    formula(
        "timedelta_sec",
        "(초=0, 시각=0)",
        "(시각 if 시각 else 행시각) + 초",
        ["시각에서 초 뒤; 시각이 없으면 행의 시각에서", "so many seconds after a time, or after that of the row"],
    ),
    // Means as levels.
    formula(
        "이평지지",
        "(이평=60, 구간=30, 근접=0.5, 지속=10, 전=0)",
        "최저현재가(구간, 전) > 0 and 이동평균(이평, 전) > 0 and 현재가N(전) >= 이동평균(이평, 전) and abs(최저현재가(구간, 전) / 이동평균(이평, 전) - 1) \
         * 100 <= 근접 and 저점틱수(구간, 전) >= 지속",
        [
            "구간의 최저가가 이동평균에서 근접% 안이고, 그 뒤 지속 행 넘게 지났고, 현재가가 이동평균 이상",
            "the low of the window lies within 근접 % of the mean and is 지속 rows old, and the price is at the mean or above",
        ],
    ),
    formula(
        "이평돌파",
        "(이평=60, 폭=1, 전=0)",
        "이동평균(이평, 전 + 1) > 0 and 현재가N(전 + 1) <= 이동평균(이평, 전 + 1) * (1 + 폭 / 100) and 현재가N(전) > 이동평균(이평, 전) * (1 + 폭 / 100)",
        [
            "앞 행에서 이동평균 +폭% 이하이던 현재가가 그 위로 오름",
            "the price rises above the mean + 폭 %, where it was not one row before",
        ],
    ),
    formula(
        "이평이탈",
        "(이평=60, 폭=1, 전=0)",
        "이동평균(이평, 전 + 1) > 0 and 현재가N(전 + 1) >= 이동평균(이평, 전 + 1) * (1 - 폭 / 100) and 현재가N(전) < 이동평균(이평, 전) * (1 - 폭 / 100)",
        [
            "앞 행에서 이동평균 -폭% 이상이던 현재가가 그 아래로 내림",
            "the price falls below the mean - 폭 %, where it was not one row before",
        ],
    ),
    formula(
        "시가지지",
        "(구간=30, 근접=0.5, 지속=10, 전=0)",
        "최저현재가(구간, 전) > 0 and 시가N(전) > 0 and 현재가N(전) >= 시가N(전) and abs(최저현재가(구간, 전) / 시가N(전) - 1) * 100 <= 근접 and \
         저점틱수(구간, 전) >= 지속",
        ["이평지지와 같되 이동평균 대신 시가", "as 이평지지, at the day's open"],
    ),
    formula(
        "시가돌파",
        "(구간=30, 폭=1)",
        "0 < 최고현재가(구간, 1) <= 시가 * (1 + 폭 / 100) < 현재가",
        [
            "앞 구간 내내 시가 +폭% 이하이던 현재가가 그 위로 오름",
            "the price rises above the open + 폭 %, where it was in no row of the window before",
        ],
    ),
    formula(
        "시가이탈",
        "(구간=30, 폭=1)",
        "최저현재가(구간, 1) >= 시가 * (1 - 폭 / 100) > 현재가",
        [
            "앞 구간 내내 시가 -폭% 이상이던 현재가가 그 아래로 내림",
            "the price falls below the open - 폭 %, where it was in no row of the window before",
        ],
    ),
    // How much the price moves.
    formula(
        "변동성",
        "(구간=30, k=0)",
        "(최고현재가(구간, k) / 최저현재가(구간, k) - 1) * 100 if 최저현재가(구간, k) else 0",
        ["구간의 최저가 대비 최고가 %; 행이 모자라면 0", "the high of the window against its low, percent; 0 with too few rows"],
    ),
    formula(
        "변동성급증",
        "(구간=30, 배=2, 전=0)",
        "최저현재가(구간, 전 + 구간) > 0 and 변동성(구간, 전) > 변동성(구간, 전 + 구간) * 배",
        ["변동성이 바로 앞 구간의 배 배를 넘음", "변동성 is above 배 times that of the window before"],
    ),
    formula(
        "변동성급감",
        "(구간=30, 배=0.5, 전=0)",
        "최저현재가(구간, 전 + 구간) > 0 and 변동성(구간, 전) < 변동성(구간, 전 + 구간) * 배",
        ["변동성이 바로 앞 구간의 배 배보다 작음", "변동성 is below 배 times that of the window before"],
    ),
    formula(
        "횡보감지",
        "(구간=30, 폭=0.5, k=0)",
        "최저현재가(구간, k) > 0 and 변동성(구간, k) <= 폭",
        ["구간의 변동성이 폭% 이하", "변동성 of the window is 폭 % at most"],
    ),
    // Ratios; 0 where there is nothing to divide by.
    formula(
        "구간저가대비현재가등락율",
        "(구간=30)",
        "(현재가 / 최저현재가(구간) - 1) * 100 if 최저현재가(구간) else 0",
        ["구간의 최저가 대비 현재가 %", "the price against the low of the window, percent"],
    ),
    formula(
        "구간고가대비현재가등락율",
        "(구간=30)",
        "(현재가 / 최고현재가(구간) - 1) * 100 if 최고현재가(구간) else 0",
        ["구간의 최고가 대비 현재가 %", "the price against the high of the window, percent"],
    ),
    formula(
        "거래대금평균대비비율",
        "(구간=30, k=0)",
        "초당거래대금N(k) / 초당거래대금평균(구간, k) if 초당거래대금평균(구간, k) else 0",
        ["거래대금 / 구간의 평균", "turnover against its mean over the window"],
    ),
    formula(
        "체결강도평균대비비율",
        "(구간=30, k=0)",
        "체결강도N(k) / 체결강도평균(구간, k) if 체결강도평균(구간, k) else 0",
        ["체결강도 / 구간의 평균", "체결강도 against its mean over the window"],
    ),
    formula(
        "구간호가총잔량비율",
        "(구간=30, k=0)",
        "매수총잔량평균(구간, k) / (매수총잔량평균(구간, k) + 매도총잔량평균(구간, k)) if 매수총잔량평균(구간, k) + 매도총잔량평균(구간, k) else 0",
        ["구간의 매수총잔량 / 양쪽 총잔량, 0에서 1", "bid sizes against the sizes of both sides over the window, 0 to 1"],
    ),
    formula(
        "매수수량변동성",
        "(구간=30, k=0)",
        "초당매수수량N(k) / 초당매수수량평균(구간, k) if 초당매수수량평균(구간, k) else 0",
        ["매수수량 / 구간의 평균", "quantity bought against its mean over the window"],
    ),
    formula(
        "매도수량변동성",
        "(구간=30, k=0)",
        "초당매도수량N(k) / 초당매도수량평균(구간, k) if 초당매도수량평균(구간, k) else 0",
        ["매도수량 / 구간의 평균", "quantity sold against its mean over the window"],
    ),
    formula(
        "호가갭발생",
        "(호가수=3, k=0)",
        "호가단위 > 0 and 매수호가1N(k) > 0 and round((매도호가1N(k) - 매수호가1N(k)) / 호가단위) >= 호가수",
        ["매도호가1과 매수호가1이 호가수 호가 이상 벌어짐", "best ask and best bid are 호가수 ticks apart or more"],
    ),
    // Persistence and jumps.
    formula(
        "연속상승",
        "(횟수=3)",
        "연속상승수() >= 횟수",
        ["현재가가 횟수 행 넘게 잇달아 오름", "the price rose 횟수 rows in a row or more"],
    ),
    formula(
        "연속하락",
        "(횟수=3)",
        "연속하락수() >= 횟수",
        ["현재가가 횟수 행 넘게 잇달아 내림", "the price fell 횟수 rows in a row or more"],
    ),
    formula(
        "가격급등",
        "(구간=10, 폭=1)",
        "현재가N(구간) > 0 and (현재가 / 현재가N(구간) - 1) * 100 >= 폭",
        ["구간 행 전보다 폭% 이상 오름", "the price is 폭 % or more above that of 구간 rows ago"],
    ),
    formula(
        "가격급락",
        "(구간=10, 폭=1)",
        "현재가N(구간) > 0 and (현재가 / 현재가N(구간) - 1) * 100 <= -폭",
        ["구간 행 전보다 폭% 이상 내림", "the price is 폭 % or more below that of 구간 rows ago"],
    ),
    formula(
        "거래대금급증",
        "(구간=30, 배=3, 전=0)",
        "초당거래대금평균(구간, 전 + 1) > 0 and 초당거래대금N(전) >= 초당거래대금평균(구간, 전 + 1) * 배",
        ["거래대금이 앞 구간 평균의 배 배 이상", "turnover is 배 times its mean over the window before, or more"],
    ),
    formula(
        "거래대금급감",
        "(구간=30, 배=0.5, 전=0)",
        "초당거래대금평균(구간, 전 + 1) > 0 and 초당거래대금N(전) <= 초당거래대금평균(구간, 전 + 1) * 배",
        ["거래대금이 앞 구간 평균의 배 배 이하", "turnover is 배 times its mean over the window before, or less"],
    ),
    formula(
        "체결강도급등",
        "(구간=30, 배=1.1, 전=0)",
        "체결강도평균(구간, 전 + 1) > 0 and 체결강도N(전) >= 체결강도평균(구간, 전 + 1) * 배",
        ["체결강도가 앞 구간 평균의 배 배 이상", "체결강도 is 배 times its mean over the window before, or more"],
    ),
    formula(
        "체결강도급락",
        "(구간=30, 배=0.9, 전=0)",
        "체결강도평균(구간, 전 + 1) > 0 and 체결강도N(전) <= 체결강도평균(구간, 전 + 1) * 배",
        ["체결강도가 앞 구간 평균의 배 배 이하", "체결강도 is 배 times its mean over the window before, or less"],
    ),
    formula(
        "매수수량급증",
        "(구간=30, 배=3, 전=0)",
        "초당매수수량평균(구간, 전 + 1) > 0 and 초당매수수량N(전) >= 초당매수수량평균(구간, 전 + 1) * 배",
        ["매수수량이 앞 구간 평균의 배 배 이상", "quantity bought is 배 times its mean over the window before, or more"],
    ),
    formula(
        "매수수량급감",
        "(구간=30, 배=0.5, 전=0)",
        "초당매수수량평균(구간, 전 + 1) > 0 and 초당매수수량N(전) <= 초당매수수량평균(구간, 전 + 1) * 배",
        ["매수수량이 앞 구간 평균의 배 배 이하", "quantity bought is 배 times its mean over the window before, or less"],
    ),
    formula(
        "매도수량급증",
        "(구간=30, 배=3, 전=0)",
        "초당매도수량평균(구간, 전 + 1) > 0 and 초당매도수량N(전) >= 초당매도수량평균(구간, 전 + 1) * 배",
        ["매도수량이 앞 구간 평균의 배 배 이상", "quantity sold is 배 times its mean over the window before, or more"],
    ),
    formula(
        "매도수량급감",
        "(구간=30, 배=0.5, 전=0)",
        "초당매도수량평균(구간, 전 + 1) > 0 and 초당매도수량N(전) <= 초당매도수량평균(구간, 전 + 1) * 배",
        ["매도수량이 앞 구간 평균의 배 배 이하", "quantity sold is 배 times its mean over the window before, or less"],
    ),
    formula(
        "호가상승압력",
        "(구간=30, 비율=0.7)",
        "구간호가총잔량비율(구간) >= 비율",
        ["구간호가총잔량비율이 비율 이상", "구간호가총잔량비율 is 비율 or more"],
    ),
    formula(
        "호가하락압력",
        "(구간=30, 비율=0.3)",
        "0 < 구간호가총잔량비율(구간) <= 비율",
        ["구간호가총잔량비율이 비율 이하", "구간호가총잔량비율 is 비율 or less"],
    ),
    // One after the other, or both at once.
    both(
        "이평지지후이평돌파",
        "(이평=60, 구간=30, 근접=0.5, 지속=10, 폭=1)",
        "이평지지(이평, 구간, 근접, 지속, 1) and 이평돌파(이평, 폭)",
    ),
    both(
        "이평지지후이평이탈",
        "(이평=60, 구간=30, 근접=0.5, 지속=10, 폭=1)",
        "이평지지(이평, 구간, 근접, 지속, 1) and 이평이탈(이평, 폭)",
    ),
    both("횡보후가격급등", "(구간=30, 횡보폭=0.5, 뒤=10, 폭=1)", "횡보감지(구간, 횡보폭, 뒤) and 가격급등(뒤, 폭)"),
    both("횡보후가격급락", "(구간=30, 횡보폭=0.5, 뒤=10, 폭=1)", "횡보감지(구간, 횡보폭, 뒤) and 가격급락(뒤, 폭)"),
    both("횡보후연속상승", "(구간=30, 횡보폭=0.5, 횟수=3)", "횡보감지(구간, 횡보폭, 횟수) and 연속상승(횟수)"),
    both("횡보후연속하락", "(구간=30, 횡보폭=0.5, 횟수=3)", "횡보감지(구간, 횡보폭, 횟수) and 연속하락(횟수)"),
    both("연속상승및가격급등", "(횟수=3, 뒤=10, 폭=1)", "연속상승(횟수) and 가격급등(뒤, 폭)"),
    both("연속하락및가격급락", "(횟수=3, 뒤=10, 폭=1)", "연속하락(횟수) and 가격급락(뒤, 폭)"),
    both("거래대금급증및구간최고가갱신", "(구간=30, 배=3)", "거래대금급증(구간, 배) and 현재가 > 최고현재가(구간, 1) > 0"),
    both("거래대금급증및가격급등", "(구간=30, 배=3, 뒤=10, 폭=1)", "거래대금급증(구간, 배) and 가격급등(뒤, 폭)"),
    both("거래대금급증및연속상승", "(구간=30, 배=3, 횟수=3)", "거래대금급증(구간, 배) and 연속상승(횟수)"),
    both("거래대금급감후구간최저가갱신", "(구간=30, 배=0.5)", "거래대금급감(구간, 배, 1) and 현재가 < 최저현재가(구간, 1)"),
    both("거래대금급감및가격급락", "(구간=30, 배=0.5, 뒤=10, 폭=1)", "거래대금급감(구간, 배) and 가격급락(뒤, 폭)"),
    both("거래대금급감및연속하락", "(구간=30, 배=0.5, 횟수=3)", "거래대금급감(구간, 배) and 연속하락(횟수)"),
    both("호가상승압력및매수수량급증", "(구간=30, 비율=0.7, 배=3)", "호가상승압력(구간, 비율) and 매수수량급증(구간, 배)"),
    both("호가하락압력및매도수량급증", "(구간=30, 비율=0.3, 배=3)", "호가하락압력(구간, 비율) and 매도수량급증(구간, 배)"),
    both("체결강도급등및호가상승압력", "(구간=30, 배=1.1, 비율=0.7)", "체결강도급등(구간, 배) and 호가상승압력(구간, 비율)"),
    both("체결강도급락및호가하락압력", "(구간=30, 배=0.9, 비율=0.3)", "체결강도급락(구간, 배) and 호가하락압력(구간, 비율)"),
    both("매수수량급증및가격급등", "(구간=30, 배=3, 뒤=10, 폭=1)", "매수수량급증(구간, 배) and 가격급등(뒤, 폭)"),
    both("매도수량급증후가격급락", "(구간=30, 배=3, 뒤=10, 폭=1)", "매도수량급증(구간, 배, 뒤) and 가격급락(뒤, 폭)"),
    both(
        "시가근접횡보후시가돌파",
        "(구간=30, 근접=0.5, 폭=1)",
        "시가 > 0 and 횡보감지(구간, 근접, 1) and abs(최고현재가(구간, 1) / 시가 - 1) * 100 <= 근접 and 현재가 > 시가 * (1 + 폭 / 100)",
    ),
    both(
        "시가근접횡보후시가이탈",
        "(구간=30, 근접=0.5, 폭=1)",
        "시가 > 0 and 횡보감지(구간, 근접, 1) and abs(최저현재가(구간, 1) / 시가 - 1) * 100 <= 근접 and 현재가 < 시가 * (1 - 폭 / 100)",
    ),
    both(
        "저가갱신후가격급등",
        "(구간=10, 폭=1)",
        "저가 > 0 and 저가미갱신지속틱수() <= 구간 and (현재가 / 저가 - 1) * 100 >= 폭",
    ),
    both(
        "고가갱신후가격급락",
        "(구간=10, 폭=1)",
        "고가 > 0 and 고가미갱신지속틱수() <= 구간 and (현재가 / 고가 - 1) * 100 <= -폭",
    ),
    both("변동성급증및구간최고가갱신", "(구간=30, 배=2)", "변동성급증(구간, 배) and 현재가 > 최고현재가(구간, 1) > 0"),
    both("변동성급감및구간최저가갱신", "(구간=30, 배=0.5)", "변동성급감(구간, 배) and 현재가 < 최저현재가(구간, 1)"),
    // Ways out, for sell texts.
    exit(
        "횡보상태장기보유",
        "(구간=60, 폭=0.5, 시간=600)",
        "횡보감지(구간, 폭) and 보유시간 >= 시간",
        ["시간 넘게 들고 있고 구간이 횡보", "held for 시간 or longer, and the window is flat"],
    ),
    exit(
        "변동성급증_역추세매도",
        "(구간=30, 배=3, 폭=2)",
        "변동성급증(구간, 배) and 구간고가대비현재가등락율(구간) <= -폭",
        [
            "변동성이 급증하며 구간 최고가에서 폭% 이상 내림",
            "변동성 jumps while the price is 폭 % or more below the high of the window",
        ],
    ),
    exit(
        "장기보유종목_동적익절청산",
        "(구간=30, 시간=600, 최소=0.3, 배=2)",
        "보유시간 >= 시간 and 수익률 >= max(최소, 변동성(구간) * 배)",
        [
            "시간 넘게 들고 있고 수익률이 최소와 변동성의 배 배 가운데 큰 것 이상",
            "held for 시간 or longer, and the return is the larger of 최소 and 배 times 변동성, or more",
        ],
    ),
    exit(
        "거래대금비율기반_동적청산",
        "(구간=30, 적음=0.3, 많음=3)",
        "초당거래대금평균(구간) > 0 and (수익률 > 0 and 거래대금평균대비비율(구간) <= 적음 or 현재가 < 현재가N(1) and 거래대금평균대비비율(구간) >= 많음)",
        [
            "이익일 때 거래대금이 평균의 적음 배 이하로 마르거나, 내리는 행에서 많음 배 이상으로 터짐",
            "in profit turnover dries up to 적음 times its mean, or it bursts to 많음 times on a falling row",
        ],
    ),
    exit(
        "호가압력기반_동적청산",
        "(구간=30, 높음=0.8, 낮음=0.2)",
        "수익률 > 0 and 구간호가총잔량비율(구간) >= 높음 or 0 < 구간호가총잔량비율(구간) <= 낮음",
        [
            "이익일 때 매수 잔량 비율이 높음 이상이거나, 언제든 낮음 이하",
            "in profit the bids' share is 높음 or more, or at any time it is 낮음 or less",
        ],
    ),
    exit(
        "이평기반_동적청산",
        "(짧은=30, 긴=60, 짧은폭=1, 긴폭=1)",
        "현재가 < 이동평균(짧은) * (1 - 짧은폭 / 100) or 현재가 < 이동평균(긴) * (1 - 긴폭 / 100)",
        ["현재가가 두 이동평균 가운데 하나보다 그 폭% 넘게 낮음", "the price is below one of two means by more than its percent"],
    ),
    exit(
        "변동성기반_동적청산",
        "(구간=30, 익절=3, 손절=1.5)",
        "변동성(구간) > 0 and (수익률 >= 변동성(구간) * 익절 or 수익률 <= -변동성(구간) * 손절)",
        [
            "수익률이 변동성의 익절 배 이상이거나 변동성의 손절 배 넘게 손실",
            "the return is 익절 times 변동성 or more, or a loss of 손절 times 변동성 or more",
        ],
    ),
    exit(
        "변동성급증기반_동적청산",
        "(구간=30, 배=2, 익절=3, 손절=1.5)",
        "변동성급증(구간, 배) and 변동성기반_동적청산(구간, 익절, 손절)",
        ["변동성이 급증하며 변동성기반_동적청산", "변동성 jumps, and 변동성기반_동적청산"],
    ),
];

//! The two spellings of every message of the stream, and from one to the other: [`respelled`]. Source: fact sheet U7.

/// Names of each kind: DEFAULT, then SIMPLE. A candle's kind is its first part.
const NAMES: &[(&str, &str)] = &[
    (
        "ticker",
        "type ty code cd opening_price op high_price hp low_price lp trade_price tp prev_closing_price pcp change c change_price cp \
         signed_change_price scp change_rate cr signed_change_rate scr trade_volume tv acc_trade_volume atv \
         acc_trade_volume_24h atv24h acc_trade_price atp acc_trade_price_24h atp24h trade_date tdt trade_time ttm \
         trade_timestamp ttms ask_bid ab acc_ask_volume aav acc_bid_volume abv highest_52_week_price h52wp \
         highest_52_week_date h52wdt lowest_52_week_price l52wp lowest_52_week_date l52wdt market_state ms \
         is_trading_suspended its market_warning mw delisting_date dd timestamp tms stream_type st",
    ),
    (
        "trade",
        "type ty code cd trade_price tp trade_volume tv ask_bid ab prev_closing_price pcp change c change_price cp trade_date td \
         trade_time ttm trade_timestamp ttms timestamp tms sequential_id sid best_ask_price bap best_ask_size bas \
         best_bid_price bbp best_bid_size bbs stream_type st",
    ),
    (
        "orderbook",
        "type ty code cd total_ask_size tas total_bid_size tbs orderbook_units obu ask_price ap bid_price bp ask_size as \
         bid_size bs timestamp tms level lv stream_type st",
    ),
    (
        "candle",
        "type ty code cd candle_date_time_utc cdttmu candle_date_time_kst cdttmk opening_price op high_price hp low_price lp \
         trade_price tp candle_acc_trade_volume catv candle_acc_trade_price catp timestamp tms stream_type st",
    ),
    (
        "myOrder",
        "type ty code cd uuid uid ask_bid ab order_type ot state s trade_uuid tuid price p avg_price ap volume v \
         remaining_volume rv executed_volume ev trades_count tc reserved_fee rsf remaining_fee rmf paid_fee pf locked l \
         executed_funds ef time_in_force tif trade_fee tf is_maker im identifier id smp_type smpt prevented_volume pv \
         prevented_locked pl trade_timestamp ttms order_timestamp otms timestamp tms stream_type st",
    ),
    (
        "myAsset",
        "type ty asset_uuid astuid assets ast currency cu balance b locked l asset_timestamp asttms timestamp tms stream_type st",
    ),
];

/// A message of a kind in the other spelling: only its keys change, its values stay to the last digit. What is spelled so
/// already, and a
/// kind that is not known, stay as they are. The text is the venue's: no value in it looks like a key.
pub fn respelled(kind: &str, text: &str, simple: bool) -> String {
    let kind = kind.split('.').next().unwrap_or(kind);
    let names = NAMES.iter().find(|(known, _)| *known == kind).map_or("", |row| row.1);
    let mut words = names.split_whitespace();
    let mut out = text.to_owned();
    while let (Some(long), Some(short)) = (words.next(), words.next()) {
        let (from, to) = if simple { (long, short) } else { (short, long) };
        out = out.replace(&format!("\"{from}\":"), &format!("\"{to}\":"));
    }
    out
}

//! The trading rules of the symbols that an emulator knows, and `exchangeInfo` made of them.

use serde_json::{Value, json};

use super::config::MarketKind;

/// A symbol's rules. Amounts are integers at 1e-8.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct SymbolRules {
    pub(super) symbol: String,
    pub(super) base: String,
    pub(super) quote: String,
    pub(super) tick: i64,
    pub(super) step: i64,
    pub(super) min_notional: i64,
    /// Decimals of a price and of a quantity in frames.
    pub(super) price_decimals: u32,
    pub(super) quantity_decimals: u32,
    /// Where a synthetic market begins.
    pub(super) start_price: i64,
}

impl SymbolRules {
    /// The rules of a symbol; one that is not in the table gets a tick of 0.01 and a step of 0.001.
    pub(super) fn of(kind: MarketKind, symbol: &str) -> Self {
        let known = TABLE.iter().find(|row| row.symbol == symbol);
        let quote = QUOTES.iter().copied().find(|quote| symbol.len() > quote.len() && symbol.ends_with(quote)).unwrap_or("USDT");
        let base = symbol.strip_suffix(quote).unwrap_or(symbol);
        let (tick, step) = match (kind, known) {
            (MarketKind::Spot, Some(row)) => row.spot,
            (MarketKind::UsdM, Some(row)) => row.usdm,
            (_, None) => (CENT, THOUSANDTH),
        };
        let (price_decimals, quantity_decimals, min_notional) = match kind {
            MarketKind::Spot => (8, 8, 5 * ONE),
            MarketKind::UsdM => (2, 3, if symbol == "BTCUSDT" { 100 * ONE } else { 20 * ONE }),
        };
        Self {
            symbol: symbol.to_owned(),
            base: base.to_owned(),
            quote: quote.to_owned(),
            tick,
            step,
            min_notional,
            price_decimals,
            quantity_decimals,
            start_price: known.map_or(100 * ONE, |row| row.start_price),
        }
    }
}

/// The symbols of the table, which every emulator knows.
pub(super) fn known_symbols() -> impl Iterator<Item = &'static str> {
    TABLE.iter().map(|row| row.symbol)
}

/// An amount at 1e-8 with a fixed number of decimals, cut off behind them.
pub(super) fn fixed(amount: i64, decimals: u32) -> String {
    let scale = 10i64.pow(8u32.saturating_sub(decimals));
    let unit = 10i64.pow(decimals.min(8));
    let amount = amount / scale;
    if decimals == 0 {
        return amount.to_string();
    }
    format!("{}.{:0width$}", amount / unit, amount % unit, width = decimals as usize)
}

/// The answer of `exchangeInfo`.
pub(super) fn exchange_info(kind: MarketKind, now_ms: i64, weight_max: u32, symbols: &[SymbolRules]) -> Value {
    let weight = json!({"rateLimitType": "REQUEST_WEIGHT", "interval": "MINUTE", "intervalNum": 1, "limit": weight_max});
    match kind {
        MarketKind::Spot => json!({
            "timezone": "UTC",
            "serverTime": now_ms,
            "rateLimits": [
                weight,
                {"rateLimitType": "ORDERS", "interval": "SECOND", "intervalNum": 10, "limit": 50},
                {"rateLimitType": "ORDERS", "interval": "DAY", "intervalNum": 1, "limit": 160_000},
                {"rateLimitType": "RAW_REQUESTS", "interval": "MINUTE", "intervalNum": 5, "limit": 300_000},
            ],
            "exchangeFilters": [],
            "symbols": symbols.iter().map(spot_symbol).collect::<Vec<_>>(),
        }),
        MarketKind::UsdM => json!({
            "timezone": "UTC",
            "serverTime": now_ms,
            "futuresType": "U_MARGINED",
            "rateLimits": [
                weight,
                {"rateLimitType": "ORDERS", "interval": "MINUTE", "intervalNum": 1, "limit": 1200},
                {"rateLimitType": "ORDERS", "interval": "SECOND", "intervalNum": 10, "limit": 300},
            ],
            "exchangeFilters": [],
            "assets": [{"asset": "USDT", "marginAvailable": true, "autoAssetExchange": "-10000"}],
            "symbols": symbols.iter().map(usdm_symbol).collect::<Vec<_>>(),
        }),
    }
}

fn spot_symbol(rules: &SymbolRules) -> Value {
    let price = |amount| fixed(amount, 8);
    json!({
        "symbol": rules.symbol,
        "status": "TRADING",
        "baseAsset": rules.base,
        "baseAssetPrecision": 8,
        "quoteAsset": rules.quote,
        "quotePrecision": 8,
        "quoteAssetPrecision": 8,
        "baseCommissionPrecision": 8,
        "quoteCommissionPrecision": 8,
        "orderTypes": ["LIMIT", "LIMIT_MAKER", "MARKET", "STOP_LOSS", "STOP_LOSS_LIMIT", "TAKE_PROFIT", "TAKE_PROFIT_LIMIT"],
        "icebergAllowed": true,
        "ocoAllowed": true,
        "otoAllowed": true,
        "opoAllowed": true,
        "quoteOrderQtyMarketAllowed": true,
        "allowTrailingStop": true,
        "cancelReplaceAllowed": true,
        "amendAllowed": true,
        "pegInstructionsAllowed": true,
        "isSpotTradingAllowed": true,
        "isMarginTradingAllowed": false,
        "filters": [
            {"filterType": "PRICE_FILTER", "minPrice": price(rules.tick), "maxPrice": "1000000.00000000", "tickSize": price(rules.tick)},
            {"filterType": "LOT_SIZE", "minQty": price(rules.step), "maxQty": "9000.00000000", "stepSize": price(rules.step)},
            {"filterType": "MARKET_LOT_SIZE", "minQty": "0.00000000", "maxQty": "120.00000000", "stepSize": "0.00000000"},
            {"filterType": "PERCENT_PRICE_BY_SIDE", "bidMultiplierUp": "5", "bidMultiplierDown": "0.2",
             "askMultiplierUp": "5", "askMultiplierDown": "0.2", "avgPriceMins": 5},
            {"filterType": "NOTIONAL", "minNotional": price(rules.min_notional), "applyMinToMarket": true,
             "maxNotional": "9000000.00000000", "applyMaxToMarket": false, "avgPriceMins": 5},
            {"filterType": "MAX_NUM_ORDERS", "maxNumOrders": 200},
        ],
        "permissions": [],
        "permissionSets": [["SPOT"]],
        "defaultSelfTradePreventionMode": "EXPIRE_MAKER",
        "allowedSelfTradePreventionModes": ["EXPIRE_TAKER", "EXPIRE_MAKER", "EXPIRE_BOTH", "DECREMENT"],
    })
}

fn usdm_symbol(rules: &SymbolRules) -> Value {
    let price = |amount| fixed(amount, rules.price_decimals);
    let quantity = |amount| fixed(amount, rules.quantity_decimals);
    json!({
        "symbol": rules.symbol,
        "pair": rules.symbol,
        "contractType": "PERPETUAL",
        "deliveryDate": 4_133_404_800_000i64,
        "onboardDate": 1_569_398_400_000i64,
        "status": "TRADING",
        "baseAsset": rules.base,
        "quoteAsset": rules.quote,
        "marginAsset": rules.quote,
        "pricePrecision": rules.price_decimals,
        "quantityPrecision": rules.quantity_decimals,
        "baseAssetPrecision": 8,
        "quotePrecision": 8,
        "underlyingType": "COIN",
        "triggerProtect": "0.0500",
        "liquidationFee": "0.012500",
        "marketTakeBound": "0.05",
        "maintMarginPercent": "2.5000",
        "requiredMarginPercent": "5.0000",
        "orderTypes": ["LIMIT", "MARKET"],
        "timeInForce": ["GTC", "IOC", "FOK", "GTX", "GTD"],
        "filters": [
            {"filterType": "PRICE_FILTER", "minPrice": price(rules.tick), "maxPrice": "4529764", "tickSize": price(rules.tick)},
            {"filterType": "LOT_SIZE", "minQty": quantity(rules.step), "maxQty": "1000", "stepSize": quantity(rules.step)},
            {"filterType": "MARKET_LOT_SIZE", "minQty": quantity(rules.step), "maxQty": "120", "stepSize": quantity(rules.step)},
            {"filterType": "MAX_NUM_ORDERS", "limit": 200},
            {"filterType": "MAX_NUM_ALGO_ORDERS", "limit": 10},
            {"filterType": "MIN_NOTIONAL", "notional": fixed(rules.min_notional, 0)},
            {"filterType": "PERCENT_PRICE", "multiplierUp": "1.0500", "multiplierDown": "0.9500", "multiplierDecimal": "4"},
        ],
    })
}

struct Row {
    symbol: &'static str,
    /// Tick and step.
    spot: (i64, i64),
    usdm: (i64, i64),
    start_price: i64,
}

const ONE: i64 = 100_000_000;
const CENT: i64 = ONE / 100;
const THOUSANDTH: i64 = ONE / 1000;
const TABLE: [Row; 2] = [
    Row { symbol: "BTCUSDT", spot: (CENT, 1_000), usdm: (ONE / 10, THOUSANDTH), start_price: 60_000 * ONE },
    Row { symbol: "ETHUSDT", spot: (CENT, 10_000), usdm: (CENT, THOUSANDTH), start_price: 3_000 * ONE },
];
const QUOTES: [&str; 5] = ["USDT", "USDC", "FDUSD", "BTC", "ETH"];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_written_with_fixed_decimals() {
        assert_eq!(fixed(6_183_763_000_000, 8), "61837.63000000");
        assert_eq!(fixed(10_000_000, 2), "0.10");
        assert_eq!(fixed(100_000, 3), "0.001");
        assert_eq!(fixed(100 * ONE, 0), "100");
    }

    #[test]
    fn the_documented_ticks_and_steps() {
        let filters = |kind| exchange_info(kind, 0, 1, &[SymbolRules::of(kind, "BTCUSDT")])["symbols"][0]["filters"].clone();
        let spot = filters(MarketKind::Spot);
        assert_eq!((spot[0]["tickSize"].as_str(), spot[1]["stepSize"].as_str()), (Some("0.01000000"), Some("0.00001000")));
        let usdm = filters(MarketKind::UsdM);
        assert_eq!((usdm[0]["tickSize"].as_str(), usdm[1]["stepSize"].as_str()), (Some("0.10"), Some("0.001")));
    }

    #[test]
    fn an_unknown_symbol_is_split_into_its_assets() {
        let rules = SymbolRules::of(MarketKind::Spot, "DOGEUSDC");
        assert_eq!((rules.base.as_str(), rules.quote.as_str()), ("DOGE", "USDC"));
        assert_eq!(SymbolRules::of(MarketKind::Spot, "USDT").base, "");
    }
}

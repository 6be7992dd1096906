"""How a node hears of prices: one adapter for each kind of source, all feeding a `Feed`."""

"""The values that travel: photos, proxies, tiles, small maps, and what renders them."""

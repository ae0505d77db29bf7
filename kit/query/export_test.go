package query

// LotSize is lotSize for tests.
const LotSize = lotSize

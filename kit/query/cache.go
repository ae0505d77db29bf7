package query

// planCache keeps rendered plans by the shape of their request, bounded.
type planCache struct{}

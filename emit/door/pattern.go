package door

// What texts are in contracts that ask for a pattern, whatever the design says of them.
const (
	// AnyText is what every text is: PostgreSQL keeps no null character, and no door lets one in.
	AnyText = `^[^\u0000]*$`

	// AnyKey is what the key of a row is: a segment of a path, which is not empty, . or .. (RFC 3986, section 5.2.4).
	AnyKey = `^([^.\u0000]|\.[^.\u0000]|\.\.[^\u0000])[^\u0000]*$`
)

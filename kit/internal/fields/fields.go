// Package fields has values of header fields that nearly every answer has. Each is made once, for all answers:
//
//	w.Header()["X-Content-Type-Options"] = fields.NoSniff
//
// http.Header.Set finds out how a name is spelled and makes a slice for its value, in every answer. Whoever sets one of these fields
// anew gives the answer another slice; the elements of these here are never written.
package fields

// The values. Those of a length of one have no room for another, so that Add makes a slice of its own.
var (
	NoSniff      = []string{"nosniff"}                                          // of X-Content-Type-Options
	NoReferrer   = []string{"no-referrer"}                                      // of Referrer-Policy
	Nothing      = []string{"default-src 'none'; frame-ancestors 'none'"}       // of Content-Security-Policy: not a page
	Revalidate   = []string{"private, no-cache"}                                // of Cache-Control: kept by the caller alone, asked about each time
	ByEncoding   = []string{"Accept-Encoding"}                                  // of Vary
	JSON         = []string{"application/json"}                                 // of Content-Type
	JSONText     = []string{"application/json; charset=utf-8"}                  // of Content-Type
	ResponseText = []string{"application/graphql-response+json; charset=utf-8"} // of Content-Type, from GraphQL over HTTP
)

package rest

import (
	"context"
	"hash/crc32"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/fettlehq/fettle/kit"
	"github.com/fettlehq/fettle/kit/internal/answers"
	"github.com/fettlehq/fettle/kit/internal/fields"
	"github.com/fettlehq/fettle/kit/internal/replay"
	"github.com/fettlehq/fettle/kit/meta"
	"github.com/fettlehq/fettle/kit/query"
)

// An entity tag is W/"VERSION-HASH". If-Match, and If-None-Match of a write, look at the version alone. If-None-Match of a read
// looks at all of it, since what a viewer sees of a row also depends on other rows: included ones, and those that rules look at.
//
// The tags are weak, and If-Match takes them all the same (RFC 9110, section 13.1.1 has it compare strongly): what it guards is the
// version of the row, and not the bytes of an answer, which compression alone changes (decision 0030).

func entityTag(version int64, body []byte) string {
	return `W/"` + strconv.FormatInt(version, 10) + "-" + fingerprint(body) + `"`
}

// fingerprint tells two states of an answer apart: two checksums of 32 bits, which processors work out by themselves.
func fingerprint(body []byte) string {
	sum := uint64(crc32.ChecksumIEEE(body))<<32 | uint64(crc32.Checksum(body, castagnoli))
	return strconv.FormatUint(sum, 36)
}

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// rowAnswer is one row and its entity tag.
func rowAnswer(status int, s *query.Select, row *query.Row) replay.Answer {
	body := appendRow(answers.Blank(), s, row)
	return replay.Answer{Status: status, ETag: entityTag(row.Version, body), Body: body}
}

// sendPage answers with several rows, or with what they come to. Its tag is no version: it serves If-None-Match alone.
func (c *call) sendPage(body []byte) error {
	return c.send(replay.Answer{Status: http.StatusOK, ETag: `W/"` + fingerprint(body) + `"`, Body: body})
}

// send answers, or says 304 where the caller has the row.
func (c *call) send(a replay.Answer) error {
	if a.ETag != "" {
		c.w.Header()["Etag"] = []string{a.ETag}
	}
	if a.Location != "" {
		c.w.Header().Set("Location", a.Location)
	}
	if a.Replayed {
		c.w.Header().Set(replay.ReplayedHeader, "true")
	}
	reads := a.ETag != "" && a.Status == http.StatusOK && isSafe(c.r.Method)
	if given := c.r.Header.Values("If-Match"); reads && len(given) > 0 {
		_, err := c.condition("If-Match")
		if err == nil && !holds(given, a.ETag) && !holdsVersion(given, a.ETag) {
			err = stale()
		}
		if err != nil {
			c.w.Header().Del("Link")
			c.w.Header().Del("ETag")
			return err
		}
	}
	if reads && holds(c.r.Header.Values("If-None-Match"), a.ETag) {
		c.w.Header()["Cache-Control"] = fields.Revalidate
		c.w.Header().Add("Vary", "Accept, Authorization")
		c.w.WriteHeader(http.StatusNotModified)
		return nil
	}
	if a.Status == http.StatusNoContent {
		return c.noContent()
	}
	return c.answer(a.Status, a.Body)
}

func isSafe(method string) bool { return method == http.MethodGet || method == http.MethodHead }

func holds(fields []string, tag string) bool {
	for _, candidate := range tags(fields) {
		if candidate == "*" || strings.TrimPrefix(candidate, "W/") == strings.TrimPrefix(tag, "W/") {
			return true
		}
	}
	return false
}

func tags(fields []string) []string {
	var all []string
	for _, field := range fields {
		for tag := range strings.SplitSeq(field, ",") {
			if tag = strings.TrimSpace(tag); tag != "" {
				all = append(all, tag)
			}
		}
	}
	return all
}

// version is the one that a tag names; false where it names none.
func version(tag string) (int64, bool) {
	number, _, _ := strings.Cut(strings.Trim(strings.TrimPrefix(tag, "W/"), `"`), "-")
	n, err := strconv.ParseInt(number, 10, 64)
	return n, err == nil && n > 0
}

// holdsVersion tells whether a tag in fields names the version of the row whose tag is given.
func holdsVersion(fields []string, tag string) bool {
	current, ok := version(tag)
	return ok && strings.Contains(tag, "-") && slices.ContainsFunc(tags(fields), func(candidate string) bool {
		n, ok := version(candidate)
		return ok && n == current
	})
}

// conditions are those under which a write happens (RFC 9110, section 13.1): If-Match and If-None-Match, each in the versions that its
// tags name.
type conditions struct{ match, noneMatch condition }

// condition is one header field.
type condition struct {
	given    bool
	any      bool    // *
	versions []int64 // a tag that is none of ours names none
}

// holds tells whether it is met by a row of a version, 0 of none.
func (c condition) holds(version int64) bool {
	return version > 0 && (c.any || slices.Contains(c.versions, version))
}

func (c *call) condition(header string) (condition, error) {
	fields := c.r.Header.Values(header)
	of := condition{given: len(fields) > 0} // an empty list of tags has none that fits
	all := tags(fields)
	for _, tag := range all {
		if tag == "*" && len(all) > 1 {
			return of, malformed(header + " is * alone, or entity tags such as W/\"3\".")
		}
		if tag == "*" {
			of.any = true
			continue
		}
		quoted := strings.TrimPrefix(tag, "W/")
		if len(quoted) < 2 || quoted[0] != '"' || quoted[len(quoted)-1] != '"' {
			return of, malformed(header + " must hold entity tags such as W/\"3\".")
		}
		if n, ok := version(tag); ok {
			of.versions = append(of.versions, n)
		}
	}
	return of, nil
}

// conditions reads those of a write to a row.
func (c *call) conditions() (conditions, error) {
	match, err := c.condition("If-Match")
	if err != nil {
		return conditions{}, err
	}
	if !match.given && c.door.options.RequireIfMatch {
		return conditions{}, &kit.Problem{
			Code: kit.CodePreconditionRequired, Status: http.StatusPreconditionRequired,
			Detail: "Send If-Match with the ETag of the row as you know it, or * for any.",
		}
	}
	noneMatch, err := c.condition("If-None-Match")
	return conditions{match, noneMatch}, err
}

// noVersion is what no row has.
const noVersion = -1

// version is the one that the write must meet, 0 for any. Whether the caller may write at all is told before that it is another.
func (cs conditions) version(ctx context.Context, tx *query.Tx, e *meta.Entity, key string) (int64, error) {
	needs := cs.match.given && !cs.match.any
	switch {
	case !needs && !cs.noneMatch.given:
		return 0, nil
	case needs && !cs.noneMatch.given && len(cs.match.versions) == 1:
		return cs.match.versions[0], nil
	}
	row, err := tx.Get(ctx, &query.Select{Entity: e, Fields: []query.Selection{{Field: e.Field("id")}}}, key)
	switch {
	case kit.HasCode(err, kit.CodeNotFound) && !needs:
		return 0, nil // nothing that the caller may see; the write says so itself where there is nothing
	case kit.HasCode(err, kit.CodeNotFound):
		return noVersion, nil
	case err != nil:
		return 0, err
	case needs && !cs.match.holds(row.Version), cs.noneMatch.holds(row.Version):
		return noVersion, nil
	}
	return row.Version, nil // and none that comes meanwhile
}

// conditionsOfCall are those of what writes no row of its path: of a creation, at whose path a page may be read, whose tag is not
// looked at, and of an operation, at whose path nothing is read. What asks for a version finds none.
func (c *call) conditionsOfCall(page bool) error {
	match, err := c.condition("If-Match")
	if err != nil {
		return err
	}
	noneMatch, err := c.condition("If-None-Match")
	switch {
	case err != nil:
		return err
	case match.given && !(page && match.any), page && noneMatch.any:
		return stale()
	}
	return nil
}

func stale() *kit.Problem {
	return &kit.Problem{
		Code: kit.CodeStale, Status: http.StatusPreconditionFailed,
		Detail: "This was changed in the meantime: read it again.",
	}
}

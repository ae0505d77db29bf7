package rest

import (
	"context"
	"hash/crc32"
	"net/http"
	"strconv"
	"strings"

	"github.com/fettlehq/fettle/kit"
	"github.com/fettlehq/fettle/kit/internal/replay"
	"github.com/fettlehq/fettle/kit/meta"
	"github.com/fettlehq/fettle/kit/query"
)

// An entity tag is W/"VERSION-HASH". If-Match looks at the version alone. If-None-Match looks at all of it, since what
// a viewer sees of a row also depends on other rows: included ones, and those that rules look at.

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
	body := appendRow(nil, s, row)
	return replay.Answer{Status: status, ETag: entityTag(row.Version, body), Body: body}
}

// sendPage answers with several rows, or with what they come to. Its tag is no version: it serves If-None-Match alone.
func (c *call) sendPage(body []byte) error {
	return c.send(replay.Answer{Status: http.StatusOK, ETag: `W/"` + fingerprint(body) + `"`, Body: body})
}

// send answers, or says 304 where the caller has the row.
func (c *call) send(a replay.Answer) error {
	for _, header := range []struct{ name, value string }{{"ETag", a.ETag}, {"Location", a.Location}} {
		if header.value != "" {
			c.w.Header().Set(header.name, header.value)
		}
	}
	if a.Replayed {
		c.w.Header().Set(replay.ReplayedHeader, "true")
	}
	if a.ETag != "" && a.Status == http.StatusOK && isSafe(c.r.Method) && holds(c.r.Header.Values("If-None-Match"), a.ETag) {
		c.w.Header().Set("Cache-Control", "private, no-cache")
		c.w.Header().Add("Vary", "Accept, Authorization")
		c.w.WriteHeader(http.StatusNotModified)
		return nil
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

// precondition is the versions that a write may meet; none given means any.
type precondition struct {
	given    bool
	versions []int64
}

// ifMatch reads the header fields If-Match. A tag that is none of ours matches nothing.
func (c *call) ifMatch() (precondition, error) {
	var p precondition
	given := tags(c.r.Header.Values("If-Match"))
	if len(given) == 0 && c.door.options.RequireIfMatch {
		return p, &kit.Problem{
			Code: kit.CodePreconditionRequired, Status: http.StatusPreconditionRequired,
			Detail: "Send If-Match with the ETag of the row as you know it, or * for any.",
		}
	}
	for _, tag := range given {
		if tag == "*" {
			return precondition{}, nil
		}
		quoted := strings.TrimPrefix(tag, "W/")
		if len(quoted) < 2 || quoted[0] != '"' || quoted[len(quoted)-1] != '"' {
			return p, malformed("If-Match must hold entity tags such as W/\"3\".")
		}
		p.given = true
		number, _, _ := strings.Cut(quoted[1:len(quoted)-1], "-")
		if version, err := strconv.ParseInt(number, 10, 64); err == nil && version > 0 {
			p.versions = append(p.versions, version)
		}
	}
	return p, nil
}

// version is the one that the write must meet, 0 for any.
func (p precondition) version(ctx context.Context, tx *query.Tx, e *meta.Entity, key string) (int64, error) {
	switch {
	case !p.given:
		return 0, nil
	case len(p.versions) == 1:
		return p.versions[0], nil
	}
	row, err := tx.Get(ctx, &query.Select{Entity: e, Fields: []query.Selection{{Field: e.Field("id")}}}, key)
	if err != nil {
		return 0, err
	}
	for _, version := range p.versions {
		if version == row.Version {
			return version, nil
		}
	}
	return 0, &kit.Problem{
		Code: kit.CodeStale, Status: http.StatusPreconditionFailed,
		Detail: "This was changed in the meantime: read it again.",
	}
}

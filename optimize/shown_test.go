package optimize

import "testing"

// A reader sees which constants a rewrite took over and which it brings, and no key of a row.
func TestShownBeside(t *testing.T) {
	for _, c := range []struct{ original, rewritten, want string }{
		{
			"select id from payment where booked_at::date = '2023-05-05' and n = -5 limit 7",
			"SELECT id FROM payment WHERE booked_at >= '2023-05-05'::date AND booked_at < ('2023-05-05'::date + 1) AND n = -5 LIMIT 7",
			"SELECT id FROM payment WHERE booked_at >= $1::date AND booked_at < ($1::date + 1) AND n = -$2 LIMIT $3",
		},
		{
			"select id from visit where at > '2023-01-01' order by at, id offset 60000 limit 25",
			"SELECT id FROM visit WHERE at > '2023-01-01' AND (at, id) > ('2023-04-05'::timestamptz, '77'::bigint) ORDER BY at, id LIMIT 25",
			"SELECT id FROM visit WHERE at > $1 AND (at, id) > ($4::timestamptz, $5::bigint) ORDER BY at, id LIMIT $3",
		},
		{
			"select id from visit where date_trunc('month', at) = '2023-05-01'",
			"SELECT id FROM visit WHERE at >= '2023-05-01'::timestamptz AND at < ('2023-05-01'::timestamptz + interval '1 month')",
			"SELECT id FROM visit WHERE at >= $2::timestamptz AND at < ($2::timestamptz + interval '1 month')",
		},
		{
			"select count(*) from invoice where $1 = clinic and extract(year from issued) = 2023 and kind = $2",
			"SELECT count(*) FROM invoice WHERE $1 = clinic AND issued >= make_date(2023, 1, 1) AND issued < make_date(2023 + 1, 1, 1) AND kind = $2",
			"SELECT count(*) FROM invoice WHERE $1 = clinic AND issued >= make_date($4, 1, 1) AND issued < make_date($4 + 1, 1, 1) AND kind = $2",
		},
	} {
		if got := shownBeside(c.rewritten, c.original); got != c.want {
			t.Errorf("got  %s\nwant %s", got, c.want)
		}
	}
}

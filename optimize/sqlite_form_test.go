package optimize

import (
	"testing"

	"github.com/fettlehq/fettle/pgsql"
)

func TestSQLiteForm(t *testing.T) {
	form := newSQLiteForm(&Catalog{Tables: []*Table{{Name: "Member", Columns: []*Column{{Name: "memberId"}, {Name: "email"}, {Name: "desc"}}}}})
	for _, c := range []struct{ text, own, read string }{
		{"select 1 from t where a = ? and b = ?3 and c = ?", "select 1 from t where a = $1 and b = $3 and c = $4", ""},
		{"select 1 from t where a = :x and b = @y and c = $z and d = :x", "select 1 from t where a = $1 and b = $2 and c = $3 and d = $1", ""},
		{"select 1 from t where a glob 'X*'", "select 1 from t where a glob 'X*'", "select 1 from t where a ^@ 'X*'"},
		{"select 1 from t where a not glob '*X'", "select 1 from t where a not glob '*X'", "select 1 from t where a !~ '*X'"},
		{"select 1 from t where a glob '*X'", "select 1 from t where a glob '*X'", "select 1 from t where a ~ '*X'"},
		{"select 1 from t where a == 5 and b is 7 and c is not 8 and d is null and e is not distinct from ?", "select 1 from t where a == 5 and b is 7 and c is not 8 and d is null and e is not distinct from $1", "select 1 from t where a = 5 and b = 7 and c <> 8 and d is null and e = $1"},
		{"select [a b], `c d` from t where e not null", "select [a b], `c d` from t where e not null", `select "a b", "c d" from t where e is not null`},
		{`select "Entry No" from "Branch ""Log""" where "b ""n""" = 1`, `select "Entry No" from "Branch ""Log""" where "b ""n""" = 1`, ""},
		{"select memberid from member where EMAIL = 'a' order by email desc limit 20, 10", "select memberid from member where EMAIL = 'a' order by email desc limit 20, 10", `select "memberId" from "Member" where EMAIL = 'a' order by email desc limit 10 OFFSET 20`},
		{"select * from (select a from t limit 5, 3) order by 1", "select * from (select a from t limit 5, 3) order by 1", "select * from (select a from t limit 3 OFFSET 5) order by 1"},
		{"insert or replace into t (a) values (?)", "insert or replace into t (a) values ($1)", "insert into t (a) values ($1)"},
		{"replace into t (a) values (1)", "replace into t (a) values (1)", "insert into t (a) values (1)"},
		{"update or ignore t set a = 1", "update or ignore t set a = 1", "update t set a = 1"},
		{"select user from t indexed by i where a regexp 'x'", "select user from t indexed by i where a regexp 'x'", `select "user" from t  where a ~ 'x'`},
		{"select replace(a, 'x', 'y'), json_extract(b, '$.c') from t not indexed", "select replace(a, 'x', 'y'), json_extract(b, '$.c') from t not indexed", "select replace(a, 'x', 'y'), json_extract(b, '$.c') from t "},
	} {
		own, read := form.read(c.text)
		if c.read == "" {
			c.read = c.own
		}
		if own != c.own || read != c.read {
			t.Errorf("%s:\n got %s\nread %s", c.text, own, read)
		}
		if _, err := pgsql.Parse(read); err != nil {
			t.Errorf("%s: %v", read, err)
		}
	}
}

package optimize_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/fettlehq/fettle/optimize"
)

const plainLog = `2024-05-01 10:00:00.000 UTC [77] app@shop LOG:  connection authorized: user=app
2024-05-01 10:00:01.000 UTC [77] app@shop LOG:  duration: 12.500 ms  statement: select *
	from users
	where id = 7;
2024-05-01 10:00:02.000 UTC [77] app@shop LOG:  duration: 250.1 ms  execute s1: select 1 from t where a = $1 and b = $2
2024-05-01 10:00:02.000 UTC [77] app@shop DETAIL:  parameters: $1 = 'it''s', $2 = NULL
2024-05-01 10:00:03.000 UTC [77] app@shop ERROR:  relation "x" does not exist
2024-05-01 10:00:03.000 UTC [77] app@shop STATEMENT:  select * from x
2024-05-01 10:00:04.000 UTC [77] app@shop LOG:  duration: 99.0 ms  plan:
	{
	  "Query Text": "select count(*) from t",
	  "Plan": {"Node Type": "Aggregate"}
	}
2024-05-01 10:00:05.000 UTC [77] app@shop LOG:  duration: 5.0 ms  plan:
	Query Text: select 2
	Result  (cost=0.00..0.01 rows=1 width=4)
`

const executedLog = `2024-05-01 10:00:01.000 UTC [77] app@shop LOG:  duration: 0.3 ms  statement: prepare q(text, numeric(9,2)[]) as select 1 from t where a = $1 and b = any($2);
2024-05-01 10:00:02.000 UTC [77] app@shop LOG:  duration: 70.0 ms  plan:
	{
	  "Query Text": "prepare q(text, numeric(9,2)[]) as select 1 from t where a = $1 and b = any($2);",
	  "Plan": {"Node Type": "Seq Scan"}
	}
2024-05-01 10:00:02.000 UTC [77] app@shop LOG:  duration: 71.0 ms  statement: execute q('x, y', array[1, 2]);
2024-05-01 10:00:02.000 UTC [77] app@shop DETAIL:  prepare: prepare q(text, numeric(9,2)[]) as select 1 from t where a = $1 and b = any($2);
`

const csvLog = `2024-05-01 10:00:01.000 UTC,"app","shop",77,"127.0.0.1:1",6,1,"SELECT",2024-05-01 10:00:00 UTC,3/4,0,LOG,00000,"duration: 12.500 ms  execute <unnamed>: select *
from users where id = $1","parameters: $1 = '7'",,,,,,,,"app"
2024-05-01 10:00:02.000 UTC,"app","shop",77,"127.0.0.1:1",6,2,"SELECT",2024-05-01 10:00:00 UTC,3/4,0,ERROR,42P01,"no",,,,,,,,,"app"
`

func TestLogs(t *testing.T) {
	for _, c := range []struct{ name, text, want string }{
		{"plain", plainLog, "a.log:2 12.5 select *\nfrom users\nwhere id = 7|a.log:5 250.1 select 1 from t where a = 'it''s' and b = NULL|a.log:9 99 select count(*) from t"},
		{
			"of EXECUTE the statement is read that was prepared", executedLog,
			"a.log:1 0.3 prepare q(text, numeric(9,2)[]) as select 1 from t where a = $1 and b = any($2)|a.log:2 70 select 1 from t where a = $1 and b = any($2)|" +
				"a.log:7 71 select 1 from t where a = 'x, y' and b = any((array[1, 2]))",
		},
		{"csv", csvLog, "a.log:1 12.5 select *\nfrom users where id = '7'"},
	} {
		if !optimize.IsLog(c.text) {
			t.Errorf("%s: is not taken for a log", c.name)
		}
		statements, notes := optimize.ParseLog("a.log", c.text)
		var got []string
		for _, s := range statements {
			got = append(got, fmt.Sprintf("%s %v %s", s.Where, s.Mean, s.Text))
		}
		if strings.Join(got, "|") != c.want {
			t.Errorf("%s: got %s\nwant %s", c.name, strings.Join(got, "|"), c.want)
		}
		if plain := c.name == "plain"; plain != (len(notes) == 1) {
			t.Errorf("%s: notes %v", c.name, notes)
		}
	}
	if optimize.IsLog("-- calls: 5\nselect 'duration: 5 ms  statement: x';") {
		t.Error("a file of statements is taken for a log")
	}
}

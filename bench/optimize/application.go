package main

import (
	"fmt"
	"math/rand/v2"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// application asks of the schema applike what such applications ask: lists of an organisation, look-ups, top lists, sums.
const application = `
-- name: users of an organisation
select id, name from users where org_id = 5 and deleted_at is null order by created_at desc limit 25;
-- name: by e-mail
select id, name from users where email = 'User4711@example.org';
-- name: by e-mail or phone
select id from users where email = 'User77@example.org' or phone = '+49100077';
-- name: pending users
select id, email from users where status = 'pending' order by created_at limit 50;
-- name: of a city
select id, name from users where city = 'City77' order by created_at limit 10;
-- name: of a country and a city
select count(*) from users where country = 'C7' and city = 'City187' and status = 'active';
-- name: who came last
select id, name from users where last_login is not null order by last_login desc limit 20;
-- name: users with their organisation
select g.name, u.name from users u join orgs g on g.id = u.org_id where u.created_at >= '2023-11-01' order by u.created_at limit 100;
-- name: orders of a user
select id, total from orders where user_id = 4711 order by created_at desc;
-- name: orders by their number outside
select id, status from orders where ext_id = 'X1234';
-- name: open orders
select id, user_id, total from orders where status = 'open' and org_id = 7 order by created_at limit 50;
-- name: revenue of a month
select org_id, sum(total) from orders where created_at >= '2024-01-01' and created_at < '2024-02-01' group by org_id;
-- name: best customers
select user_id, sum(total) from orders where org_id = 11 and status = 'paid' group by user_id order by 2 desc limit 10;
-- name: users with orders
select u.id, u.name, count(o.id) from users u left join orders o on o.user_id = u.id where u.org_id = 300 group by u.id, u.name;
-- name: last order of each
select u.id, (select max(o.created_at) from orders o where o.user_id = u.id) from users u where u.org_id = 200;
-- name: users without orders
select u.id from users u where u.org_id = 7 and not exists (select 1 from orders o where o.user_id = u.id);
-- name: events of a user
select kind, at from events where user_id = 99 order by at desc limit 20;
-- name: events of a day
select kind, count(*) from events where at >= '2024-01-20' and at < '2024-01-21' group by kind;
-- name: active users of a week
select count(distinct user_id) from events where kind = 'k3' and at >= '2024-02-01' and at < '2024-02-08';
-- name: large orders
select o.id, u.email from orders o join users u on u.id = o.user_id where o.total > 500 and o.created_at >= '2024-06-01';
`

var (
	numbered = regexp.MustCompile(`(NATION |Brand |Clerk |City|= )(\d+)\b`)
	dated    = regexp.MustCompile(`'20\d\d-\d\d-\d\d'`)
)

// reseeded is another workload in the manner of one: about two thirds of its statements, with other constants.
func reseeded(workload string, seed uint64) string {
	if seed == 0 {
		return workload
	}
	random := rand.New(rand.NewPCG(seed, 1))
	var out strings.Builder
	for statement := range strings.SplitAfterSeq(workload, ";\n") {
		keep := random.Float64() < 2./3
		statement = numbered.ReplaceAllStringFunc(statement, func(text string) string {
			parts := numbered.FindStringSubmatch(text)
			number, _ := strconv.Atoi(parts[2])
			return parts[1] + strconv.Itoa(1+(number+random.IntN(24))%24)
		})
		days := random.IntN(300) - 150
		statement = dated.ReplaceAllStringFunc(statement, func(text string) string {
			at, err := time.Parse("'2006-01-02'", text)
			if err != nil {
				return text
			}
			return fmt.Sprintf("'%s'", at.AddDate(0, 0, days).Format(time.DateOnly))
		})
		if keep {
			out.WriteString(statement)
		}
	}
	return out.String()
}

package query

import "strconv"

// finish drops the parameters that folding left unused, which PostgreSQL would refuse, and numbers the others in the
// order in which the statement names them.
func finish(sql string, params []param) (string, []param) { return finishBehind(0, sql, params) }

// finishBehind is finish of what stands behind so many other arguments.
func finishBehind(others int, sql string, params []param) (string, []param) {
	numbers := make([]int, len(params)+1)
	used := make([]param, 0, len(params))
	out := make([]byte, 0, len(sql))
	var quote byte
	for i := 0; i < len(sql); i++ {
		c := sql[i]
		out = append(out, c)
		switch {
		case quote != 0:
			if c == quote {
				quote = 0
			}
		case c == '\'' || c == '"':
			quote = c
		case c == '$':
			end := i + 1
			for end < len(sql) && '0' <= sql[end] && sql[end] <= '9' {
				end++
			}
			n, _ := strconv.Atoi(sql[i+1 : end])
			if numbers[n] == 0 {
				used = append(used, params[n-1])
				numbers[n] = len(used)
			}
			out = strconv.AppendInt(out, int64(others+numbers[n]), 10)
			i = end - 1
		}
	}
	return string(out), used
}

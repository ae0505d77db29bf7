package server

import "errors"

// explain prints the statements of a GraphQL query and their plans.
func (p *program) explain() error {
	if len(p.args) != 2 || p.args[0] != "plan" {
		return problemError{errors.New("explain: want: explain plan 'QUERY'")}
	}
	return errors.New("explain: not there yet")
}

package golang

// effect lifts what leaves the process and is no query.
func (l *lifter) effect(at work) {}

func (l *lifter) findTransactions(p place) {}
func (l *lifter) findResources(p place)    {}

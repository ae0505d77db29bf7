package graphql

// cost is how many values the answer may hold. It stops counting above limit.
func (p *plan) cost(limit int) int {
	total := 0
	for _, r := range p.roots {
		total = min(total+1, limit+1)
		if r.member != nil {
			total = min(total+r.member.cost(limit), limit+1)
		}
	}
	return total
}

func (m *member) cost(limit int) int {
	total, most := 1, 0
	for _, a := range m.arms {
		cost := a.object.cost(limit)
		total, most = total+cost, max(most, cost)
	}
	if m.shape == shapeReferences { // each is of one type
		return min(1+m.most*(1+most), limit+1)
	}
	each := m.object.cost(limit)
	if m.page != nil {
		each = m.page.cost(limit)
	}
	if m.most > 0 {
		each *= m.most
	}
	return min(total+each, limit+1)
}

func (o *object) cost(limit int) int {
	total := 0
	if o == nil {
		return total
	}
	for _, m := range o.members {
		total = min(total+m.cost(limit), limit+1)
	}
	return total
}

// cost is that of one row of a page.
func (p *page) cost(limit int) int {
	total := 0
	for _, m := range p.members {
		total = min(total+m.node.cost(limit), limit+1)
		for _, edge := range m.edges {
			total = min(total+1+edge.node.cost(limit), limit+1)
		}
	}
	return total
}

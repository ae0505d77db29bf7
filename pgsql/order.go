package pgsql

func (w *walker) grouping(n Node, s *scope) {
	keys := n.Nodes("groupClause")
	for _, key := range keys {
		w.use(key, s)
	}
	if distinct := n.Nodes("distinctClause"); len(keys) == 0 && len(distinct) > 0 {
		for _, key := range distinct {
			w.use(key, s)
		}
		if keys = distinct; distinct[0].Kind == "" { // DISTINCT without ON
			keys = nil
			for _, target := range n.Nodes("targetList") {
				keys = append(keys, target.Node("val"))
			}
		}
	}
	var scan *Scan
	var columns []string
	for _, key := range keys {
		key = w.output(key, n)
		if !key.Is("ColumnRef") {
			return
		}
		column, _ := s.column(key.Names("fields"))
		if column.Scan == nil || scan != nil && column.Scan != scan {
			return
		}
		scan = column.Scan
		columns = append(columns, column.Name)
	}
	if scan != nil && scan.Level == s.level {
		scan.Group = columns
	}
}

// output follows a name or number of a selected column to what is selected.
func (w *walker) output(key, selection Node) Node {
	targets := selection.Nodes("targetList")
	if key.Is("A_Const") && key.Has("ival") {
		if i := key.As("ival", "Integer").Int("ival"); i >= 1 && i <= len(targets) {
			return targets[i-1].Node("val")
		}
	}
	if names := key.Names("fields"); key.Is("ColumnRef") && len(names) == 1 {
		for _, target := range targets {
			if target.Text("name") == names[0] {
				return target.Node("val")
			}
		}
	}
	return key
}

func (w *walker) order(n Node, s *scope) {
	var first *Scan
	keys := n.Nodes("sortClause")
	for i, key := range keys {
		value := key.Node("node")
		if shown := w.output(value, n); shown.Kind != value.Kind || shown.Int("location") != value.Int("location") {
			value = shown
		} else {
			w.use(value, s)
		}
		var p Predicate
		scan, is := w.key(value, s, &p)
		if !is || first != nil && scan != first || scan.Level != s.level || n.Has("groupClause") {
			continue
		}
		if i > 0 && first == nil || first != nil && len(first.Order) < i {
			continue // an earlier key is another's
		}
		first = scan
		sort := Sort{Column: p.Column, Key: p.Key, Desc: key.Text("sortby_dir") == "SORTBY_DESC"}
		switch key.Text("sortby_nulls") {
		case "SORTBY_NULLS_FIRST":
			sort.Nulls = "first"
		case "SORTBY_NULLS_LAST":
			sort.Nulls = "last"
		}
		scan.Order = append(scan.Order, sort)
	}
	if first != nil {
		first.Whole = len(first.Order) == len(keys)
	}
}

// extreme reads SELECT max(x): that is the first row by x.
func (w *walker) extreme(n Node, s *scope) {
	targets := n.Nodes("targetList")
	if len(targets) != 1 || n.Has("groupClause") || n.Has("havingClause") {
		return
	}
	call := targets[0].Node("val")
	names, args := call.Names("funcname"), call.Nodes("args")
	if len(names) == 0 || len(args) != 1 || !args[0].Is("ColumnRef") {
		return
	}
	column, _ := s.column(args[0].Names("fields"))
	if name := names[len(names)-1]; column.Scan != nil && (name == "max" || name == "min") && column.Scan.Level == s.level {
		column.Scan.Order = []Sort{{Column: column.Name, Desc: name == "max"}}
		column.Scan.Whole, column.Scan.Limit = true, true
	}
}

func (w *walker) limit(n Node, s *scope) {
	for place, field := range map[string]string{"limit": "limitCount", "offset": "limitOffset"} {
		count := n.Node(field)
		count.Walk(func(inner Node) bool {
			if inner.Is("ParamRef") {
				number := inner.Int("number")
				w.roles.Params[number] = append(w.roles.Params[number], Use{Place: place})
			}
			return true
		})
	}
	if !n.Has("limitCount") {
		return
	}
	for _, scan := range w.roles.Scans {
		scan.Limit = scan.Limit || scan.Level == s.level
	}
}

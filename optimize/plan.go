package optimize

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

// Plan is how a database would answer a statement, or how it did.
type Plan struct {
	Root     *Node
	Measured bool
	Planning float64 // milliseconds; only Measured
	Time     float64 // milliseconds; only Measured
	Triggers []Trigger
	bare     bool // its steps have no numbers
	cut      bool // it was ended: its cost is the least that it is
}

// Trigger is time spent outside the plan's nodes, such as on a foreign key.
type Trigger struct {
	Name, Constraint, Table string
	Time                    float64 // milliseconds
	Calls                   float64
}

// Node is a step of a plan. Rows and times of Measured plans are those of all loops together.
type Node struct {
	Type, Table, Schema, Alias, Index string
	Parent                            string // what it is to the step above, such as "SubPlan"
	Subplan                           string
	Join                              string
	Parallel                          bool    // workers share it
	Cost, Rows, Width                 float64 // estimated, a loop
	ActualRows, Loops, Time           float64 // measured; Time includes what is below, in milliseconds
	Filter, Condition, Key            string
	Removed                           float64 // rows read and thrown away
	Buffers                           float64 // pages touched, below included
	HeapFetches                       float64
	SortMethod                        string
	SortDisk                          float64 // KiB
	Batches                           float64
	Below                             []*Node
}

// Cost is the planner's estimate of the whole; it has no unit and is no time.
func (p *Plan) Cost() float64 { return p.Root.Cost }

// Buffers is how many pages were touched.
func (p *Plan) Buffers() float64 { return p.Root.Buffers }

// All are the steps, the topmost first.
func (p *Plan) All() []*Node { return p.Root.all(nil) }

func (n *Node) all(to []*Node) []*Node {
	to = append(to, n)
	for _, below := range n.Below {
		to = below.all(to)
	}
	return to
}

// Indexes are the names of the indexes that the plan uses, sorted.
func (p *Plan) Indexes() []string {
	var names []string
	for _, n := range p.All() {
		if n.Index != "" {
			names = append(names, n.Index)
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

func readPlan(text []byte) (*Plan, error) {
	var plans []struct {
		Plan     *jsonNode `json:"Plan"`
		Planning float64   `json:"Planning Time"`
		Time     *float64  `json:"Execution Time"`
		Triggers []struct {
			Name       string  `json:"Trigger Name"`
			Constraint string  `json:"Constraint Name"`
			Table      string  `json:"Relation"`
			Time       float64 `json:"Time"`
			Calls      float64 `json:"Calls"`
		} `json:"Triggers"`
	}
	if err := json.Unmarshal(text, &plans); err != nil {
		var one json.RawMessage = slices.Concat([]byte("["), text, []byte("]")) // auto_explain logs one without a list
		if json.Unmarshal(one, &plans) != nil {
			return nil, fmt.Errorf("plan: %w", err)
		}
	}
	if len(plans) == 0 || plans[0].Plan == nil {
		return nil, fmt.Errorf("plan: there is none in %.80q", text)
	}
	plan := &Plan{Root: plans[0].Plan.node(), Planning: plans[0].Planning}
	if plans[0].Time != nil {
		plan.Measured, plan.Time = true, *plans[0].Time
	}
	for _, t := range plans[0].Triggers {
		plan.Triggers = append(plan.Triggers, Trigger{t.Name, t.Constraint, t.Table, t.Time, t.Calls})
	}
	return plan, nil
}

type jsonNode struct {
	Type        string      `json:"Node Type"`
	Table       string      `json:"Relation Name"`
	Schema      string      `json:"Schema"`
	Alias       string      `json:"Alias"`
	Index       string      `json:"Index Name"`
	Parallel    bool        `json:"Parallel Aware"`
	Parent      string      `json:"Parent Relationship"`
	Subplan     string      `json:"Subplan Name"`
	Join        string      `json:"Join Type"`
	Cost        float64     `json:"Total Cost"`
	Rows        float64     `json:"Plan Rows"`
	Width       float64     `json:"Plan Width"`
	ActualRows  float64     `json:"Actual Rows"`
	Loops       float64     `json:"Actual Loops"`
	Time        float64     `json:"Actual Total Time"`
	Filter      string      `json:"Filter"`
	IndexCond   string      `json:"Index Cond"`
	RecheckCond string      `json:"Recheck Cond"`
	HashCond    string      `json:"Hash Cond"`
	MergeCond   string      `json:"Merge Cond"`
	JoinFilter  string      `json:"Join Filter"`
	SortKey     []string    `json:"Sort Key"`
	GroupKey    []string    `json:"Group Key"`
	Removed     float64     `json:"Rows Removed by Filter"`
	RemovedJoin float64     `json:"Rows Removed by Join Filter"`
	Hit         float64     `json:"Shared Hit Blocks"`
	Read        float64     `json:"Shared Read Blocks"`
	HeapFetches float64     `json:"Heap Fetches"`
	SortMethod  string      `json:"Sort Method"`
	SortType    string      `json:"Sort Space Type"`
	SortSpace   float64     `json:"Sort Space Used"`
	Batches     float64     `json:"Hash Batches"`
	Below       []*jsonNode `json:"Plans"`
}

func (j *jsonNode) node() *Node {
	loops := max(1, j.Loops)
	n := &Node{
		Type: j.Type, Table: j.Table, Schema: j.Schema, Alias: j.Alias, Index: j.Index, Parallel: j.Parallel, Parent: j.Parent, Subplan: j.Subplan, Join: j.Join,
		Cost: j.Cost, Rows: j.Rows, Width: j.Width, ActualRows: j.ActualRows * loops, Loops: j.Loops, Time: j.Time * loops,
		Filter: j.Filter, Removed: (j.Removed + j.RemovedJoin) * loops, Buffers: j.Hit + j.Read, HeapFetches: j.HeapFetches,
		SortMethod: j.SortMethod, Batches: j.Batches,
	}
	for _, condition := range []string{j.IndexCond, j.RecheckCond, j.HashCond, j.MergeCond, j.JoinFilter} {
		if n.Condition == "" {
			n.Condition = condition
		}
	}
	n.Key = strings.Join(append(j.SortKey, j.GroupKey...), ", ")
	if j.SortType == "Disk" {
		n.SortDisk = j.SortSpace
	}
	for _, below := range j.Below {
		n.Below = append(n.Below, below.node())
	}
	return n
}

// Lines draw the plan, a line a step, the topmost first.
func (p *Plan) Lines() []string {
	if p.bare {
		return p.Root.names(0, nil)
	}
	return p.Root.lines(0, p.Measured, nil)
}

func (n *Node) names(depth int, to []string) []string {
	for _, below := range n.Below {
		to = below.names(depth+1, append(to, strings.Repeat("  ", depth)+below.Type))
	}
	return to
}

func (n *Node) lines(depth int, measured bool, to []string) []string {
	line := strings.Repeat("  ", depth) + n.Type
	if n.Index != "" {
		line += " " + n.Index
	} else if n.Table != "" {
		line += " " + n.Table
	}
	if n.Subplan != "" {
		line += " (" + n.Subplan + ")"
	}
	if measured {
		line += fmt.Sprintf("  %s rows", Count(n.ActualRows))
		if n.Loops > 1 {
			line += fmt.Sprintf(", %s loops", Count(n.Loops))
		}
		if n.Removed > 0 {
			line += fmt.Sprintf(", %s thrown away", Count(n.Removed))
		}
	} else {
		line += fmt.Sprintf("  ~%s rows", Count(n.Rows))
	}
	to = append(to, line)
	for _, below := range n.Below {
		to = below.lines(depth+1, measured, to)
	}
	return to
}

// ReadCost reads the cost and the time, in milliseconds, out of what EXPLAIN (ANALYZE, FORMAT JSON) says.
func ReadCost(text []byte) (cost, ms float64, err error) {
	plan, err := readPlan(text)
	if err != nil {
		return 0, 0, err
	}
	return plan.Cost(), plan.Time, nil
}

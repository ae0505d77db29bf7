package report

import (
	"cmp"
	"fmt"
	"html"
	"slices"
	"strings"
	"unicode/utf8"
)

// Diagrams are drawn in layers (Sugiyama, 1981): each box stands in a row, boxes of a row are ordered so that lines cross
// little, and a line over several rows leads between their boxes. All of it is reckoned in whole pixels from the input alone,
// so that the same report draws the same picture.
//
//	graph ─▶ place: rows, order, coordinates ─▶ svg

// box is a node of a diagram: a title, and lines below it.
type box struct {
	name  string
	row   int
	lines []boxLine
	class string // of CSS
	title string // shown under the pointer

	x, y, width, height int
}

type boxLine struct {
	left, right string
	strong      bool
}

// edge is a line from one box down to another.
type edge struct {
	from, to string
	class    string
	title    string
	through  []*point // the rows between
}

// point is where an edge crosses a row, between boxes.
type point struct {
	row, x int
	width  int
	name   string // that of its edge, for the order
}

// The measures of diagrams in pixels. Text is set in a font of which a character is at most so wide.
const (
	characterWidth = 7
	lineHeight     = 17
	boxPadding     = 10
	boxGap         = 28
	rowGap         = 56
	margin         = 16
	pointWidth     = 14
)

type graph struct {
	boxes []*box
	edges []*edge
}

func (g *graph) box(name string) *box {
	i := slices.IndexFunc(g.boxes, func(b *box) bool { return b.name == name })
	if i < 0 {
		return nil
	}
	return g.boxes[i]
}

// slot is a box or a point in a row.
type slot struct {
	box   *box
	point *point
	at    float64 // the middle of what it is connected with, by which it is ordered
}

func (s *slot) width() int {
	if s.box != nil {
		return s.box.width
	}
	return s.point.width
}

func (s *slot) middle() int {
	if s.box != nil {
		return s.box.x + s.box.width/2
	}
	return s.point.x + s.point.width/2
}

func (s *slot) move(x int) {
	if s.box != nil {
		s.box.x = x
	} else {
		s.point.x = x
	}
}

// layout places all boxes and returns the size of the picture.
func (g *graph) layout() (width, height int) {
	for _, b := range g.boxes {
		b.measure()
	}
	rows := g.rows()
	for range 8 {
		g.order(rows, true)
		g.order(rows, false)
	}
	y := margin
	for _, row := range rows {
		tallest := 0
		for _, s := range row {
			if s.box != nil {
				s.box.y = y
				tallest = max(tallest, s.box.height)
			}
		}
		y += tallest + rowGap
	}
	g.settle(rows)
	for _, row := range rows {
		for _, s := range row {
			width = max(width, s.middle()+s.width()/2+margin)
		}
	}
	return width, y - rowGap + margin
}

func (b *box) measure() {
	longest := utf8.RuneCountInString(b.name)
	for _, line := range b.lines {
		n := utf8.RuneCountInString(line.left)
		if line.right != "" {
			n += utf8.RuneCountInString(line.right) + 2
		}
		longest = max(longest, n)
	}
	b.width = longest*characterWidth + 2*boxPadding
	b.height = (len(b.lines)+1)*lineHeight + boxPadding
}

// rows puts boxes, and the points at which edges cross, into rows.
func (g *graph) rows() [][]*slot {
	last := 0
	for _, b := range g.boxes {
		last = max(last, b.row)
	}
	rows := make([][]*slot, last+1)
	for _, b := range g.boxes {
		rows[b.row] = append(rows[b.row], &slot{box: b})
	}
	for _, e := range g.edges {
		from, to := g.box(e.from), g.box(e.to)
		for row := min(from.row, to.row) + 1; row < max(from.row, to.row); row++ {
			p := &point{row: row, width: pointWidth, name: e.from + " " + e.to}
			e.through = append(e.through, p)
			rows[row] = append(rows[row], &slot{point: p})
		}
		if from.row > to.row {
			slices.Reverse(e.through)
		}
	}
	for _, row := range rows {
		spread(row)
	}
	return rows
}

// spread puts the slots of a row side by side in their order.
func spread(row []*slot) {
	x := margin
	for _, s := range row {
		s.move(x)
		x += s.width() + boxGap
	}
}

// neighbours are the middles of what a slot is connected with in the rows above, or below.
func (g *graph) neighbours(above bool) (ofBox map[*box][]int, ofPoint map[*point][]int) {
	ofBox, ofPoint = map[*box][]int{}, map[*point][]int{}
	for _, e := range g.edges {
		chain := []*slot{{box: g.box(e.from)}}
		for _, p := range e.through {
			chain = append(chain, &slot{point: p})
		}
		chain = append(chain, &slot{box: g.box(e.to)})
		for i := range chain[1:] {
			upper, lower := chain[i], chain[i+1]
			if rowOf(upper) > rowOf(lower) {
				upper, lower = lower, upper
			}
			at, other := lower, upper
			if !above {
				at, other = upper, lower
			}
			if at.box != nil {
				ofBox[at.box] = append(ofBox[at.box], other.middle())
			} else {
				ofPoint[at.point] = append(ofPoint[at.point], other.middle())
			}
		}
	}
	return ofBox, ofPoint
}

func rowOf(s *slot) int {
	if s.box != nil {
		return s.box.row
	}
	return s.point.row
}

// order sorts the slots of each row by the middle of what they are connected with.
func (g *graph) order(rows [][]*slot, down bool) {
	for i := range rows {
		row := rows[i]
		if !down {
			row = rows[len(rows)-1-i]
		}
		ofBox, ofPoint := g.neighbours(down)
		for _, s := range row {
			list := ofPoint[s.point]
			if s.box != nil {
				list = ofBox[s.box]
			}
			s.at = float64(s.middle())
			if len(list) > 0 {
				sum := 0
				for _, x := range list {
					sum += x
				}
				s.at = float64(sum) / float64(len(list))
			}
		}
		slices.SortStableFunc(row, func(a, b *slot) int { return cmp.Compare(a.at, b.at) })
		spread(row)
	}
}

// settle moves slots towards what they are connected with, as far as their neighbours in the row let them.
func (g *graph) settle(rows [][]*slot) {
	for turn := range 12 {
		ofBox, ofPoint := g.neighbours(turn%2 == 0)
		for _, row := range rows {
			wanted := make([]int, len(row))
			for i, s := range row {
				list := ofPoint[s.point]
				if s.box != nil {
					list = ofBox[s.box]
				}
				wanted[i] = s.middle() - s.width()/2
				if len(list) > 0 {
					slices.Sort(list)
					wanted[i] = list[len(list)/2] - s.width()/2
				}
			}
			pack(row, wanted)
		}
	}
	left := 1 << 30
	for _, row := range rows {
		for _, s := range row {
			left = min(left, s.middle()-s.width()/2)
		}
	}
	for _, row := range rows {
		for _, s := range row {
			s.move(s.middle() - s.width()/2 - left + margin)
		}
	}
}

// pack places the slots of a row in their order as near as it goes to where they are wanted: groups of slots that touch
// stand where the mean of their wishes is.
func pack(row []*slot, wanted []int) {
	type group struct{ first, last, sum, count, width int }
	var groups []group
	start := func(g group) int { return g.sum / g.count }
	for i, s := range row {
		groups = append(groups, group{i, i, wanted[i], 1, s.width() + boxGap})
		for len(groups) > 1 {
			a, b := groups[len(groups)-2], groups[len(groups)-1]
			if start(a)+a.width <= start(b) {
				break
			}
			merged := group{a.first, b.last, a.sum + b.sum - a.width*b.count, a.count + b.count, a.width + b.width}
			groups = append(groups[:len(groups)-2], merged)
		}
	}
	for _, g := range groups {
		x := start(g)
		for i := g.first; i <= g.last; i++ {
			row[i].move(x)
			x += row[i].width() + boxGap
		}
	}
}

// svg draws a graph. Colours come from the page, by classes, so that it is read in the light and in the dark.
func (g *graph) svg(label string) string {
	if len(g.boxes) == 0 {
		return ""
	}
	width, height := g.layout()
	var b strings.Builder
	fmt.Fprintf(&b, `<svg role="img" aria-label="%s" viewBox="0 0 %d %d" width="%d" height="%d" xmlns="http://www.w3.org/2000/svg">`+"\n", html.EscapeString(label), width, height, width, height)
	b.WriteString(`<defs><marker id="arrow" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto"><path class="head" d="M0 0L8 4L0 8z"/></marker></defs>` + "\n")
	for _, e := range g.edges {
		g.line(&b, e)
	}
	for _, box := range g.boxes {
		box.draw(&b)
	}
	b.WriteString("</svg>\n")
	return b.String()
}

// line draws an edge as curves from row to row.
func (g *graph) line(b *strings.Builder, e *edge) {
	from, to := g.box(e.from), g.box(e.to)
	x, y := from.x+from.width/2, from.y+from.height
	endX, endY := to.x+to.width/2, to.y
	switch {
	case from.row > to.row:
		y, endY = from.y, to.y+to.height
	case from.row == to.row: // side by side: over the tops
		y, endY = from.y, to.y
		fmt.Fprintf(b, `<path class="edge %s" d="M%d %dC%d %d %d %d %d %d" marker-end="url(#arrow)"><title>%s</title></path>`+"\n",
			e.class, x, y, x, y-rowGap/2, endX, endY-rowGap/2, endX, endY, html.EscapeString(e.title))
		return
	}
	fmt.Fprintf(b, `<path class="edge %s" d="M%d %d`, e.class, x, y)
	for _, p := range e.through {
		px, top, bottom := p.x+p.width/2, g.top(p.row), g.bottom(p.row)
		if from.row > to.row {
			top, bottom = bottom, top
		}
		fmt.Fprintf(b, "C%d %d %d %d %d %dL%d %d", x, (y+top)/2, px, (y+top)/2, px, top, px, bottom)
		x, y = px, bottom
	}
	fmt.Fprintf(b, `C%d %d %d %d %d %d" marker-end="url(#arrow)"><title>%s</title></path>`+"\n", x, (y+endY)/2, endX, (y+endY)/2, endX, endY, html.EscapeString(e.title))
}

func (g *graph) top(row int) int {
	for _, b := range g.boxes {
		if b.row == row {
			return b.y
		}
	}
	return 0
}

func (g *graph) bottom(row int) int {
	y := 0
	for _, b := range g.boxes {
		if b.row == row {
			y = max(y, b.y+b.height)
		}
	}
	return y
}

func (b *box) draw(w *strings.Builder) {
	fmt.Fprintf(w, `<g class="box %s"><title>%s</title><rect x="%d" y="%d" width="%d" height="%d" rx="5"/>`, b.class, html.EscapeString(b.title), b.x, b.y, b.width, b.height)
	y := b.y + lineHeight
	fmt.Fprintf(w, `<text class="name" x="%d" y="%d">%s</text>`, b.x+boxPadding, y, html.EscapeString(b.name))
	if len(b.lines) > 0 {
		fmt.Fprintf(w, `<path class="rule" d="M%d %dH%d"/>`, b.x, y+5, b.x+b.width)
		y += 3
	}
	for _, line := range b.lines {
		y += lineHeight
		class := ""
		if line.strong {
			class = ` class="key"`
		}
		fmt.Fprintf(w, `<text%s x="%d" y="%d">%s</text>`, class, b.x+boxPadding, y, html.EscapeString(line.left))
		if line.right != "" {
			fmt.Fprintf(w, `<text class="type" x="%d" y="%d">%s</text>`, b.x+b.width-boxPadding, y, html.EscapeString(line.right))
		}
	}
	w.WriteString("</g>\n")
}

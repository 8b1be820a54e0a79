package terminal

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

const (
	gap     = 2  // between columns
	minCell = 20 // of the last column of names and values, however little room there is
)

// fits returns how wide the columns of a table are to be. They are made narrower,
// the widest first, and none narrower than its longest word. A table with a head
// that does not fit even so gives nil.
func fits(rows [][]string, width int, headed bool) []int {
	var natural, least []int
	for _, row := range rows {
		for i, cell := range row {
			if i == len(natural) {
				natural, least = append(natural, 0), append(least, 0)
			}
			natural[i] = max(natural[i], utf8.RuneCountInString(cell))
			for _, w := range parts(cell) {
				least[i] = max(least[i], utf8.RuneCountInString(w))
			}
		}
	}
	last := len(natural) - 1
	if !headed { // names stay as they are
		copy(least, natural[:last])
		least[last] = min(least[last], minCell)
	}
	room := width - gap*last
	for _, n := range natural {
		room -= n
	}
	for ; room < 0; room++ {
		widest := -1
		for i := range natural {
			if natural[i] > least[i] && (widest < 0 || natural[i] > natural[widest]) {
				widest = i
			}
		}
		switch {
		case widest < 0 && headed:
			return nil
		case widest < 0:
			return natural
		}
		natural[widest]--
	}
	return natural
}

// fitted writes rows in columns of some width, each on as many lines as it needs. What
// is wider than the last column stands below, further left.
func (p *Page) fitted(rows [][]string, columns []int) {
	for _, row := range rows {
		var cells [][]string
		height := 0
		for i, cell := range row {
			cells = append(cells, fold(cell, columns[i]))
			height = max(height, len(cells[i]))
		}
		for n := range height {
			var line strings.Builder
			for i := range cells {
				text := ""
				if n < len(cells[i]) {
					text = cells[i][n]
				}
				if i > 0 && i == len(cells)-1 && utf8.RuneCountInString(text) > columns[i] {
					if before := strings.TrimRight(line.String(), " "); before != "" {
						fmt.Fprintln(&p.b, before)
					}
					line.Reset()
					line.WriteString(strings.Repeat(" ", max(p.width-utf8.RuneCountInString(text), 0)))
				}
				line.WriteString(text)
				if i < len(cells)-1 {
					line.WriteString(strings.Repeat(" ", max(columns[i]-utf8.RuneCountInString(text), 0)+gap))
				}
			}
			fmt.Fprintln(&p.b, strings.TrimRight(line.String(), " "))
		}
	}
}

// records writes rows one below the other, each value beside its name: what is
// left of a table that does not fit.
func (p *Page) records(head []string, rows [][]string) {
	for i, row := range rows {
		if i > 0 {
			p.Line("")
		}
		var pairs [][2]string
		for j, cell := range row {
			pairs = append(pairs, [2]string{strings.ToLower(head[j]) + ":", cell})
		}
		p.Pairs(pairs...)
	}
}

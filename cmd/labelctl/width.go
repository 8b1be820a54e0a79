package main

import (
	"fmt"
	"io"
	"os"
	"strings"
	"unicode/utf8"

	"github.com/spf13/cobra"
	"golang.org/x/term"
)

// What people read on a terminal is broken between words, and tables are made to
// fit. What goes to a file or a program is not: there a row is a line. Commands
// that a reader is to copy are never broken, for a line break would end them, and
// neither are digests and addresses; where one is wider than the terminal, the
// terminal shows it on two lines and copies it as one.

// helpWidth is how wide help is: that of the narrowest terminal in common use.
const helpWidth = 80

// widthOf returns how many columns a terminal has, or 0 for what is none.
func widthOf(w io.Writer) int {
	f, ok := w.(*os.File)
	if !ok || !term.IsTerminal(int(f.Fd())) {
		return 0
	}
	columns, _, err := term.GetSize(int(f.Fd()))
	if err != nil || columns < 40 {
		return 0 // narrower than anything could be made to fit
	}
	return columns
}

// words splits a text at its spaces, but for quoted commands.
func words(text string) (list []string) {
	for _, word := range strings.Fields(text) {
		if n := len(list); n > 0 && strings.HasPrefix(strings.TrimLeft(list[n-1], "("), "\"labelctl") && strings.Count(list[n-1], "\"")%2 == 1 {
			list[n-1] += " " + word
			continue
		}
		list = append(list, word)
	}
	return list
}

// fold breaks a text into lines of at most a width, where that can be done.
func fold(text string, width int) (lines []string) {
	line, at := "", 0
	for _, word := range words(text) {
		n := utf8.RuneCountInString(word)
		if at > 0 && at+1+n > width {
			lines, line, at = append(lines, line), "", 0
		}
		if at > 0 {
			line, at = line+" ", at+1
		}
		line, at = line+word, at+n
	}
	return append(lines, line)
}

// wrapped breaks the lines of a text that are wider than a terminal. What follows
// is indented as its line is, and a little more below the point of a list.
func wrapped(text string, width int) string {
	if width == 0 {
		return text
	}
	lines := strings.Split(text, "\n")
	for i, line := range lines {
		begins := strings.TrimLeft(line, " ")
		if utf8.RuneCountInString(line) <= width || strings.HasPrefix(begins, "labelctl ") {
			continue
		}
		lead := line[:len(line)-len(begins)]
		hang := lead
		if strings.HasPrefix(begins, "- ") {
			hang += "  "
		}
		lines[i] = lead + strings.Join(fold(begins, width-len(hang)), "\n"+hang)
	}
	return strings.Join(lines, "\n")
}

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
			for _, w := range words(cell) {
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

// fitted writes rows in columns of some width, each on as many lines as it needs.
func (p *page) fitted(rows [][]string, columns []int) {
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
func (p *page) records(head []string, rows [][]string) {
	for i, row := range rows {
		if i > 0 {
			p.line("")
		}
		var pairs [][2]string
		for j, cell := range row {
			pairs = append(pairs, [2]string{strings.ToLower(head[j]) + ":", cell})
		}
		p.pairs(pairs...)
	}
}

// fillHelp breaks the help of a command, and of those below it, to the width of
// help. Paragraphs with columns or an indent are left as they are.
func fillHelp(cmd *cobra.Command) {
	paragraphs := strings.Split(cmd.Long, "\n\n")
	for i, text := range paragraphs {
		if !strings.Contains(text, "  ") && !strings.HasPrefix(text, " ") {
			paragraphs[i] = strings.Join(fold(text, helpWidth), "\n")
		}
	}
	cmd.Long = strings.Join(paragraphs, "\n\n")
	for _, sub := range cmd.Commands() {
		fillHelp(sub)
	}
}

package terminal

import (
	"fmt"
	"io"
	"os"
	"regexp"
	"strings"
	"unicode/utf8"

	"github.com/spf13/cobra"
	"golang.org/x/term"
)

// HelpWidth is how wide help is: that of the narrowest terminal in common use.
const HelpWidth = 80

// Width returns how many columns a terminal has, or 0 for what is none.
func Width(w io.Writer) int {
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

// parts returns what a text can be broken into.
func parts(text string) []string {
	if isCommand(text) {
		return shellWords(text)
	}
	return words(text)
}

// words splits a text at its spaces, but for commands of ours in quotes or brackets.
func words(text string) (list []string) {
	for _, word := range strings.Fields(text) {
		if n := len(list); n > 0 && unfinished(list[n-1]) {
			list[n-1] += " " + word
			continue
		}
		list = append(list, word)
	}
	return list
}

// unfinished reports whether a word begins a command that does not end with it.
func unfinished(word string) bool {
	if strings.HasPrefix(word, "(label") {
		return (strings.HasPrefix(word, "(labelctl") || strings.HasPrefix(word, "(labeld")) && !strings.ContainsAny(word, "),;")
	}
	return strings.HasPrefix(strings.TrimLeft(word, "("), "\"label") && strings.Count(word, "\"")%2 == 1
}

// fold breaks a text into lines of at most a width, where that can be done.
func fold(text string, width int) (lines []string) {
	if isCommand(text) {
		return broken(text, width)
	}
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

// Wrapped breaks the lines of a text that are wider than a terminal. What follows
// is indented as its line is, and a little more below the point of a list; what is
// wider than the room that this leaves is indented less.
func Wrapped(text string, width int) string {
	if width == 0 {
		return text
	}
	var out []string
	for _, line := range strings.Split(text, "\n") {
		if utf8.RuneCountInString(line) <= width {
			out = append(out, line)
			continue
		}
		begins := strings.TrimLeft(line, " ")
		lead := line[:len(line)-len(begins)]
		hang := lead
		if strings.HasPrefix(begins, "- ") {
			hang += "  "
		}
		for i, part := range fold(begins, width-len(hang)) {
			indent := hang
			if i == 0 {
				indent = lead
			}
			if room := max(width-utf8.RuneCountInString(part), 0); len(indent) > room {
				indent = indent[:room]
			}
			out = append(out, indent+part)
		}
	}
	return strings.Join(out, "\n")
}

// FitHelp has the help of a command, and of those below it, fit the width of help.
// Paragraphs with columns or an indent are left as they are. Groups of commands run
// only to refuse; their usage is that of their commands.
func FitHelp(root *cobra.Command) {
	root.SetUsageTemplate(strings.NewReplacer(
		".FlagUsages ", fmt.Sprintf(".FlagUsagesWrapped %d ", HelpWidth),
		"{{if .Runnable}}", "{{if and .Runnable (not .HasAvailableSubCommands)}}",
	).Replace(root.UsageTemplate()))
	fill(root)
}

// continued is where a command goes on on the next line.
var continued = regexp.MustCompile(` \\\n *`)

func fill(cmd *cobra.Command) {
	paragraphs := strings.Split(cmd.Long, "\n\n")
	for i, text := range paragraphs {
		if !strings.Contains(text, "  ") && !strings.HasPrefix(text, " ") {
			paragraphs[i] = strings.Join(fold(text, HelpWidth), "\n")
		}
	}
	cmd.Long = strings.Join(paragraphs, "\n\n")
	var examples []string
	for _, line := range strings.Split(continued.ReplaceAllString(cmd.Example, " "), "\n") {
		command := strings.TrimLeft(line, " ")
		indent := line[:len(line)-len(command)]
		examples = append(examples, indent+strings.Join(broken(command, HelpWidth-len(indent)), "\n"+indent))
	}
	cmd.Example = strings.Join(examples, "\n")
	for _, sub := range cmd.Commands() {
		fill(sub)
	}
}

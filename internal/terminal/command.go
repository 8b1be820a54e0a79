package terminal

import (
	"strings"
	"unicode/utf8"
)

// further is how much more the lines of a command are indented that go on from its first.
const further = "  "

// Command writes a command to copy after a lead, such as an indent or a name. Where
// that is wider than the terminal it goes on, after a backslash, on further lines.
func (p *Page) Command(lead, command string) {
	indent := strings.Repeat(" ", utf8.RuneCountInString(lead))
	p.Raw(lead + strings.Join(broken(Clean(command, false), p.width-len(indent)), "\n"+indent) + "\n")
}

// isCommand reports whether a text is a command of ours, to copy.
func isCommand(text string) bool {
	return strings.HasPrefix(text, "labelctl ") || strings.HasPrefix(text, "labeld ")
}

// broken breaks a command into lines of at most a width, each of which ends in a
// backslash but the last, where that can be done: between the words that a shell sees,
// and not between an option and its value. A width of 0 or less is none.
func broken(command string, width int) (lines []string) {
	if width <= 0 || utf8.RuneCountInString(command) <= width {
		return []string{command}
	}
	const end = ` \`
	line := ""
	for _, word := range shellWords(command) {
		switch {
		case line == "":
			line = word
		case utf8.RuneCountInString(line+" "+word+end) > width:
			lines, line = append(lines, line+end), further+word
		default:
			line += " " + word
		}
	}
	return append(lines, line)
}

// shellWords splits a command at the spaces at which a shell splits it. The value of
// an option stays with it.
func shellWords(command string) (list []string) {
	var word strings.Builder
	quote, escaped := rune(0), false
	for _, r := range command + " " {
		switch {
		case escaped:
			escaped = false
		case r == '\\' && quote != '\'':
			escaped = true
		case quote != 0:
			if r == quote {
				quote = 0
			}
		case r == '\'' || r == '"':
			quote = r
		case r == ' ' && word.Len() == 0:
			continue
		case r == ' ':
			n := len(list)
			if n > 0 && strings.HasPrefix(list[n-1], "-") && !strings.Contains(list[n-1], " ") && !strings.HasPrefix(word.String(), "-") {
				list[n-1] += " " + word.String()
			} else {
				list = append(list, word.String())
			}
			word.Reset()
			continue
		}
		word.WriteRune(r)
	}
	if rest := strings.TrimRight(word.String(), " "); rest != "" { // of a quote that does not end
		list = append(list, rest)
	}
	return list
}

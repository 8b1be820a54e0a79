// Package terminal writes what people read on a terminal: texts are broken between
// words, and tables are made to fit. What goes to a file or a program is not: there a
// row is a line. Commands that a reader is to copy are never broken between words, for
// a line break would end them: a command on a line of its own goes on after a
// backslash, one in a sentence is whole. Digests and addresses are whole too. What is
// wider than the terminal all the same, the terminal shows on two lines and copies as
// one.
//
// Texts may come from strangers. Nothing that a terminal would obey reaches it.
package terminal

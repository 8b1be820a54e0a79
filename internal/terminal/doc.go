// Package terminal writes what people read on a terminal: texts are broken between
// words, and tables are made to fit. What goes to a file or a program is not: there a
// row is a line. Commands that a reader is to copy are never broken, for a line break
// would end them, and neither are digests and addresses; where one is wider than the
// terminal, the terminal shows it on two lines and copies it as one.
//
// Texts may come from strangers. Nothing that a terminal would obey reaches it.
package terminal

// Package art draws labels for boxes, web shops and type plates.
//
//	Subject -> Describe -> Model -> Compose -> Drawing -> SVG, PDF, PNG
//
// A [Model] is everything that a label says, in one or two languages. A
// [Drawing] is that model set in a format and a palette: paths and lines of
// glyphs, in millimetres. The three writers add nothing to a drawing, so that
// what was checked of one file is true of the others.
//
// # What a label carries
//
// Programme and scheme; what the product reached, as the scheme shows it: of a
// ladder the level in words, as a number and as steps, of others what the label
// is called; who checked; how long it is valid and until when there are security
// updates; the product and its model number; the label's ID, its short URL, and
// a QR code with its quiet zone. There is no shield and no padlock: people read
// them as "safe", which no label can promise. Nothing is told by colour alone.
//
// # What is enforced
//
// Sizes and contrast, by limits.go: where the data breaks them it is refused
// when it is loaded, with file and line, and where a label would, it is not
// drawn. Words that are too long shrink together down to the least size; a
// product name may end in an ellipsis, and nothing else is ever cut.
//
// # Texts of strangers
//
// A product's name and model number are whatever somebody wrote. They run in their
// own direction and move nothing around them (isolate.go): an ID, a model number
// and an address read the same among Arabic words as among English ones. What
// no font has is a replacement sign (readable.go). Marks are bounded in number and
// height, and lines make room for them, so that they cover nothing (text.go). What
// XML does not allow is replaced in an SVG.
//
// Modules of the code are a whole number of dots of a 300 dpi printer and begin
// on one, so that none is printed wider than another.
//
// # Same input, same bytes
//
// No file holds a time or a random number. What depends on the order of a map is
// written in the order of first use.
//
// # Roads not taken
//
// github.com/tdewolff/canvas draws to all three formats, but writes the present
// time into each PDF, and brings a TeX engine and an X11 client along.
// codeberg.org/go-pdf/fpdf sets text by character, and so no Arabic. What a PDF
// of one page with embedded fonts needs is small enough to be written here
// (pdf.go, subset.go). Setting text is not, and is go-text's, as is filling
// paths, which is x/image's.
//
// Words in an SVG are outlines: an SVG cannot carry fonts in a way that all
// programs which print it understand.
package art

// Package search finds labels by what people type: brand, name, model,
// manufacturer, and by category, level, scheme and state.
//
// # Where the index comes from
//
// The index lives in memory and is made by following the transparency log, entry
// by entry, by the same code when the service starts and when something happens: a
// label is issued, or changes. It therefore cannot disagree with the registry
// after a crash, and needs no repair. Of each label its outline is read, which is
// stored in one commit with its log entry: two hundred thousand take two or three
// seconds of a processor, beside everything else.
//
// A [Snapshot] never changes. The [Index] makes the next one and puts it in
// place of the last; who searches holds no lock. It consists of two segments: a
// large one, and a small one with what has changed since that was made, which
// hides what the large one has of the same labels. When the small one has grown
// too large, both are merged. Segments hold numbers and text and hardly any
// pointers: some two hundred bytes a label, through which no garbage collector
// need go.
//
// # What matches
//
// Words are compared without case, accents, joiners and width (NFKC); a letter with dots
// also matches how people spell it who cannot type it ("ue" for "ü"). All words of
// a query must match, each a whole word or the beginning of one. A query without a
// letter or a digit finds nothing; only an empty one finds all. Labels that have
// all of them as whole words come first, and of these the labels that count: whoever
// looks for a product is not shown first what was revoked.
//
// Where nothing matches, another query is proposed: with the model number which was
// spelled in another way ([label.FoldModel]), or else with one letter more, less, another
// or two exchanged. It is one that finds something, though filters may leave nothing of
// that.
//
// A label's state follows from time as well. Each record knows until when the
// state that was worked out for it holds.
package search

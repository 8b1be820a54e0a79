// Package search finds labels by what people type: brand, name, model,
// manufacturer, and by category, level, scheme and state.
//
// # Where the index comes from
//
// The index lives in memory and is made from the transparency log, entry by
// entry, by the same code when the service starts and when something happens: a
// label is issued, or changes. It therefore cannot disagree with the registry
// after a crash, and needs no repair. Two hundred thousand labels take some
// seconds to read, beside everything else.
//
// A [Snapshot] never changes. The [Index] makes the next one and puts it in
// place of the last; who searches holds no lock. It consists of two segments: a
// large one, and a small one with what has changed since that was made, which
// hides what the large one has of the same labels. When the small one has grown
// too large, both are made into one.
//
// # What matches
//
// Words are compared without case, accents and width (NFKC). All words of a
// query must match, each a whole word or the beginning of one. Labels that have
// all of them as whole words come first. Where nothing matches, a query with one
// letter more, less, another or two exchanged is proposed.
//
// A label's state follows from time as well. Each record knows until when the
// state that was worked out for it holds.
package search

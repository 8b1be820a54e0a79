// Package labels holds the data of the label programme: what is asked of a
// device, by which standard, and on whose word. The rest of labeld knows none
// of it. A criterion, a threshold or a category that stands in Go code is in
// the wrong place.
//
// # What lies here
//
//	facts.yaml       the dictionary of facts: name, type, unit, range, and who may state it
//	categories.yaml  the risk classes, and the kinds of device with the risk of each
//	reasons.yaml     why a label changes state, as codes and in plain words
//	standards/       provisions of published standards, edition by edition
//	methods.yaml     the ways in which laboratories assess devices
//	acts.yaml        who may do what, and how many have to agree
//	schemes/         how labels are shown, levels, criteria, and the evidence that each asks for; one file for each version
//	locales/         the words of pages and labels, language by language
//	art/             artwork: formats, palettes and fonts of printed labels
//	examples/        invented devices with a picture, a test report and a declaration each
//
// The files refer to each other downwards only. A scheme names one edition of
// one standard and its provisions. Rules of schemes and conditions of provisions
// name facts. Facts, categories and reasons name nothing. Languages translate
// what schemes, categories, reasons and facts say to people, and may leave out
// any of it.
//
//	schemes/ID/VERSION.yaml -> standards/en303645.yaml -> facts.yaml
//	                        -> facts.yaml, categories.yaml (risk classes), reasons.yaml, methods.yaml
//
// # Who edits it
//
// A working group does, with a text editor, and reviews the difference like any
// other. It needs no Go. What it publishes is versioned: a decision names the
// scheme and the version that it was made under, so a version that has been used
// is never edited. Its successor gets a new version string.
//
// # How a broken file is refused
//
// Loading is strict and all or nothing. An unknown or repeated member, a
// provision that the edition does not have, a fact that the dictionary does not
// know, a rule that is no boolean CEL expression over the types of its facts:
// each stops the server before it listens, with the file, the line and what to
// do, such as
//
//	schemes/four-level/2026.2.yaml:72: criteria[0].rule: undeclared reference to 'password_orign' (in container '')
//
// There is no half-loaded programme, and no falling back to the embedded data.
//
// # Serving other data
//
// What lies here is compiled into the program, so that a fresh installation
// works. An authority with a programme of its own serves it with --labels DIR,
// where DIR is laid out like this folder. It then replaces the embedded data as
// a whole; the two are never mixed.
//
// # Where the words come from
//
// Titles and explanations are our paraphrases. Identifiers and statuses of
// EN 303 645 come from public transcriptions; README.md says how far they can be
// trusted. The scheme is a model of an existing ladder and nobody's official
// label.
package labels

import "embed"

// FS holds the programme data. Its root is this folder, so it can be exchanged
// for [os.DirFS] of another folder that is laid out alike.
//
//go:embed acts.yaml facts.yaml categories.yaml methods.yaml reasons.yaml standards schemes examples locales art
var FS embed.FS

package web

import "net/http"

// A Route is a row of the table of addresses, as tests look at it.
type Route struct {
	Name, Path, Also, Query, Doc string
	Allow, Cache                 string
	CORS, Settled, Described     bool
	JSON                         bool // its answers are JSON, whatever Accept says
}

// Routes returns the table of addresses.
func Routes() (list []Route) {
	for _, r := range newRoutes(new(Handler)) {
		list = append(list, Route{
			Name: r.name, Path: r.path, Also: r.also, Query: r.query, Doc: r.doc, Allow: r.methods.allow[0], Cache: r.cache[0],
			CORS: r.cors, Settled: r.settled, Described: r.described, JSON: r.reader == forParsers,
		})
	}
	return list
}

// RouteOf returns the name of the route of a request, and what stands at its placeholders.
func RouteOf(r *http.Request) (name, first, second string) {
	found, first, second := indexRoutes(newRoutes(new(Handler))).find(r)
	return found.name, first, second
}

// A Vocabulary is one of the tables that show words of the programme.
type Vocabulary map[string][]string // messages by word

func messages[T ~string](table map[T]string) Vocabulary {
	v := Vocabulary{}
	for word, key := range table {
		v[string(word)] = []string{key}
	}
	return v
}

// Vocabularies returns those tables by name.
func Vocabularies() map[string]Vocabulary {
	all := map[string]Vocabulary{
		"remedies": messages(remedies), "severities": messages(severities), "bounds": messages(bounds), "assurances": messages(assurances),
		"sources": messages(sources), "documents": messages(documents), "components": messages(components), "updates": messages(updates),
		"sorts": messages(sorts), "complaints": messages(complaints),
		"states": {}, "actions": {}, "advisories": {}, "announced": {},
	}
	for state, d := range stateDisplays {
		all["states"][string(state)] = []string{d.now, d.past, d.short}
		if d.since != "" {
			all["states"][string(state)] = append(all["states"][string(state)], d.since)
		}
	}
	for action, d := range actionDisplays {
		all["actions"][string(action)] = []string{d.done}
		if d.announced != "" {
			all["actions"][string(action)] = append(all["actions"][string(action)], d.announced)
		}
	}
	for state, d := range advisoryDisplays {
		all["advisories"][state] = []string{d.plain, d.version}
	}
	for kind := range announcedTitles {
		all["announced"][kind] = nil
	}
	return all
}

// StateLooks returns the class and the sign of each state.
func StateLooks() map[string][2]string {
	looks := map[string][2]string{}
	for state, d := range stateDisplays {
		looks[string(state)] = [2]string{d.class, d.sign}
	}
	return looks
}

// Statuses is the table from kinds of errors to HTTP statuses.
var Statuses = statuses

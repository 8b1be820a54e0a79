package web

import "strings"

// Where the service may lack what happened (see [authority.Authority.Behind]), no answer
// here says how a label stands: a program that reads "active" acts by it, and a person
// who reads "valid" looks no further. Each gets 503 in its own form, people with a page in
// their language that says since when something may be missing. What is named here is
// served all the same, and nothing else is, so that an address that is added later is
// closed until somebody has thought of it.

// settledBefore reports whether what is at an address does not follow from what has
// happened to labels: it never changes, or speaks of its own age to whoever checks it.
func settledBefore(path, query string) bool {
	switch path {
	case "/":
		return query == "" // the first page, without a search
	case "/healthz", "/icon.svg", "/favicon.ico", "/opensearch.xml", "/api", "/api/", "/api/openapi.json":
		return true
	}
	if len(path) > 3 && strings.EqualFold(path[:3], "/l/") {
		_, view, _ := strings.Cut(path[3:], "/")
		switch "/" + view {
		case "/bundle", "/device", "/proof", "/package", "/qr.svg", "/qr.png", picturePath:
			return true
		}
		return false
	}
	for _, prefix := range []string{"/log/", "/keys/", "/.well-known/", "/advisory/", "/status-list"} { // the last has an answer of its own
		if strings.HasPrefix(path, prefix) {
			return true
		}
	}
	return false
}

// readerAt returns who asks at an address.
func readerAt(path string) reader {
	switch {
	case strings.HasPrefix(path, "/api/"), strings.HasSuffix(path, ".json"):
		return forParsers
	case strings.HasPrefix(path, "/surveillance/"), strings.HasPrefix(path, "/sitemap"), strings.HasPrefix(path, "/feeds/"),
		strings.Contains(path, "/art"), strings.Contains(path, "/badge."):
		return forPrograms
	}
	return forPeople
}

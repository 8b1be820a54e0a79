// Package daemon puts a label service together: configuration, keys, store,
// authority, listeners, and an orderly end. cmd/labeld runs it from the command
// line, tests run it on port 0.
//
// [Init] makes a programme once: keys, database, configuration. [Open] never
// makes anything: what is missing is an error, but for the file with the newest log
// head, without which the service is read-only. [Daemon.Serve] listens until its
// context ends, then lets calls finish.
package daemon

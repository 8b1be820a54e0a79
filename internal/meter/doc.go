// Package meter keeps strangers from using up what everybody needs. Anybody may
// ask a label service, over HTTP and over gRPC, and some answers cost a hundred
// thousand times what others do. What is asked is therefore paid for in units, by
// whoever asks, at all doors out of one purse; and what takes long is done behind a
// gate, which lets each client in by turns and nobody wait without end.
//
// # Units
//
// A unit is about a tenth of a millisecond of one core ([Unit]). A [Meter] gives
// each client so many a minute, and after a pause as many at once. A client is an
// IPv4 address, an IPv6 network of the size that one customer has, or an
// organization that proved who it is. What a kind of request costs is said where
// it is answered: for HTTP in package web (limit.go), for gRPC in package rpc
// (limit.go). Two rules are the same at both:
//
//   - What is answered out of memory costs nothing and is never refused. Thousands of
//     people in shops may have one address, and one of them who plays with the
//     service must not keep the others from seeing a label.
//   - What does not exist costs too. Otherwise whoever guesses would ask for free.
//
// # Gates
//
// A [Gate] lets a few do heavy work at a time, of each client one. The clients who
// wait take turns, whatever the order in which they came and however much each asks
// for. How many of one client and of all may wait is bounded; who comes beyond that
// is told to come again, at once. Who goes away while it waits gives its place back,
// and its work is never begun.
//
// # Proxies
//
// Behind a proxy all requests come from the proxy's address, and all people would be
// one client. [Clients] takes the address from a header that the proxy sets, if the
// operator names it. If none is named and requests look as if they had come by way
// of a proxy, it says so in the log.
package meter

// Package rpc serves the gRPC contract of api/proto/label/v1: it converts
// between messages and the authority's types, finds out who calls, holds calls
// to limits, and maps errors to statuses in one place (errors.go). It decides
// nothing.
//
// # Who calls
//
// A caller proves itself by the metadata
//
//	authorization: Bearer TOKEN
//
// where TOKEN is a caller token (package token). A call without one is made by
// nobody, who may verify labels and read schemes. A token that is there and
// wrong is refused even where none is needed.
//
// # What calls cost
//
// Calls are paid for in units of package meter, out of the same purse as what a client
// asks for over HTTP: by the organization that proved who it is, or else by the
// address. To verify a label that there is costs nothing and is always answered; what
// fails costs too. Operators are never refused. Who has used its allowance up gets
// RESOURCE_EXHAUSTED with the reason TOO_MANY_REQUESTS.
//
// # Older copies
//
// A service that was set back to an older copy of its database answers every call but
// those for the criteria with UNAVAILABLE and the reason READ_ONLY. Its health is not
// serving.
//
// # What else is served
//
// grpc.health.v1.Health, and reflection, so that grpcurl works without files.
package rpc

// Package labelv1 is the gRPC contract of labeld and its generated Go code.
//
// Protobuf describes the calls only. What is signed travels as bytes, exactly
// as it was signed, with summaries beside it for people and programs that do
// not want to parse it.
//
// Every call but those of VerificationService and the two that read schemes
// carries a caller token in the metadata "authorization: Bearer TOKEN"; package
// internal/rpc describes it. Errors carry google.rpc.ErrorInfo (a stable
// reason, domain "labeld.dev") and, where a field is at fault,
// google.rpc.BadRequest.
package labelv1

//go:generate go run github.com/bufbuild/buf/cmd/buf@v1.75.0 generate ../../../.. --template ../../../../buf.gen.yaml --output ../../../..

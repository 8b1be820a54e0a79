// Labelctl is the command line of a label service: for labs, which sign test
// reports; for manufacturers, which sign declarations and request labels; for
// operators, who enrol both; and for anyone who wants to check a label.
//
// # A label from beginning to end
//
// The operator enrols the parties by their public keys. Nobody has a password:
//
//	labelctl key new --out lab.key                                   the lab
//	labelctl org add aurora-lab --name "Aurora" --role lab --pub lab.pub
//	labelctl org accredit aurora-lab --number L-42 --body "Example Board" \
//	    --standard en303645 --category '*' --method functional-test --from 2026-01-01 --to 2028-12-31
//
// The manufacturer describes the device once. Everything that follows refers to
// the device by the SHA-256 of the description's canonical bytes:
//
//	labelctl device register camera.yaml
//
// The lab fills in a template and signs it; the manufacturer does the same with
// its declaration. Any enrolled organization can submit the signed files:
//
//	labelctl attest --template --out results.yaml
//	labelctl attest --results results.yaml --device DIGEST --out report.json
//	labelctl declare --declaration declaration.yaml --device camera.yaml --out declaration.json
//	labelctl submit report.json declaration.json
//
// The manufacturer checks which level the device meets, and requests the label:
//
//	labelctl evaluate camera.yaml --level 3
//	labelctl request camera.yaml --level 3 --qr label.svg
//
// Anyone can check the label online or, with a package and a trust file, without
// a network:
//
//	labelctl verify K7QM-4T2X-9PWH
//	labelctl verify photo.jpg
//	labelctl verify --offline --trust labeld.json label-K7QM4T2X9PWH.json
//
// # After a label is issued
//
// Signed requests change a label. Operators review, suspend, reinstate and revoke
// it, and its manufacturer renews or withdraws it. The authority answers with a
// statement, which it signs and logs. What takes several persons waits until as many
// have signed the same request ("labelctl acts show" says what does):
//
//	labelctl label suspend K7QM-4T2X-9PWH --reason complaint --text "What happened."
//	labelctl label revoke K7QM-4T2X-9PWH --reason nonconformity --text "What happened."
//	labelctl request approve 5f21c0de                                another person
//	labelctl label renew K7QM-4T2X-9PWH                              the manufacturer
//	labelctl label history K7QM-4T2X-9PWH                            anybody
//
// # Who calls
//
// Most calls carry a caller token (package token), made with the private key in
// --key for the organization in --as. The environment variables LABELCTL_KEY and
// LABELCTL_AS set both, because they rarely change. What you sign names the authority that
// it is made to: the one that the service says it is, or that in --authority or
// LABELCTL_AUTHORITY, and then nothing is signed for another. A key is a file, plain or
// encrypted in cosign's format, or the URI of a key in a key management system.
// Connections use TLS, except to a loopback address.
//
// # What labelctl checks itself
//
// Before they sign a document, attest and declare check it with the service's own
// code, and name the file and line of each mistake. They use the built-in programme
// data, or that in --labels DIR if the service uses other data.
//
// Verify trusts nothing but the keys in the trust file. Without --trust it relies on
// the keys that the service itself supplies, and says so.
//
// # Output
//
// The output is text for people or, with --output json, one JSON document on
// standard output. An error is {"error":{"reason","field","message","code"}} on
// standard error, as in the service's own interfaces. The exit code is
//
//	0  done; for verify: a genuine label that is active
//	1  refused or failed; for verify: not genuine, or that cannot be determined
//	2  the command line is wrong
//	3  request: the evidence does not support the level
//	4  verify: genuine, but not valid (expired, suspended, revoked, withdrawn,
//	   superseded, or not valid by a status list that is newer)
//	5  verify: genuine, but nothing shows whether anything has happened since, or
//	   what shows it is too old
//	6  verify, surveillance verify: as 0, but --trust was not given, so that the
//	   result relies on keys that the service itself supplied
//
// # How it is built
//
// A session has what every command needs: the console, the clock, and the
// connections to the service. The commands about each noun are a type of their own
// over one session, in a file of that name. Package cobra parses the command line,
// printError prints every error, and words.go has the vocabularies.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := run(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

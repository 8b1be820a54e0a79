// Labelctl is the tool of everybody who deals with a label service: labs that
// sign what they measured, manufacturers that sign what they promise and ask
// for labels, operators who enrol both, and whoever wants to know whether a
// label is genuine.
//
// # One label, from beginning to end
//
// The operator enrols the parties by their public keys. Nobody has a password:
//
//	labelctl key new --out lab.key                                   the lab
//	labelctl org add aurora-lab --name "Aurora" --role lab --pub lab.pub
//	labelctl org accredit aurora-lab --number L-42 --body "Example Board" \
//	    --standard en303645 --category '*' --method functional-test --from 2026-01-01 --to 2028-12-31
//
// The manufacturer describes the device once. Its canonical bytes have a digest,
// and everything that is signed is about that digest:
//
//	labelctl device register camera.yaml
//
// The lab fills in a template and signs it; the manufacturer does the same with
// its declaration. Signed files can be handed on, since it counts who signed and
// not who submits:
//
//	labelctl attest --template --out results.yaml
//	labelctl attest --results results.yaml --device DIGEST --out report.json
//	labelctl declare --declaration declaration.yaml --device camera.yaml --out declaration.json
//	labelctl submit report.json declaration.json
//
// The manufacturer asks what that is good for, and has the label issued:
//
//	labelctl evaluate camera.yaml --level 3
//	labelctl request camera.yaml --level 3 --qr label.svg
//
// Anybody checks it, online or, with a package and a trust file, without any
// network:
//
//	labelctl verify K7QM-4T2X-9PWH
//	labelctl verify photo.jpg
//	labelctl verify --offline --trust labeld.json label-K7QM4T2X9PWH.json
//
// # What becomes of a label
//
// After it was issued a label changes by signed requests: of operators, who look
// into it, suspend, reinstate and revoke it, and of its manufacturer, who renews
// it or gives it up. The authority answers with a statement that it signs and
// logs. What the scheme has two operators decide waits until the second has
// signed the same request:
//
//	labelctl label suspend K7QM-4T2X-9PWH --reason complaint --text "What happened."
//	labelctl label revoke K7QM-4T2X-9PWH --reason nonconformity --text "What happened."
//	labelctl label approve 5f21c0de                                  the second operator
//	labelctl label renew K7QM-4T2X-9PWH                              the manufacturer
//	labelctl label history K7QM-4T2X-9PWH                            anybody
//
// # Who calls
//
// Calls that need it are proved with a caller token (package token), made from
// the private key in --key for the organization in --as. Both have environment
// variables, LABELCTL_KEY and LABELCTL_AS, since they rarely change. Keys are
// files, encrypted as cosign does or plain, or URIs of a key management system.
// Tokens go over TLS; only to a loopback address is the connection plain.
//
// # What is checked here
//
// Attest and declare do what the service would do with a document, with the
// same code, before it is signed, and name file and line of what is wrong. That
// is done with the programme data that is built in, or with --labels DIR where
// the service serves other data.
//
// Verify trusts nothing that it is told but the keys in the trust file. Without
// --trust it takes the service's own word for its keys, and says so.
//
// # Output
//
// People read tables, programs give --output json: one JSON document on standard
// output, or on standard error {"error":{"reason","field","message","code"}} as
// the service's own interfaces have it. The exit code is
//
//	0  done; for verify: a genuine label that is active
//	1  refused or failed; for verify: not genuine, or it cannot be told
//	2  the command line is wrong
//	3  request: the evidence does not support the level
//	4  verify: genuine, but not valid (expired, suspended, revoked, withdrawn,
//	   superseded, or not valid by a status list that is newer)
//	5  verify: genuine, but nothing shows whether anything has happened since, or
//	   what shows it is too old
//	6  verify, surveillance verify: all is well if the keys are believed that
//	   the service itself names, since --trust was not given
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

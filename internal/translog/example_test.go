package translog_test

import (
	"fmt"
	"log"
	"os"

	"golang.org/x/mod/sumdb/note"

	"labeld/internal/translog"
)

// A log of three entries in memory, and the proof that the second is in it.
// The package comment shows the same proof. The key was made from 32 equal
// bytes and signs nothing else.
func Example() {
	const (
		origin = "labels.example/log"
		skey   = "PRIVATE+KEY+labels.example/log+a7542af3+ASoqKioqKioqKioqKioqKioqKioqKioqKioqKioqKioq"
		vkey   = "labels.example/log+a7542af3+ARl/ayPhbIUyxqvIOPrNXqeJvgx2spIDNAOb+os9No1h"
	)
	signer, err := note.NewSigner(skey)
	if err != nil {
		log.Fatal(err)
	}
	verifier, err := note.NewVerifier(vkey)
	if err != nil {
		log.Fatal(err)
	}

	// The store: hashes by their place in the tree.
	stored := make(map[translog.Node]translog.Hash)
	reader := translog.NodeFunc(func(n translog.Node) (translog.Hash, error) {
		return stored[n], nil
	})

	// The log appends a batch and signs the new head.
	entries := [][]byte{[]byte("one"), []byte("two"), []byte("three")}
	tree, added, err := translog.Append(translog.Empty(), reader, entries)
	if err != nil {
		log.Fatal(err)
	}
	for _, s := range added {
		stored[s.Node] = s.Hash
	}
	checkpoint, err := translog.SignCheckpoint(translog.Checkpoint{Origin: origin, Tree: tree}, signer)
	if err != nil {
		log.Fatal(err)
	}
	hashes, err := translog.Prove(tree.N, 1, reader)
	if err != nil {
		log.Fatal(err)
	}
	text := translog.Proof{Index: 1, Hashes: hashes, Checkpoint: checkpoint}.Format()
	os.Stdout.Write(text)

	// Anyone who has the entry, the log's name and its key checks the proof.
	proof, err := translog.ParseProof(text)
	if err != nil {
		log.Fatal(err)
	}
	seen, err := proof.Verify(translog.LeafHash([]byte("two")), origin, verifier)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("logged at %d of %d\n", proof.Index, seen.Tree.N)
	// Output:
	// c2sp.org/tlog-proof@v1
	// index 1
	// 0Nc2CrefWKseHj/mStd+LqC8B+NrX0btIiPt2SmN+ek=
	// Zx8UbF5HHooag6PCFM5LqQe486WIjRTMjNPOdbsS75Q=
	//
	// labels.example/log
	// 3
	// Wqx3HImawpLnS/Gv4ubjAvi1WIOy0b8Ze0amvqbavKk=
	//
	// — labels.example/log p1Qq8zpoKD7ktdnfjw5LppZTuGML7OdS+5IhVcxODcp+2UdD8wTmcymHVd7BeQj86AFZfXbEacqejmSzjLkgRY+v7wQ=
	// logged at 1 of 3
}

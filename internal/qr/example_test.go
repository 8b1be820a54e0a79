package qr_test

import (
	"fmt"

	"labeld/internal/qr"
)

// An authority prints a label; a shopper scans it.
func Example() {
	payload := qr.Payload("https://labels.example.org", "K7QM4T2X9PWH")
	code, err := qr.New(payload)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(code.Payload(), code.Size())

	base, id, err := qr.ParsePayload(payload)
	fmt.Println(base, id.Pretty(), err)
	// Output:
	// HTTPS://LABELS.EXAMPLE.ORG/L/K7QM4T2X9PWH 29
	// https://labels.example.org K7QM-4T2X-9PWH <nil>
}

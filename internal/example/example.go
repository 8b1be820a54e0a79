// Package example gives the devices of labels/examples as a lab and their
// manufacturers would submit them today. The files are dated around
// [Written]; everything in reports and declarations that is a date moves along
// with the present, so that an example shows the same thing whenever it is used.
// An advisory is dated once, as published documents are.
package example

import (
	"errors"
	"fmt"
	"io/fs"
	"time"

	"labeld/internal/label"
	"labeld/internal/yamljson"
)

// Names lists the examples: a camera that reaches level 3 of the four-level
// scheme, a plug that reaches level 1, a toy that reaches none.
var Names = []string{"camera", "plug", "toy"}

// Written is the day as of which the example files are dated.
var Written = label.NewDate(2026, time.November, 1)

// supportFact is the one fact in the examples that is a date.
const supportFact = "support_period_end_date"

// An Example is one device with its picture and its evidence.
type Example struct {
	Device      *label.Device
	Descriptor  []byte // canonical
	Report      *label.TestReport
	Declaration *label.Declaration
	Picture     []byte // that the descriptor names
	Advisory    []byte // that its manufacturer published; nil where there is none
}

// Load reads an example from programme data, dated for a day.
func Load(data fs.FS, name string, today label.Date) (*Example, error) {
	e := &Example{Device: new(label.Device), Report: new(label.TestReport), Declaration: new(label.Declaration)}
	for _, f := range []struct {
		file string
		into any
	}{{"device", e.Device}, {"report", e.Report}, {"declaration", e.Declaration}} {
		path := fmt.Sprintf("examples/%s/%s.yaml", name, f.file)
		text, err := fs.ReadFile(data, path)
		if err != nil {
			return nil, fmt.Errorf("no example %q: %w", name, err)
		}
		b, err := yamljson.Convert(text)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		if err := label.Decode(b, f.into); err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
	}
	var err error
	if e.Picture, err = fs.ReadFile(data, fmt.Sprintf("examples/%s/picture.png", name)); err != nil {
		return nil, err
	}
	advisory, err := fs.ReadFile(data, fmt.Sprintf("examples/%s/advisory.json", name))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	e.Advisory = advisory
	if err := e.redate(int(today.Start().Sub(Written.Start()).Hours() / 24)); err != nil {
		return nil, err
	}
	e.Descriptor, err = e.Device.Canonical()
	return e, err
}

// redate moves every date by some days.
func (e *Example) redate(days int) error {
	r, d := e.Report, e.Declaration
	r.Period.From, r.Period.To = r.Period.From.AddDays(days), r.Period.To.AddDays(days)
	d.Date = d.Date.AddDays(days)
	d.Product.SupportEnd = d.Product.SupportEnd.AddDays(days)
	if _, ok := d.Facts[supportFact]; ok {
		b, err := label.Encode(d.Product.SupportEnd)
		if err != nil {
			return err
		}
		d.Facts[supportFact] = b
	}
	return nil
}

package authority_test

import (
	"bytes"
	"context"
	"errors"
	"image"
	"image/color"
	"image/jpeg"
	"log/slog"
	"os"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	bolt "go.etcd.io/bbolt"

	"labeld/internal/authority"
	"labeld/internal/example"
	"labeld/internal/label"
	"labeld/internal/labeltest"
	"labeld/internal/store"
)

// showing changes an example so that its descriptor names a file, and registers
// it.
func showing(t *testing.T, w *labeltest.World, name string, file []byte) *example.Example {
	t.Helper()
	e := w.Example(name)
	labeltest.Variant(t, e, len(file))
	e.Device.Picture, e.Picture = label.Digest{}, file
	if file != nil {
		e.Device.Picture = label.DigestOf(file)
	}
	var err error
	e.Descriptor, err = e.Device.Canonical()
	must(t, err)
	_, _, err = w.Authority.Register(ctx, w.Caller(e.Device.Manufacturer), e.Descriptor)
	must(t, err)
	return e
}

func photo(t *testing.T, width, height int) []byte {
	t.Helper()
	m := image.NewGray(image.Rect(0, 0, width, height))
	for i := range m.Pix {
		m.Pix[i] = uint8(i)
	}
	m.SetGray(0, 0, color.Gray{255})
	var b bytes.Buffer
	must(t, jpeg.Encode(&b, m, nil))
	return b.Bytes()
}

// TestPicture has a picture arrive after its label was issued and looked at.
// From then on everybody sees it, also after a restart.
func TestPicture(t *testing.T) {
	w := labeltest.New(t, nil)
	e := w.Example("camera")
	p := w.Issue(e, 3)
	digest := p.Label.Device.Picture
	if p.Pictured || digest != label.DigestOf(e.Picture) {
		t.Fatalf("before it was sent there is a picture %s: %v", digest, p.Pictured)
	}
	_, _, err := w.Authority.Picture(digest)
	wants(t, err, label.NotFound, label.ReasonUnknownPicture)
	plug := w.Issue(w.Example("plug"), 1)

	size := w.Authority.LogSize()
	for i := range 3 {
		typ, known, err := w.Authority.AddPicture(ctx, w.Caller(labeltest.Maker), label.DigestOf(e.Descriptor), e.Picture)
		if err != nil || typ != "image/png" || known != (i > 0) {
			t.Errorf("sent for the %d. time it is %q, known %v, %v", i+1, typ, known, err)
		}
	}
	if n := w.Authority.LogSize(); n != size {
		t.Errorf("the log grew from %d to %d by a picture", size, n)
	}
	shown := func() {
		t.Helper()
		p, err := w.Authority.Lookup(p.Label.ID)
		must(t, err)
		if !p.Pictured || !p.As(labeltest.Start).Pictured {
			t.Error("the label does not know that its picture arrived")
		}
		file, typ, err := w.Authority.Picture(digest)
		if err != nil || typ != "image/png" || !bytes.Equal(file, e.Picture) {
			t.Errorf("the picture is %d bytes of %q, %v", len(file), typ, err)
		}
		d, err := w.Authority.Device(w.Caller(labeltest.Lab), label.DigestOf(e.Descriptor))
		must(t, err)
		if here, err := w.Authority.Pictured(d); err != nil || !here {
			t.Errorf("its device is pictured: %v, %v", here, err)
		}
		if other, err := w.Authority.Lookup(plug.Label.ID); err != nil || other.Pictured {
			t.Errorf("the plug got the camera's picture (%v)", err)
		}
	}
	shown()
	w.Restart()
	shown()
	if _, known, err := w.Authority.AddPicture(ctx, w.Caller(labeltest.Maker), label.DigestOf(e.Descriptor), e.Picture); err != nil || !known {
		t.Errorf("after a restart it is known: %v, %v", known, err)
	}
}

// TestPictureBeforeLabel has the picture there when the label is issued: the
// answer to the request says so. Two devices may share one.
func TestPictureBeforeLabel(t *testing.T) {
	w := labeltest.New(t, nil)
	first := w.Example("camera")
	w.Submit(first)
	w.Picture(first)
	second := w.Example("camera")
	labeltest.Variant(t, second, 2)
	w.Submit(second)
	for _, e := range []*example.Example{first, second} {
		o, err := w.Authority.Request(ctx, w.Caller(labeltest.Maker), label.DigestOf(e.Descriptor), "", 3)
		must(t, err)
		if !o.Label.Pictured {
			t.Errorf("the label of %s, issued just now, has no picture", e.Device.Model)
		}
		if p, err := w.Authority.Lookup(o.Label.Label.ID); err != nil || !p.Pictured {
			t.Errorf("the label of %s has no picture (%v)", e.Device.Model, err)
		}
	}
}

// TestPictureOnce has many send the same at once.
func TestPictureOnce(t *testing.T) {
	w := labeltest.New(t, nil)
	e := showing(t, w, "plug", photo(t, 300, 200))
	var wg sync.WaitGroup
	news := make([]bool, 16)
	for i := range news {
		wg.Go(func() {
			typ, known, err := w.Authority.AddPicture(ctx, w.Caller(labeltest.Maker), label.DigestOf(e.Descriptor), e.Picture)
			if err != nil || typ != "image/jpeg" {
				t.Errorf("sent: %q, %v", typ, err)
			}
			news[i] = !known
		})
	}
	wg.Wait()
	if i := slices.Index(news, true); i < 0 || slices.Contains(news[i+1:], true) {
		t.Errorf("it was new to %v; one is the first", news)
	}
}

// TestPicturesTakeTurns has one manufacturer send more large pictures than may wait.
// Another one's does not wait for all of them.
func TestPicturesTakeTurns(t *testing.T) {
	w := labeltest.New(t, nil)
	const sent = 24
	var mine []*example.Example
	for i := range sent {
		var b bytes.Buffer
		must(t, jpeg.Encode(&b, image.NewGray(image.Rect(0, 0, label.MaxPictureSide, label.MaxPictureSide-i)), nil))
		e := w.Example("plug")
		labeltest.Variant(t, e, i+1)
		e.Device.Picture, e.Picture = label.DigestOf(b.Bytes()), b.Bytes()
		var err error
		e.Descriptor, err = e.Device.Canonical()
		must(t, err)
		_, _, err = w.Authority.Register(ctx, w.Caller(labeltest.Maker), e.Descriptor)
		must(t, err)
		mine = append(mine, e)
	}
	toy := showing(t, w, "toy", photo(t, 300, 200))
	var wg sync.WaitGroup
	var accepted, busy atomic.Int64
	for _, e := range mine {
		wg.Go(func() {
			_, _, err := w.Authority.AddPicture(ctx, w.Caller(labeltest.Maker), label.DigestOf(e.Descriptor), e.Picture)
			if label.ReasonOf(err) == label.ReasonBusy && label.KindOf(err) == label.Unavailable {
				busy.Add(1)
			} else if err != nil {
				t.Errorf("sent with others: %v", err)
			} else {
				accepted.Add(1)
			}
		})
	}
	for busy.Load() == 0 { // as many wait as may
		time.Sleep(time.Millisecond)
	}
	_, _, err := w.Authority.AddPicture(ctx, w.Caller(labeltest.ToyMaker), label.DigestOf(toy.Descriptor), toy.Picture)
	before := accepted.Load()
	must(t, err)
	wg.Wait()
	t.Logf("%d were accepted, %d before that of the other, %d refused", accepted.Load(), before, busy.Load())
	if accepted.Load()+busy.Load() != sent || accepted.Load() < 10 || before > accepted.Load()/2 {
		t.Error("the other waited for most of them, or too many were refused")
	}
}

func TestPictureRefuses(t *testing.T) {
	w := labeltest.New(t, nil)
	camera := w.Example("camera")
	w.Submit(camera)
	text, large, narrow := bytes.Repeat([]byte("words "), 100), bytes.Repeat([]byte{0xff, 0xd8}, label.MaxPicture/2+1), photo(t, 63, 64)
	half := camera.Picture[:len(camera.Picture)/2]
	maker := w.Caller(labeltest.Maker)
	for name, c := range map[string]struct {
		by     authority.Caller
		of     *example.Example
		file   []byte
		kind   label.Kind
		reason label.Reason
		says   string
	}{
		"nobody":               {authority.Caller{}, camera, camera.Picture, label.Unauthenticated, label.ReasonToken, "caller token"},
		"a lab":                {w.Caller(labeltest.Lab), camera, camera.Picture, label.Denied, label.ReasonWrongRole, "manufacturer"},
		"another manufacturer": {w.Caller(labeltest.ToyMaker), camera, camera.Picture, label.Denied, label.ReasonNotYours, `of manufacturer "northlight"`},
		"unknown device":       {maker, w.Example("plug"), w.Example("plug").Picture, label.NotFound, label.ReasonUnknownSubject, "labelctl device register"},
		"another picture":      {maker, camera, w.Example("plug").Picture, label.Invalid, label.ReasonWrongPicture, label.DigestOf(camera.Picture).String()},
		"picture cut off":      {maker, camera, half, label.Invalid, label.ReasonWrongPicture, label.DigestOf(half).String()},
		"no picture named":     {maker, showing(t, w, "camera", nil), camera.Picture, label.Precondition, label.ReasonUnknownPicture, "names no picture"},
		"named, and too large": {maker, showing(t, w, "camera", large), large, label.TooLarge, label.ReasonTooLarge, "262146 bytes"},
		"named, and text":      {maker, showing(t, w, "camera", text), text, label.Invalid, label.ReasonUnknownType, "neither PNG nor JPEG"},
		"named, and cut off":   {maker, showing(t, w, "camera", half), half, label.Invalid, label.ReasonMalformed, "to its end"},
		"named, and too small": {maker, showing(t, w, "camera", narrow), narrow, label.Invalid, label.ReasonOutOfRange, "63 by 64"},
	} {
		t.Run(name, func(t *testing.T) {
			_, _, err := w.Authority.AddPicture(ctx, c.by, label.DigestOf(c.of.Descriptor), c.file)
			wants(t, err, c.kind, c.reason)
			if !strings.Contains(err.Error(), c.says) {
				t.Errorf("refused with %q, want %q", err, c.says)
			}
			_, _, err = w.Authority.Picture(label.DigestOf(c.file))
			wants(t, err, label.NotFound, label.ReasonUnknownPicture)
		})
	}
	if _, _, err := w.Authority.AddPicture(ctx, w.Caller(labeltest.Operator), label.DigestOf(camera.Descriptor), camera.Picture); err != nil {
		t.Errorf("an operator, who may register for a manufacturer, sends its picture: %v", err)
	}
}

// TestPictureTamperedWith changes a stored picture, and puts one in that no
// descriptor names. The check finds both, and what was changed is not served.
func TestPictureTamperedWith(t *testing.T) {
	w := labeltest.New(t, nil)
	e := w.Example("camera")
	w.Issue(e, 3)
	w.Picture(e)
	good, err := os.ReadFile(store.Path(w.Dir))
	must(t, err)
	digest, other := label.DigestOf(e.Picture), photo(t, 200, 200)
	for name, c := range map[string]struct {
		key  label.Digest
		file []byte
		says string
	}{
		"changed": {digest, w.Example("plug").Picture, "picture " + digest.String() + ": the file has another digest"},
		"added":   {label.DigestOf(other), other, "picture " + label.DigestOf(other).String() + ": no device names it"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			must(t, os.WriteFile(store.Path(dir), good, 0o600))
			db, err := bolt.Open(store.Path(dir), 0o600, nil)
			must(t, err)
			err = db.Update(func(tx *bolt.Tx) error { return tx.Bucket([]byte("pictures")).Put(c.key[:], c.file) })
			must(t, errors.Join(err, db.Close()))
			s, err := store.Open(dir)
			must(t, err)
			defer s.Close()
			var problems []string
			must(t, authority.Check(context.Background(), s, w.Trust, w.Programme, labeltest.Problems(func(p string) { problems = append(problems, p) })))
			if len(problems) != 1 || problems[0] != c.says {
				t.Errorf("the check says %q, want %q", problems, c.says)
			}
			if name == "added" {
				return
			}
			var log bytes.Buffer
			a, err := authority.New(authority.Config{Store: s, Programme: w.Programme, Issuer: w.Issuer, Trust: w.Trust, Clock: w.Clock.Now, Log: slog.New(slog.NewTextHandler(&log, nil))})
			must(t, err)
			defer a.Close()
			file, _, err := a.Picture(digest)
			wants(t, err, label.Internal, label.ReasonInternal)
			if file != nil || !strings.Contains(log.String(), digest.String()) {
				t.Errorf("it gave %d bytes, the log says %q", len(file), log.String())
			}
		})
	}
}

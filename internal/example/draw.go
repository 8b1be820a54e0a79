//go:build ignore

// Draw draws the pictures of the examples into labels/examples:
//
//	go run internal/example/draw.go
//
// A picture is a stack of rounded boxes, of which an ellipse is the roundest, on
// a square of 480. Descriptors name their pictures by digest: after a change, so
// must they.
package main

import (
	"bytes"
	"image"
	"image/color"
	"image/png"
	"log"
	"math"
	"os"
)

const (
	side   = 480
	sample = 4 // in each direction, for smooth edges
)

// A shape is a box with round corners: centre, half of width and height, radii
// of the corners, and degrees by which it is turned about its centre.
type shape struct {
	x, y, w, h, rx, ry, turned float64
	colour                     uint32 // 0xRRGGBB
}

func oval(x, y, rx, ry float64, colour uint32) shape { return shape{x, y, rx, ry, rx, ry, 0, colour} }

func box(x, y, w, h, r float64, colour uint32) shape { return shape{x, y, w, h, r, r, 0, colour} }

func (s shape) turn(degrees float64) shape { s.turned = degrees; return s }

func (s shape) has(x, y float64) bool {
	sin, cos := math.Sincos(-s.turned * math.Pi / 180)
	dx, dy := x-s.x, y-s.y
	dx, dy = math.Abs(dx*cos-dy*sin), math.Abs(dx*sin+dy*cos)
	if dx > s.w || dy > s.h {
		return false
	}
	cx, cy := dx-(s.w-s.rx), dy-(s.h-s.ry) // into the corner
	return cx <= 0 || cy <= 0 || cx*cx/(s.rx*s.rx)+cy*cy/(s.ry*s.ry) <= 1
}

const (
	white, pale, grey = 0xFFFFFF, 0xE8EDF2, 0xB4BFCB
	dark, black, glow = 0x3A4654, 0x1C232B, 0x34B36A
	fur, snout, cloth = 0xB98252, 0xE9CFA9, 0xD9534A
	sky, mint, cream  = 0xCFE3F5, 0xD8EFE0, 0xFBEBD3
)

var pictures = map[string][]shape{
	"camera": {
		box(240, 240, 240, 240, 0, sky),
		box(84, 210, 26, 92, 18, grey), box(84, 210, 18, 84, 12, pale), // plate on the wall
		box(140, 214, 52, 15, 15, grey).turn(-8), oval(182, 208, 26, 26, grey), // arm
		box(290, 210, 150, 82, 70, pale).turn(6), box(290, 204, 150, 76, 66, white).turn(6), // body
		oval(370, 218, 66, 66, dark), oval(370, 218, 54, 54, black), // lens
		oval(370, 218, 30, 30, 0x27415E), oval(370, 218, 14, 14, black), oval(352, 200, 10, 10, sky),
		oval(262, 250, 8, 8, glow),                                                   // in operation
		box(200, 196, 30, 5, 5, grey).turn(6), box(198, 212, 22, 5, 5, grey).turn(6), // a vent
	},
	"plug": {
		box(240, 240, 240, 240, 0, mint),
		box(240, 252, 146, 158, 62, grey), box(240, 240, 146, 158, 62, white), // housing
		oval(240, 232, 104, 104, pale), oval(240, 232, 92, 92, grey), oval(240, 236, 88, 88, pale), // socket
		oval(202, 234, 15, 15, black), oval(278, 234, 15, 15, black),
		box(240, 150, 12, 14, 6, grey), box(240, 318, 12, 14, 6, grey), // earth
		oval(240, 368, 17, 17, glow), oval(240, 368, 10, 10, white), box(240, 356, 4, 12, 4, glow), // switch
	},
	"toy": {
		box(240, 240, 240, 240, 0, cream),
		oval(150, 392, 54, 44, fur), oval(330, 392, 54, 44, fur), oval(150, 398, 30, 24, snout), oval(330, 398, 30, 24, snout), // feet
		box(128, 312, 34, 66, 34, fur).turn(28), box(352, 312, 34, 66, 34, fur).turn(-28), // arms
		oval(240, 342, 104, 96, fur), oval(240, 352, 66, 64, snout), // belly
		oval(164, 92, 44, 44, fur), oval(316, 92, 44, 44, fur), oval(164, 94, 24, 24, snout), oval(316, 94, 24, 24, snout), // ears
		oval(240, 168, 122, 106, fur), oval(240, 208, 56, 44, snout), // head
		oval(194, 152, 13, 15, black), oval(286, 152, 13, 15, black), oval(198, 147, 4, 4, white), oval(290, 147, 4, 4, white), // eyes
		oval(240, 188, 18, 13, black), box(240, 212, 3, 14, 3, black), box(240, 228, 20, 4, 4, black), // nose and mouth
		box(204, 272, 40, 20, 14, cloth).turn(16), box(276, 272, 40, 20, 14, cloth).turn(-16), oval(240, 272, 17, 17, 0xB23C34), // bow
		oval(240, 356, 24, 24, grey), oval(240, 356, 19, 19, dark), // loudspeaker
		oval(232, 348, 3, 3, pale), oval(248, 348, 3, 3, pale), oval(240, 356, 3, 3, pale), oval(232, 364, 3, 3, pale), oval(248, 364, 3, 3, pale),
	},
}

// at mixes the colours that a pixel has parts of.
func at(shapes []shape, px, py int) color.RGBA {
	var sum [3]int
	for i := range sample * sample {
		x := float64(px) + (float64(i%sample)+0.5)/sample
		y := float64(py) + (float64(i/sample)+0.5)/sample
		for j := len(shapes) - 1; j >= 0; j-- { // the topmost
			if shapes[j].has(x, y) {
				for k := range sum {
					sum[k] += int(shapes[j].colour >> (16 - 8*k) & 0xFF)
				}
				break
			}
		}
	}
	coarse := func(n int) uint8 { return uint8(min(255, (n/(sample*sample)+8)/17*17)) } // so that a palette has room for all
	return color.RGBA{coarse(sum[0]), coarse(sum[1]), coarse(sum[2]), 255}
}

func main() {
	for name, shapes := range pictures {
		var palette color.Palette
		index := map[color.RGBA]uint8{}
		m := image.NewPaletted(image.Rect(0, 0, side, side), nil)
		for i := range m.Pix {
			c := at(shapes, i%side, i/side)
			if _, ok := index[c]; !ok {
				index[c] = uint8(len(palette))
				palette = append(palette, c)
			}
			m.Pix[i] = index[c]
		}
		if m.Palette = palette; len(palette) > 256 {
			log.Fatalf("%s has %d colours", name, len(palette))
		}
		var b bytes.Buffer
		enc := png.Encoder{CompressionLevel: png.BestCompression}
		if err := enc.Encode(&b, m); err != nil {
			log.Fatal(err)
		}
		if err := os.WriteFile("labels/examples/"+name+"/picture.png", b.Bytes(), 0o644); err != nil {
			log.Fatal(err)
		}
	}
}

package store

import "fmt"

// A DrawnBucket is a bucket as the package comment draws it.
type DrawnBucket struct{ Name, Key, Value, Note string }

// Drawn returns the buckets of the schema in the order of the table.
func Drawn() (list []DrawnBucket) {
	for _, p := range schema() {
		for _, b := range p.buckets {
			list = append(list, DrawnBucket{string(b.name), b.key, b.value, b.note})
		}
	}
	return list
}

// String is the line in the package comment.
func (b DrawnBucket) String() string {
	says := b.Value
	if b.Key != "" {
		says = b.Key + " = " + b.Value
	}
	line := fmt.Sprintf("%-14s  %s", b.Name, says)
	if b.Note != "" {
		line = fmt.Sprintf("%-14s  %-43s  %s", b.Name, says, b.Note)
	}
	return line
}

// WriteTypes returns the types of writes that there are, as %T names them.
func WriteTypes() (list []string) {
	for _, k := range kinds {
		list = append(list, k.of.String())
	}
	return list
}

package daemon

import (
	"os"
	"reflect"
	"unsafe"
)

// BreakHeadFile closes the head file under the store, as a disk that goes away.
func (d *Daemon) BreakHeadFile() {
	file := reflect.ValueOf(d.store).Elem().FieldByName("heads").Elem().FieldByName("file")
	_ = (*(**os.File)(unsafe.Pointer(file.UnsafeAddr()))).Close()
}
